#include <charconv>

#include "io/network.h"

namespace distributary {

std::string to_string(const Address& address) {
  bool v6 = address.host.find(':') != std::string::npos;
  std::string host = v6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

namespace {

Result<uint16_t> parse_port(std::string_view digits, std::string_view whole) {
  uint16_t port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return fail(ErrorCode::invalid_argument, "address '" + std::string(whole) + "': the port must be 0 to 65535");
  }
  return port;
}

}  // namespace

Result<Address> parse_address(std::string_view text, uint16_t default_port) {
  std::string_view host = text;
  std::string_view rest;  // ":port" or nothing
  if (text.starts_with('[')) {
    size_t close = text.find(']');
    if (close == std::string_view::npos) {
      return fail(ErrorCode::invalid_argument, "address '" + std::string(text) + "': ']' is missing");
    }
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') {
      return fail(ErrorCode::invalid_argument, "address '" + std::string(text) + "': expected [v6]:port");
    }
  } else if (size_t colon = text.find(':'); colon != std::string_view::npos) {
    bool bare_v6 = text.find(':', colon + 1) != std::string_view::npos;
    if (!bare_v6) {
      host = text.substr(0, colon);
      rest = text.substr(colon);
    }
  }
  if (host.empty())
    return fail(ErrorCode::invalid_argument, "address '" + std::string(text) + "': the host is missing");
  Address address{std::string(host), default_port};
  if (!rest.empty()) {
    TRY(address.port, parse_port(rest.substr(1), text));
  }
  return address;
}

}  // namespace distributary
