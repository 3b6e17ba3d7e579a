#include "broker/quota_table.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "model/printable.h"

namespace distributary {
namespace {

constexpr std::string_view kQuotaPrefix = "quota/";
constexpr char kBetween = '\x1f';  // no name has it: names are printable
constexpr size_t kQuotasPerScan = 1'000;
constexpr std::array<std::string_view, kQuotaKeys> kKeys{"producer_byte_rate", "consumer_byte_rate",
                                                         "connection_creation_rate"};
constexpr std::array<std::string_view, kQuotaEntityTypes> kTypes{"user", "client-id", "ip"};

std::optional<QuotaKey> parse_key(std::string_view text) {
  for (size_t i = 0; i < kQuotaKeys; ++i) {
    if (kKeys[i] == text) return static_cast<QuotaKey>(i);
  }
  return std::nullopt;
}

bool is_of_address(QuotaKey key) { return key == QuotaKey::connection_creation_rate; }

// quota/user=alice<0x1f>client-id*
std::string stored_key(const QuotaEntity& entity) {
  std::string out(kQuotaPrefix);
  for (size_t i = 0; i < kQuotaEntityTypes; ++i) {
    if (!entity.names[i]) continue;
    if (out.size() > kQuotaPrefix.size()) out += kBetween;
    out += kTypes[i];
    out += entity.names[i]->empty() ? "*" : "=" + *entity.names[i];
  }
  return out;
}

std::string stored_value(const QuotaLimits& limits) {
  std::string out;
  for (const auto& [key, limit] : limits) out += fmt::format("{}={}\n", to_string(key), limit);
  return out;
}

Error damaged(std::string_view stored) {
  return {ErrorCode::corrupt, fmt::format("the stored quota {} is damaged", quoted(stored))};
}

// Calls `part` with every piece of `text`.
template <class Part>
bool split(std::string_view text, char between, Part part) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(between), text.size());
    if (!part(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

Result<QuotaEntity> parse_entity(std::string_view stored) {
  QuotaEntity entity;
  const bool good = split(stored.substr(kQuotaPrefix.size()), kBetween, [&](std::string_view part) {
    const size_t mark = part.find_first_of("=*");
    std::optional<QuotaEntityType> type = parse_quota_entity_type(part.substr(0, mark));
    if (!type || mark == std::string_view::npos) return false;
    entity[*type] = std::string(part.substr(mark + 1));
    return (part[mark] == '*') == entity[*type]->empty();
  });
  if (!good || entity == QuotaEntity{}) return fail(damaged(stored));
  return entity;
}

Result<QuotaLimits> parse_limits(std::string_view stored) {
  QuotaLimits limits;
  const bool good = split(stored, '\n', [&](std::string_view line) {
    const size_t mark = line.find('=');
    std::optional<QuotaKey> key = parse_key(line.substr(0, mark));
    if (!key || mark == std::string_view::npos) return false;
    double value = 0;
    const char* end = line.data() + line.size();
    auto [at, error] = std::from_chars(line.data() + mark + 1, end, value);
    if (error != std::errc() || at != end || !(value > 0)) return false;
    limits[*key] = value;
    return true;
  });
  if (!good || limits.empty()) return fail(damaged(stored));
  return limits;
}

Error invalid_quota(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Status check_entity(const QuotaEntity& entity) {
  if (entity == QuotaEntity{}) return fail(invalid_quota("a quota is of a user, a client-id or an ip; none is given"));
  const bool of_client = entity[QuotaEntityType::user] || entity[QuotaEntityType::client_id];
  if (entity[QuotaEntityType::ip] && of_client) {
    return fail(invalid_quota("a quota of an ip cannot be of a user or client-id as well"));
  }
  for (size_t i = 0; i < kQuotaEntityTypes; ++i) {
    if (!entity.names[i]) continue;
    if (entity.names[i]->size() > kQuotaNameBytesMax) {
      return fail(invalid_quota(fmt::format("the {} of a quota has at most {} bytes", kTypes[i], kQuotaNameBytesMax)));
    }
    if (!is_printable(*entity.names[i])) {
      return fail(invalid_quota(
          fmt::format("the {} {} of a quota is not printable text", kTypes[i], quoted(*entity.names[i]))));
    }
  }
  return {};
}

Status apply(const QuotaEntity& entity, const QuotaChange& change, QuotaLimits& limits) {
  std::optional<QuotaKey> key = parse_key(change.key);
  if (!key) {
    return fail(
        invalid_quota(fmt::format("the quota {} is not enforced here; producer_byte_rate and consumer_byte_rate of "
                                  "users and client-ids are, and connection_creation_rate of ips",
                                  quoted(change.key))));
  }
  if (is_of_address(*key) != entity[QuotaEntityType::ip].has_value()) {
    return fail(invalid_quota(fmt::format("the quota {} is of {}, not of {}", change.key,
                                          is_of_address(*key) ? "an ip" : "a user or client-id", to_string(entity))));
  }
  if (!change.value) {
    limits.erase(*key);
    return {};
  }
  if (!std::isfinite(*change.value) || *change.value <= 0) {
    return fail(invalid_quota(fmt::format("the quota {} must be greater than 0; to have none, remove it", change.key)));
  }
  if (*change.value > 9e15 || std::floor(*change.value) != *change.value) {
    return fail(invalid_quota(fmt::format("the quota {} must be a whole number", change.key)));
  }
  limits[*key] = *change.value;
  return {};
}

}  // namespace

std::string_view to_string(QuotaKey key) { return kKeys[static_cast<size_t>(key)]; }
std::string_view to_string(QuotaEntityType type) { return kTypes[static_cast<size_t>(type)]; }

std::optional<QuotaEntityType> parse_quota_entity_type(std::string_view text) {
  for (size_t i = 0; i < kQuotaEntityTypes; ++i) {
    if (kTypes[i] == text) return static_cast<QuotaEntityType>(i);
  }
  return std::nullopt;
}

std::string to_string(const QuotaEntity& entity) {
  std::string out;
  for (size_t i = 0; i < kQuotaEntityTypes; ++i) {
    if (!entity.names[i]) continue;
    if (!out.empty()) out += ", ";
    out += fmt::format("{} {}", kTypes[i], entity.names[i]->empty() ? "default" : quoted(*entity.names[i]));
  }
  return out;
}

Task<Status> QuotaTable::load() {
  if (loaded_) co_return Status{};
  std::map<QuotaEntity, QuotaLimits> read;
  std::string after;
  for (bool more = true; more;) {
    std::string prefix(kQuotaPrefix);
    std::string from = after;
    CO_TRY(std::vector<MetaEntry> entries, co_await meta_.scan(std::move(prefix), std::move(from), kQuotasPerScan));
    for (const MetaEntry& entry : entries) {
      CO_TRY(QuotaEntity entity, parse_entity(entry.key));
      CO_TRY(read[entity], parse_limits(entry.value));
      after = entry.key;
    }
    more = entries.size() == kQuotasPerScan;
  }
  if (loaded_) co_return Status{};  // somebody else was faster, and there may have been a change since
  quotas_ = std::move(read);
  loaded_ = true;
  co_return Status{};
}

Task<Status> QuotaTable::change(QuotaEntity entity, std::vector<QuotaChange> changes, bool validate_only) {
  CO_TRY_STATUS(check_entity(entity));
  auto found = quotas_.find(entity);
  const QuotaLimits before = found == quotas_.end() ? QuotaLimits{} : found->second;
  QuotaLimits limits = before;
  for (const QuotaChange& change : changes) CO_TRY_STATUS(apply(entity, change, limits));
  if (before.empty() && !limits.empty() && quotas_.size() >= kQuotasMax) {
    co_return fail(invalid_quota(fmt::format("{} entities have quotas, which is the limit; remove some", kQuotasMax)));
  }
  if (validate_only || limits == before) co_return Status{};
  MetaBatch batch;
  const std::string key = stored_key(entity);
  batch.require(key, before.empty() ? std::nullopt : std::optional<std::string>(stored_value(before)));
  if (limits.empty()) {
    batch.remove(key);
  } else {
    batch.put(key, stored_value(limits));
  }
  CO_TRY_STATUS(co_await meta_.apply(std::move(batch)));
  if (limits.empty()) {
    quotas_.erase(entity);
  } else {
    quotas_[entity] = std::move(limits);
  }
  co_return Status{};
}

std::optional<double> QuotaTable::limit(const QuotaEntity& entity, QuotaKey key) const {
  auto found = quotas_.find(entity);
  if (found == quotas_.end()) return std::nullopt;
  auto limit = found->second.find(key);
  return limit == found->second.end() ? std::nullopt : std::optional<double>(limit->second);
}

std::optional<QuotaTable::Found> QuotaTable::find(QuotaKey key, const std::string& user,
                                                  const std::string& client_id) const {
  if (quotas_.empty()) return std::nullopt;
  using Name = std::optional<std::string>;
  const std::array<std::pair<Name, Name>, 8> order{{{user, client_id},
                                                    {user, ""},
                                                    {user, std::nullopt},
                                                    {"", client_id},
                                                    {"", ""},
                                                    {"", std::nullopt},
                                                    {std::nullopt, client_id},
                                                    {std::nullopt, ""}}};
  for (const auto& [of_user, of_client] : order) {
    // A client without an id has the default's, which is what its empty name says here.
    std::optional<double> found = limit({{of_user, of_client, std::nullopt}}, key);
    if (found) return Found{*found, of_user.has_value(), of_client.has_value()};
  }
  return std::nullopt;
}

std::optional<double> QuotaTable::find_address(QuotaKey key, const std::string& ip) const {
  if (quotas_.empty()) return std::nullopt;
  std::optional<double> own = limit({{std::nullopt, std::nullopt, ip}}, key);
  return own ? own : limit({{std::nullopt, std::nullopt, ""}}, key);
}

}  // namespace distributary
