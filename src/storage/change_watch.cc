#include "storage/change_watch.h"

#include <string_view>

namespace distributary {

ChangeWatch::Watched& ChangeWatch::watched(const std::string& prefix) {
  auto [at, fresh] = prefixes_.try_emplace(prefix);
  if (fresh) {
    at->second = std::make_unique<Watched>(executor_);
    at->second->version = last_;
    lengths_.insert(prefix.size());
  }
  return *at->second;
}

void ChangeWatch::changed(const std::string& key) {
  ++last_;
  for (size_t length : lengths_) {
    if (length > key.size()) break;
    auto at = prefixes_.find(std::string_view(key).substr(0, length));
    if (at == prefixes_.end()) continue;
    at->second->version = last_;
    at->second->signal.notify_all();
  }
}

Task<Status> ChangeWatch::wait_change(std::string prefix, uint64_t seen, SteadyTime deadline, std::stop_token stop) {
  Watched& watch = watched(prefix);
  while (watch.version == seen) {
    CO_TRY_STATUS(co_await watch.signal.wait(deadline, stop));
  }
  co_return Status{};
}

}  // namespace distributary
