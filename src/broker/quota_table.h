// QuotaTable: the quotas that administrators have set for clients, kept in the cluster's MetaStore. The manual of who
// may have which quota, and which one counts.
//
// An entity is a user, a client id, both, or an IP address; each may be the default, for all that have none of their
// own. The most special one counts, in the order that Kafka has: (user, client id), (user, default), user,
// (default, client id), (default, default), default user, client id, default client id.
//
// A change is durable before it counts. Threads: the executor's. Ownership: ClientQuotas'; the MetaStore outlives it.
#pragma once

#include <array>
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/meta_store.h"

namespace distributary {

inline constexpr size_t kQuotaNameBytesMax = 255;  // of a user, client id or address
inline constexpr size_t kQuotasMax = 10'000;       // entities with quotas

enum class QuotaKey : uint8_t { producer_byte_rate, consumer_byte_rate, connection_creation_rate };
inline constexpr size_t kQuotaKeys = 3;
std::string_view to_string(QuotaKey key);

enum class QuotaEntityType : uint8_t { user, client_id, ip };
inline constexpr size_t kQuotaEntityTypes = 3;
std::string_view to_string(QuotaEntityType type);
std::optional<QuotaEntityType> parse_quota_entity_type(std::string_view text);

struct QuotaEntity {
  // By type. nullopt: not part of it; "": the default.
  std::array<std::optional<std::string>, kQuotaEntityTypes> names;

  std::optional<std::string>& operator[](QuotaEntityType type) { return names[static_cast<size_t>(type)]; }
  const std::optional<std::string>& operator[](QuotaEntityType type) const { return names[static_cast<size_t>(type)]; }
  auto operator<=>(const QuotaEntity&) const = default;
};
// "user 'alice', client-id default", for messages.
std::string to_string(const QuotaEntity& entity);

using QuotaLimits = std::map<QuotaKey, double>;

struct QuotaChange {
  std::string key;
  std::optional<double> value;  // nullopt: no quota any more
};

class QuotaTable {
 public:
  explicit QuotaTable(MetaStore& meta) : meta_(meta) {}

  // Reads what is stored; at once when it has been read. Nothing else may be called before.
  Task<Status> load();
  // Errors: invalid_argument, with what is wrong; conflict: changed by somebody else meanwhile; those of the MetaStore.
  Task<Status> change(QuotaEntity entity, std::vector<QuotaChange> changes, bool validate_only);
  const std::map<QuotaEntity, QuotaLimits>& all() const { return quotas_; }

  struct Found {
    double limit = 0;
    bool of_user = false;    // all connections of the user share it,
    bool of_client = false;  // all of the client id, or all of both together
  };
  std::optional<Found> find(QuotaKey key, const std::string& user, const std::string& client_id) const;
  std::optional<double> find_address(QuotaKey key, const std::string& ip) const;

 private:
  std::optional<double> limit(const QuotaEntity& entity, QuotaKey key) const;

  MetaStore& meta_;
  bool loaded_ = false;
  std::map<QuotaEntity, QuotaLimits> quotas_;
};

}  // namespace distributary
