#include "broker/group_store.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace distributary {
namespace {

constexpr std::string_view kGroupPrefix = "group/";
constexpr size_t kGroupsPerScan = 16;  // of up to 1 MiB
const Logger group_store_logger("groups");

std::string key_of(const std::string& id) { return std::string(kGroupPrefix) + id; }

void take(std::vector<MetaEntry>& entries, std::vector<GroupStore::Kept>& out) {
  for (MetaEntry& entry : entries) out.push_back({entry.key.substr(kGroupPrefix.size()), std::move(entry.value)});
}

}  // namespace

Task<Result<bool>> GroupStore::read_page(std::vector<Kept>& out) {
  std::string prefix(kGroupPrefix);
  std::string after = out.empty() ? std::string() : key_of(out.back().id);
  CO_TRY(std::vector<MetaEntry> entries, co_await meta_.scan(std::move(prefix), std::move(after), kGroupsPerScan));
  take(entries, out);
  co_return entries.size() == kGroupsPerScan&& out.size() < kKeptGroupsMax;
}

Task<Result<std::vector<GroupStore::Kept>>> GroupStore::read() {
  std::vector<Kept> out;
  bool more = true;
  while (more) {
    CO_TRY(more, co_await read_page(out));
  }
  co_return out;
}

void GroupStore::count(const std::vector<Kept>& kept) {
  for (const Kept& one : kept) set_size(one.id, one.bytes.size());
}

void GroupStore::set_size(const std::string& id, size_t bytes) {
  auto found = sizes_.find(id);
  if (found != sizes_.end()) bytes_ -= found->second;
  bytes_ += bytes;
  if (bytes > 0) {
    sizes_[id] = bytes;
  } else if (found != sizes_.end()) {
    sizes_.erase(found);
  }
}

void GroupStore::note(const std::string& id) {
  if (scope_.stopping() || id.size() > kKeptGroupIdBytesMax) return;
  noted_.insert(id);
  if (!std::exchange(busy_, true)) scope_.spawn(write_all());
}

Task<void> GroupStore::write_all() {
  co_await yield_to_others(executor_);  // what comes together is written together
  while (!noted_.empty()) {
    const bool written = co_await write_once();
    if (written) continue;
    Status slept = co_await sleep_for(executor_, kKeepRetry, scope_.stop_token());
    if (!slept) break;
  }
  busy_ = false;
}

Task<bool> GroupStore::write_once() {
  MetaBatch batch = plan();
  Status written;
  if (!batch.writes.empty()) written = co_await meta_.apply(std::move(batch));
  finish(written);
  co_return written.has_value();
}

MetaBatch GroupStore::plan() {
  writing_ = std::exchange(noted_, {});
  MetaBatch batch;
  for (const std::string& id : writing_) plan_one(id, batch);
  return batch;
}

void GroupStore::plan_one(const std::string& id, MetaBatch& batch) {
  std::optional<std::string> bytes = snapshot_(id);
  if (!bytes) return;
  if (!bytes->empty() && !room_for(id, bytes->size())) {
    if (!std::exchange(refused_, true)) {
      group_store_logger.warn("membership of a group is not kept over a restart: it is too large, or there is too much",
                              {{"bytes", bytes->size()}, {"groups", sizes_.size()}, {"bytes.of.all", bytes_}});
    }
    bytes->clear();
  }
  if (!bytes->empty()) {
    set_size(id, bytes->size());
    batch.put(key_of(id), std::move(*bytes));
  } else if (sizes_.contains(id)) {
    set_size(id, 0);
    batch.remove(key_of(id));
  }
}

bool GroupStore::room_for(const std::string& id, size_t bytes) const {
  auto found = sizes_.find(id);
  const size_t before = found == sizes_.end() ? 0 : found->second;
  if (bytes > kKeptGroupBytesMax || bytes_ - before + bytes > kKeptGroupsBytesMax) return false;
  return before > 0 || sizes_.size() < kKeptGroupsMax;
}

void GroupStore::finish(const Status& written) {
  ++round_;
  changed_.notify_all();
  if (!written) {
    group_store_logger.warn("membership of groups cannot be kept; it is tried again",
                            {{"why", written.error().message}});
    // A removal is only written of what counts as stored.
    for (const std::string& id : writing_) set_size(id, std::max<size_t>(sizes_.contains(id) ? sizes_[id] : 0, 1));
    noted_.merge(writing_);
  }
  writing_.clear();
}

// What is being written now was taken before what is noted: two rounds at most.
Task<Status> GroupStore::settle(std::string id, SteadyTime deadline, std::stop_token stop) {
  const uint64_t enough = round_ + (noted_.contains(id) && !writing_.empty() ? 2 : 1);
  while (owes(id) && round_ < enough) CO_TRY_STATUS(co_await changed_.wait(deadline, stop));
  co_return Status{};
}

Task<void> GroupStore::stop() {
  scope_.stop();
  co_await scope_.join();
}

}  // namespace distributary
