#include <gtest/gtest.h>

#include "wire/http/http_message.h"
#include "wire/http/http_parser.h"

namespace distributary {
namespace {

TEST(HttpMessage, PercentEncodingComesBack) {
  std::string text = "/apps/a b:clicks+100%&x=ü";
  EXPECT_EQ(percent_encode("/a b", false), "%2Fa%20b");
  EXPECT_EQ(percent_encode("/a b", true), "/a%20b");
  EXPECT_EQ(percent_decode(percent_encode(text, false), true).value(), text);
  EXPECT_FALSE(percent_decode("%2", false));
  EXPECT_FALSE(percent_decode("%zz", false));
}

TEST(HttpMessage, TargetSplitsIntoPathAndParameters) {
  auto target = parse_target("/rest/stream/info?path=%2Fmapr%2Fa%2Fs&flag&x=a+b#part");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/rest/stream/info");
  std::vector<std::pair<std::string, std::string>> expected{{"path", "/mapr/a/s"}, {"flag", ""}, {"x", "a b"}};
  EXPECT_EQ(target->parameters, expected);
  EXPECT_EQ(parse_form(encode_form(expected)).value(), expected);
}

TEST(HttpMessage, LimitsTheNumberOfParameters) {
  std::string query = "/?";
  for (size_t i = 0; i <= kHttpParametersMax; ++i) query += "a=1&";
  ASSERT_FALSE(parse_target(query));
  EXPECT_EQ(parse_target(query).error().code, ErrorCode::too_large);
}

TEST(HttpMessage, FieldsCannotSmuggleLines) {
  HttpResponse response;
  response.fields = {{"X-Name", "a\r\nSet-Cookie: b"}};
  EXPECT_EQ(serialize(response).find("\r\nSet-Cookie"), std::string::npos);
}

HttpRequest sample_request() {
  HttpRequest request;
  request.method = "POST";
  request.target = "/rest/stream/create?path=%2Fa";
  request.fields = {{"Authorization", "Basic xyz"}};
  request.body = "hello";
  return request;
}

TEST(HttpParser, RequestByteByByte) {
  std::string bytes = serialize(sample_request(), "node:7222");
  HttpRequestParser parser;
  EXPECT_FALSE(parser.started());
  for (size_t i = 0; i < bytes.size(); ++i) {
    ASSERT_FALSE(parser.done()) << i;
    auto used = parser.feed(as_bytes(bytes).subspan(i, 1));
    ASSERT_TRUE(used) << used.error().message;
    ASSERT_EQ(*used, 1u);
    EXPECT_TRUE(parser.started());
  }
  ASSERT_TRUE(parser.done());
  HttpRequest request = parser.take();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/rest/stream/create?path=%2Fa");
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(find_field(request.fields, "authorization"), "Basic xyz");
  EXPECT_EQ(find_field(request.fields, "host"), "node:7222");
  EXPECT_TRUE(request.keep_alive);
  EXPECT_FALSE(parser.started());
}

TEST(HttpParser, PipelinedRequestsComeOneByOne) {
  HttpRequest second = sample_request();
  second.method = "GET";
  second.body = "";
  second.keep_alive = false;
  std::string bytes = serialize(sample_request(), "h") + serialize(second, "h");
  HttpRequestParser parser;
  auto used = parser.feed(as_bytes(bytes));
  ASSERT_TRUE(used);
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.take().body, "hello");
  auto rest = parser.feed(as_bytes(bytes).subspan(*used));
  ASSERT_TRUE(rest);
  EXPECT_EQ(*used + *rest, bytes.size());
  ASSERT_TRUE(parser.done());
  HttpRequest last = parser.take();
  EXPECT_EQ(last.method, "GET");
  EXPECT_FALSE(last.keep_alive);
}

TEST(HttpParser, ResponseRoundTrip) {
  HttpResponse response;
  response.status = 404;
  response.fields = {{"Content-Type", "application/json"}};
  response.body = std::string(100'000, 'x');
  std::string bytes = serialize(response);
  HttpResponseParser parser;
  for (size_t at = 0; at < bytes.size();) {
    size_t length = std::min<size_t>(7000, bytes.size() - at);
    auto used = parser.feed(as_bytes(bytes).subspan(at, length));
    ASSERT_TRUE(used) << used.error().message;
    at += *used;
  }
  ASSERT_TRUE(parser.done());
  HttpResponse back = parser.take();
  EXPECT_EQ(back.status, 404);
  EXPECT_EQ(back.body, response.body);
  EXPECT_EQ(find_field(back.fields, "content-type"), "application/json");
}

TEST(HttpParser, ResponseWithoutLengthEndsWithTheConnection) {
  HttpResponseParser parser;
  ASSERT_TRUE(parser.feed(as_bytes("HTTP/1.1 200 OK\r\n\r\nabc")));
  EXPECT_FALSE(parser.done());
  EXPECT_TRUE(parser.finish());
  ASSERT_TRUE(parser.done());
  EXPECT_EQ(parser.take().body, "abc");
  HttpResponseParser cut;
  ASSERT_TRUE(cut.feed(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")));
  EXPECT_EQ(cut.finish().error().code, ErrorCode::closed);
  HttpResponseParser silent;
  EXPECT_EQ(silent.finish().error().code, ErrorCode::closed);
}

TEST(HttpParser, LimitsAndGarbage) {
  HttpRequestParser header;
  std::string long_header = "GET / HTTP/1.1\r\nX: " + std::string(kHttpHeaderBytesMax, 'a') + "\r\n\r\n";
  auto refused = header.feed(as_bytes(long_header));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  HttpRequestParser body;
  std::string long_body = "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(kHttpBodyBytesMax + 1) + "\r\n\r\nx";
  refused = body.feed(as_bytes(long_body));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  HttpRequestParser garbage;
  refused = garbage.feed(as_bytes("\x16\x03\x01\x02 not http\r\n\r\n"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace distributary
