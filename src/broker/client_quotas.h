// ClientQuotas: holds clients to their quotas, as Kafka does. What a client has sent or got is counted; when its rate
// is above its quota, the answer says for how long it is throttled, and its connection begins no further request for
// that long. All connections under one quota are counted together.
//
// Rates are kept for a bounded number of users, client ids and addresses; should there be more at one time, the others
// share one rate (so they are limited too, and no memory can be had by inventing names).
//
// Threads: the executor's. Ownership: Broker's; the catalog's MetaStore outlives it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "broker/caller.h"
#include "broker/quota_table.h"
#include "broker/windowed_rate.h"
#include "io/world.h"

namespace distributary {

// Of clients that have not authenticated, as Kafka names them.
inline constexpr std::string_view kAnonymousUser = "ANONYMOUS";

class ClientQuotas {
 public:
  static constexpr size_t kRatesMax = 10'000;
  // A client that has done much too much at once is made to wait no longer: its connections would not survive it.
  static constexpr Duration kThrottleMax = std::chrono::seconds(60);

  ClientQuotas(World& world, MetaStore& meta) : world_(world), table_(meta) {}

  QuotaTable& table() { return table_; }
  // Counts what `caller` has sent or got. How long it is throttled: whole milliseconds, zero when within its quota.
  std::chrono::milliseconds count(QuotaKey key, const Caller& caller, size_t bytes);
  // Most bytes that the caller's quota allows within a window: more at once is never needed. SIZE_MAX: no quota.
  size_t window_bytes(QuotaKey key, const Caller& caller) const;
  // A new connection from `ip`. How long it is to wait before it is closed; zero: it is within the quota, and counted.
  std::chrono::milliseconds count_connection(const std::string& ip);
  size_t rates() const { return rates_.size(); }

 private:
  WindowedRate& rate(std::string name);

  World& world_;
  QuotaTable table_;
  boost::unordered_flat_map<std::string, WindowedRate> rates_;
  WindowedRate others_;
};

}  // namespace distributary
