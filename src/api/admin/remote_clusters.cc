#include "api/admin/remote_clusters.h"

#include "api/admin/envelope.h"
#include "api/admin/http_client.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kAuthorizationBytesMax = 1024;

std::string base64(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (i + k < text.size() ? static_cast<uint8_t>(text[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) {
      bool padding = i + k > text.size();
      out.push_back(padding ? '=' : kBase64[bits >> (18 - 6 * k) & 63]);
    }
  }
  return out;
}

std::optional<std::string> unbase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    size_t value = kBase64.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return out;
}

HttpRequest to_request(const std::vector<std::string>& words, const Arguments::Pairs& options, const std::string& user,
                       bool forwarded) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/rest";
  for (const std::string& word : words) request.target += "/" + percent_encode(word, false);
  request.fields = {{"Authorization", basic_authorization(user)},
                    {"Content-Type", "application/x-www-form-urlencoded"}};
  if (forwarded) request.fields.emplace_back(kForwardedField, "true");
  request.body = encode_form(options);
  return request;
}

}  // namespace

std::string basic_authorization(std::string_view user) { return "Basic " + base64(std::string(user) + ":"); }

Result<std::string> basic_user(std::string_view field) {
  if (field.empty()) return std::string();
  auto wrong = [](const char* why) {
    return fail(ErrorCode::unauthenticated, std::string("the Authorization field ") + why);
  };
  if (!field.starts_with("Basic ") || field.size() > kAuthorizationBytesMax) return wrong("is not of the kind Basic");
  auto text = unbase64(field.substr(6));
  if (!text || text->find(':') == std::string::npos) return wrong("does not hold <user>:<password> in base 64");
  std::string user = text->substr(0, text->find(':'));
  if (!is_principal_name(user)) return wrong("names a user with characters that a user name cannot have");
  return user;
}

Task<Result<Records>> RemoteClusters::call(std::string cluster, std::vector<std::string> words,
                                           Arguments::Pairs options, std::string user, bool forwarded,
                                           std::stop_token stop) {
  CO_TRY(const ClusterEntry* entry, map_.require(cluster));
  if (entry->secure && !identity_) {
    co_return fail(ErrorCode::unauthenticated,
                   "cluster " + quoted(cluster) +
                       " is secure and there is no identity to show it; name its directory with -identity");
  }
  if (entry->secure && entry->root_fingerprint.empty()) {
    co_return fail(ErrorCode::unauthenticated,
                   "cluster " + quoted(cluster) + " is secure and its line in " + map_.source() + " has no root=");
  }
  const TlsIdentity* identity = entry->secure ? identity_ : nullptr;
  std::vector<Address> addresses = entry->admin_addresses();
  Duration share = kClusterConnectLimit / static_cast<int64_t>(addresses.size());
  std::string tried;
  for (const Address& address : addresses) {
    HttpClient client(world_, address, identity, entry->root_fingerprint);
    Status connected = co_await client.connect(world_.clock().now() + share, stop);
    if (!connected && connected.error().code == ErrorCode::cancelled) co_return fail(connected.error());
    if (!connected) {
      tried += (tried.empty() ? "" : "; ") + connected.error().message;
      continue;
    }
    HttpRequest request = to_request(words, options, user, forwarded);
    SteadyTime deadline = world_.clock().now() + kHttpAnswerLimit;
    auto response = co_await client.send(std::move(request), deadline, stop);
    std::string whom = "cluster " + quoted(cluster) + " at " + to_string(address);
    if (!response) co_return fail(ErrorCode::unavailable, whom + " did not answer: " + response.error().message);
    std::string name;
    for (const std::string& word : words) name += (name.empty() ? "" : " ") + word;
    auto answer = parse_envelope(response->body, name);
    if (!answer && answer.error().code == ErrorCode::corrupt) co_return fail(answer.error().context(whom));
    co_return answer;
  }
  co_return fail(ErrorCode::unavailable, "cluster " + quoted(cluster) + " cannot be reached: " + tried);
}

}  // namespace distributary::admin
