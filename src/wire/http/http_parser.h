// Incremental parsing of HTTP/1.1 messages: bytes go in as they come, a message comes out. No input and output here.
//
// One parser per direction of a connection; `take` makes it ready for the next message. Threads: one at a time.
// Errors: invalid_argument (not HTTP, or HTTP that we refuse), too_large (a limit of http_message.h). After an error
// the connection is of no use.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "wire/http/http_message.h"

namespace distributary {

class HttpRequestParser {
 public:
  HttpRequestParser();
  ~HttpRequestParser();
  // Takes what belongs to the present message and gives the number of bytes taken; what is left belongs to the next
  // one.
  Result<size_t> feed(ByteView input);
  bool done() const;     // a whole message is there
  bool started() const;  // bytes of a message have come
  HttpRequest take();    // CHECKs done()

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

class HttpResponseParser {
 public:
  HttpResponseParser();
  ~HttpResponseParser();
  Result<size_t> feed(ByteView input);
  // The other side has ended the connection: completes a message without a length, else an error.
  Status finish();
  bool done() const;
  HttpResponse take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace distributary
