// HTTP from outside: messages in two pieces, targets and forms; and what is parsed prints as what it was.
#include <algorithm>

#include "base/bytes.h"
#include "base/check.h"
#include "wire/http/http_message.h"
#include "wire/http/http_parser.h"

using namespace distributary;

namespace {

template <class Parser>
void feed_in_two(ByteView input) {
  size_t cut = input.empty() ? 0 : input[0] % input.size();
  Parser parser;
  for (ByteView piece : {input.first(cut), input.subspan(cut)}) {
    if (parser.done()) break;
    auto used = parser.feed(piece);
    if (!used) return;
    CHECK(*used <= piece.size());
    CHECK(parser.done() || *used == piece.size());
  }
  if (parser.done()) CHECK(parser.take().body.size() <= kHttpBodyBytesMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteView input{data, size};
  feed_in_two<HttpRequestParser>(input);
  feed_in_two<HttpResponseParser>(input);
  if (auto target = parse_target(as_text(input))) {
    auto again = parse_form(encode_form(target->parameters));
    CHECK(again && again->size() <= target->parameters.size());
  }
  return 0;
}
