#include "wire/http/http_parser.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/check.h"

namespace distributary {
namespace {

namespace http = boost::beast::http;

Error to_error(const boost::beast::error_code& error) {
  if (error == http::error::header_limit) {
    return Error{ErrorCode::too_large,
                 "the HTTP header is longer than " + std::to_string(kHttpHeaderBytesMax) + " bytes"};
  }
  if (error == http::error::body_limit) {
    return Error{ErrorCode::too_large, "the HTTP body is longer than " + std::to_string(kHttpBodyBytesMax) + " bytes"};
  }
  return Error{ErrorCode::invalid_argument, "not a valid HTTP message: " + error.message()};
}

// Beast's parser wants the whole header in one buffer: what it does not take yet is kept here and offered again.
template <bool isRequest>
class Machine {
 public:
  Machine() { reset(); }

  Result<size_t> feed(ByteView input) {
    size_t held = pending_.size();
    pending_.append(as_text(input));
    size_t taken = 0;
    while (taken < pending_.size() && !parser_->is_done()) {
      boost::beast::error_code error;
      size_t used = parser_->put(boost::asio::buffer(pending_.data() + taken, pending_.size() - taken), error);
      taken += used;
      if (error == http::error::need_more) break;
      if (error) return fail(to_error(error));
      if (used == 0) break;
    }
    if (parser_->is_done()) {
      CHECK(taken >= held);
      pending_.clear();
      return taken - held;
    }
    pending_.erase(0, taken);
    if (pending_.size() > kHttpHeaderBytesMax + kHttpBodyBytesMax)
      return fail(ErrorCode::too_large, "the HTTP message is too long");
    return input.size();
  }

  Status finish() {
    boost::beast::error_code error;
    if (!parser_->got_some() && pending_.empty())
      return fail(ErrorCode::closed, "the other side closed the connection without an answer");
    parser_->put_eof(error);
    if (error) return fail(ErrorCode::closed, "the other side closed the connection in the middle of a message");
    return {};
  }

  bool done() const { return parser_->is_done(); }
  bool started() const { return parser_->got_some() || !pending_.empty(); }
  auto release() {
    CHECK(parser_->is_done());
    auto message = parser_->release();
    reset();
    return message;
  }

 private:
  void reset() {
    parser_.emplace();
    parser_->eager(true);
    parser_->header_limit(static_cast<uint32_t>(kHttpHeaderBytesMax));
    parser_->body_limit(kHttpBodyBytesMax);
    pending_.clear();
  }
  std::optional<http::parser<isRequest, http::string_body>> parser_;
  std::string pending_;
};

template <class Fields>
HttpFields copy_fields(const Fields& fields) {
  HttpFields copied;
  for (const auto& field : fields) copied.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return copied;
}

}  // namespace

class HttpRequestParser::Impl : public Machine<true> {};
HttpRequestParser::HttpRequestParser() : impl_(std::make_unique<Impl>()) {}
HttpRequestParser::~HttpRequestParser() = default;
Result<size_t> HttpRequestParser::feed(ByteView input) { return impl_->feed(input); }
bool HttpRequestParser::done() const { return impl_->done(); }
bool HttpRequestParser::started() const { return impl_->started(); }
HttpRequest HttpRequestParser::take() {
  auto message = impl_->release();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.fields = copy_fields(message);
  request.keep_alive = message.keep_alive();
  request.body = std::move(message.body());
  return request;
}

class HttpResponseParser::Impl : public Machine<false> {};
HttpResponseParser::HttpResponseParser() : impl_(std::make_unique<Impl>()) {}
HttpResponseParser::~HttpResponseParser() = default;
Result<size_t> HttpResponseParser::feed(ByteView input) { return impl_->feed(input); }
Status HttpResponseParser::finish() { return impl_->finish(); }
bool HttpResponseParser::done() const { return impl_->done(); }
HttpResponse HttpResponseParser::take() {
  auto message = impl_->release();
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  response.fields = copy_fields(message);
  response.keep_alive = message.keep_alive();
  response.body = std::move(message.body());
  return response;
}

}  // namespace distributary
