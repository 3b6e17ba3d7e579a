#include "wire/http/http_message.h"

#include <algorithm>

namespace distributary {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// A line break in a field would begin another field.
std::string one_line(std::string_view text) {
  std::string line(text);
  std::erase_if(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  return line;
}

void append_fields(std::string& out, const HttpFields& fields, bool keep_alive, size_t body_bytes) {
  for (const auto& [name, value] : fields) out += one_line(name) + ": " + one_line(value) + "\r\n";
  out += keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  out += "Content-Length: " + std::to_string(body_bytes) + "\r\n\r\n";
}

}  // namespace

std::string_view find_field(const HttpFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (same_name(key, name)) return value;
  }
  return {};
}

std::string serialize(const HttpRequest& request, std::string_view host) {
  std::string out =
      one_line(request.method) + " " + one_line(request.target) + " HTTP/1.1\r\nHost: " + one_line(host) + "\r\n";
  append_fields(out, request.fields, request.keep_alive, request.body.size());
  return out + request.body;
}

std::string serialize(const HttpResponse& response) {
  std::string out =
      "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(http_reason(response.status)) + "\r\n";
  append_fields(out, response.fields, response.keep_alive, response.body.size());
  return out + response.body;
}

std::string_view http_reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Unknown";
  }
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  std::string out;
  for (char c : text) {
    if (unreserved(c) || (c == '/' && keep_slash)) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back("0123456789ABCDEF"[static_cast<uint8_t>(c) >> 4]);
      out.push_back("0123456789ABCDEF"[static_cast<uint8_t>(c) & 15]);
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return fail(ErrorCode::invalid_argument, "a '%' in the address is not followed by two hex digits");
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!text.empty()) {
    size_t end = std::min(text.find('&'), text.size());
    std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    if (parameters.size() == kHttpParametersMax) {
      return fail(ErrorCode::too_large, "more than " + std::to_string(kHttpParametersMax) + " parameters");
    }
    size_t equals = std::min(part.find('='), part.size());
    TRY(std::string name, percent_decode(part.substr(0, equals), true));
    TRY(std::string value, percent_decode(part.substr(std::min(equals + 1, part.size())), true));
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

std::string encode_form(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out.push_back('&');
    out += percent_encode(name, false) + "=" + percent_encode(value, false);
  }
  return out;
}

Result<HttpTarget> parse_target(std::string_view target) {
  target = target.substr(0, target.find('#'));
  size_t question = std::min(target.find('?'), target.size());
  HttpTarget parsed;
  TRY(parsed.path, percent_decode(target.substr(0, question), false));
  TRY(parsed.parameters, parse_form(target.substr(std::min(question + 1, target.size()))));
  return parsed;
}

}  // namespace distributary
