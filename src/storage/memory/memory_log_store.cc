#include "storage/memory/memory_log_store.h"

#include <algorithm>

#include "storage/memory/memory_log.h"

namespace distributary {
namespace {

constexpr uint64_t kSector = 512;

void lose_tail(MemoryLogs::Segment& segment, Random* random) {
  uint64_t unsynced = segment.bytes.size() - segment.synced;
  segment.bytes.resize(segment.synced + (random != nullptr ? random->below(unsynced + 1) : 0));
  // Sectors reach a disk in any order: one that did not is read as zeros.
  for (uint64_t at = segment.synced; at < segment.bytes.size();) {
    uint64_t end = std::min<uint64_t>(segment.bytes.size(), (at / kSector + 1) * kSector);
    if (random->below(4) == 0) std::fill(segment.bytes.begin() + at, segment.bytes.begin() + end, uint8_t{0});
    at = end;
  }
  segment.synced = segment.bytes.size();
  segment.durable = true;
}

}  // namespace

void MemoryLogs::crash(Random* random) {
  ++crashes;
  fail_next_append = fail_next_sync = fail_next_read = std::nullopt;
  for (auto& [id, log] : logs) {
    bool lost = false;  // a segment is never there without the one before it
    for (auto at = log->segments.begin(); at != log->segments.end();) {
      lost = lost || (!at->second.durable && (random == nullptr || random->below(2) == 0));
      if (lost) {
        at = log->segments.erase(at);
      } else {
        lose_tail(at->second, random);
        ++at;
      }
    }
    log->bytes = 0;
    for (const auto& [number, segment] : log->segments) log->bytes += segment.bytes.size();
    for (const auto& [name, blob] : log->blobs) log->bytes += blob.size();
  }
}

uint64_t MemoryLogs::bytes_used() const {
  uint64_t total = 0;
  for (const auto& [id, log] : logs) total += log->bytes;
  return total;
}

Task<Result<std::unique_ptr<Log>>> MemoryLogStore::open(LogId id, StorageEpoch epoch) {
  if (epoch == 0) co_return fail(ErrorCode::fenced, "log " + to_string(id) + ": epochs begin at 1");
  std::shared_ptr<MemoryLogs::LogData>& data = logs_.logs[id];
  if (!data) data = std::make_shared<MemoryLogs::LogData>();
  if (epoch <= data->epoch) {
    co_return fail(ErrorCode::fenced, "log " + to_string(id) + " was opened under epoch " +
                                          std::to_string(data->epoch) + "; epoch " + std::to_string(epoch) +
                                          " is not newer");
  }
  data->epoch = epoch;
  for (auto& [number, segment] : data->segments) {
    segment.synced = segment.bytes.size();
    segment.durable = true;
  }
  std::unique_ptr<Log> log = std::make_unique<MemoryLog>(executor_, logs_, data, to_string(id));
  co_return log;
}

Task<Result<std::vector<LogId>>> MemoryLogStore::list() {
  std::vector<LogId> ids;
  for (const auto& [id, log] : logs_.logs) ids.push_back(id);
  co_return ids;
}

Task<Status> MemoryLogStore::remove(LogId id) {
  auto at = logs_.logs.find(id);
  if (at == logs_.logs.end()) co_return Status{};
  at->second->removed = true;
  logs_.logs.erase(at);
  co_return Status{};
}

Task<Result<uint64_t>> MemoryLogStore::space_left() {
  uint64_t taken = logs_.bytes_used() + logs_.reserve;
  co_return taken < logs_.capacity ? logs_.capacity - taken : 0;
}

}  // namespace distributary
