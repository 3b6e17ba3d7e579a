// HTTP/1.1 messages as values, and the sizes that we accept.
//
// Pure values and functions; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace distributary {

inline constexpr size_t kHttpHeaderBytesMax = 16u << 10;  // request or status line, and all fields
inline constexpr size_t kHttpBodyBytesMax = 16u << 20;
inline constexpr size_t kHttpParametersMax = 256;  // in one query

using HttpFields = std::vector<std::pair<std::string, std::string>>;
// First value of the field `name` (any case), or empty.
std::string_view find_field(const HttpFields& fields, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  // as sent: percent-encoded path, and a query after '?'
  HttpFields fields;
  std::string body;
  bool keep_alive = true;
};

struct HttpResponse {
  int status = 200;
  HttpFields fields;
  std::string body;
  bool keep_alive = true;
};

// Whole messages, with Host (requests), Content-Length and Connection set.
std::string serialize(const HttpRequest& request, std::string_view host);
std::string serialize(const HttpResponse& response);

// The standard's words for a status code.
std::string_view http_reason(int status);

// Percent-encoding of everything but unreserved characters; also '/' unless `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash);
// '+' means a blank when `plus_is_blank` (queries). A '%' without two hex digits: invalid_argument.
Result<std::string> percent_decode(std::string_view text, bool plus_is_blank);

struct HttpTarget {
  std::string path;                                             // decoded
  std::vector<std::pair<std::string, std::string>> parameters;  // decoded, in order
};
Result<HttpTarget> parse_target(std::string_view target);
// a=1&b=2; used for queries and for bodies of type application/x-www-form-urlencoded.
Result<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text);
std::string encode_form(const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace distributary
