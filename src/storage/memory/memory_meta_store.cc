#include "storage/memory/memory_meta_store.h"

#include <chrono>

namespace distributary {

Task<Result<std::optional<std::string>>> MemoryMetaStore::get(std::string key) {
  auto at = meta_.entries.find(key);
  std::optional<std::string> value;
  if (at != meta_.entries.end()) value = at->second;
  co_return value;
}

Task<Result<std::vector<MetaEntry>>> MemoryMetaStore::scan(std::string prefix, std::string after, size_t limit) {
  std::vector<MetaEntry> found;
  auto at = after < prefix ? meta_.entries.lower_bound(prefix) : meta_.entries.upper_bound(after);
  for (; at != meta_.entries.end() && at->first.starts_with(prefix) && found.size() < limit; ++at) {
    found.push_back({at->first, at->second});
  }
  co_return found;
}

Task<Status> MemoryMetaStore::apply(MetaBatch batch) {
  CO_TRY_STATUS(check_meta_batch(batch));
  if (meta_.fail_next_apply) {
    ErrorCode code = *std::exchange(meta_.fail_next_apply, std::nullopt);
    co_return fail(code, "the test asked for a failed apply");
  }
  for (const MetaBatch::Precondition& each : batch.preconditions) {
    auto at = meta_.entries.find(each.key);
    bool holds = at == meta_.entries.end() ? !each.value : each.value == at->second;
    if (!holds) co_return fail(ErrorCode::conflict, "metadata key " + each.key + " is not as required");
  }
  for (MetaBatch::Write& each : batch.writes) {
    if (each.value) {
      meta_.entries[each.key] = std::move(*each.value);
    } else {
      meta_.entries.erase(each.key);
    }
    watch_.changed(each.key);
  }
  co_return Status{};
}

Task<Status> MemoryMetaStore::take_lease(std::string name, std::string holder, Duration span) {
  WallMillis now = executor_.clock().wall_now();
  auto at = meta_.leases.find(name);
  if (at != meta_.leases.end() && at->second.holder != holder && at->second.until > now) {
    co_return fail(ErrorCode::conflict, "lease " + name + " is held by " + at->second.holder);
  }
  WallMillis until = now + std::chrono::ceil<std::chrono::milliseconds>(span).count();
  meta_.leases[name] = MemoryMeta::Lease{holder, until};
  co_return Status{};
}

Task<Status> MemoryMetaStore::release_lease(std::string name, std::string holder) {
  auto at = meta_.leases.find(name);
  if (at == meta_.leases.end()) co_return Status{};
  if (at->second.holder != holder && at->second.until > executor_.clock().wall_now()) {
    co_return fail(ErrorCode::conflict, "lease " + name + " is held by " + at->second.holder);
  }
  if (at->second.holder == holder) meta_.leases.erase(at);
  co_return Status{};
}

}  // namespace distributary
