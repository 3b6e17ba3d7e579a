#include "broker/client_quotas.h"

#include <algorithm>

namespace distributary {
namespace {

using std::chrono::milliseconds;

std::string user_of(const Caller& caller) {
  return caller.principal.user.empty() ? std::string(kAnonymousUser) : caller.principal.user;
}

milliseconds throttle(WindowedRate& rate, double limit, SteadyTime now) {
  return std::chrono::ceil<milliseconds>(std::min(rate.excess(limit, now), ClientQuotas::kThrottleMax));
}

}  // namespace

WindowedRate& ClientQuotas::rate(std::string name) {
  auto found = rates_.find(name);
  if (found != rates_.end()) return found->second;
  if (rates_.size() >= kRatesMax) {
    const SteadyTime now = world_.clock().now();
    boost::unordered::erase_if(rates_, [now](const auto& one) { return one.second.quiet(now); });
  }
  if (rates_.size() >= kRatesMax) return others_;
  return rates_[std::move(name)];
}

milliseconds ClientQuotas::count(QuotaKey key, const Caller& caller, size_t bytes) {
  const std::string user = user_of(caller);
  std::optional<QuotaTable::Found> quota = table_.find(key, user, caller.client_id);
  if (!quota || bytes == 0) return {};
  std::string name(to_string(key));
  name += '\0';
  if (quota->of_user) name += "u" + user;
  name += '\0';
  if (quota->of_client) name += "c" + caller.client_id;
  WindowedRate& measured = rate(std::move(name));
  const SteadyTime now = world_.clock().now();
  measured.record(static_cast<double>(bytes), now);
  return throttle(measured, quota->limit, now);
}

size_t ClientQuotas::window_bytes(QuotaKey key, const Caller& caller) const {
  std::optional<QuotaTable::Found> quota = table_.find(key, user_of(caller), caller.client_id);
  if (!quota) return SIZE_MAX;
  return static_cast<size_t>(quota->limit * std::chrono::duration<double>(WindowedRate::kWindow).count());
}

milliseconds ClientQuotas::count_connection(const std::string& ip) {
  std::optional<double> limit = table_.find_address(QuotaKey::connection_creation_rate, ip);
  if (!limit) return {};
  WindowedRate& measured = rate("ip" + ip);
  const SteadyTime now = world_.clock().now();
  measured.record(1, now);
  const milliseconds wait = throttle(measured, *limit, now);
  if (wait.count() > 0) measured.record(-1, now);  // it is not served, so it does not count
  return wait;
}

}  // namespace distributary
