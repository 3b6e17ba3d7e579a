// MemoryLogStore: the log engine of tests and simulation.
//
// What is "on disk" is a MemoryLogs, owned by the test, which may outlive the store: a second store over it is a
// reopened one. `crash` does what a power cut does, and the other members are switches with which a test makes an
// operation fail.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "io/executor.h"
#include "io/random.h"
#include "storage/log_store.h"

namespace distributary {

struct MemoryLogs {
  struct Segment {
    std::vector<uint8_t> bytes;
    uint64_t synced = 0;   // bytes of it that survive a crash
    bool durable = false;  // it survives a crash at all
    SegmentNumber merged = 0;
    RewriteNumber rewrite = 0;
  };
  struct LogData {
    StorageEpoch epoch = 0;
    bool removed = false;
    std::map<SegmentNumber, Segment> segments;
    std::map<std::string, Bytes> blobs;
    uint64_t bytes = 0;
  };
  // shared: a removed log stays until its owners have noticed.
  std::map<LogId, std::shared_ptr<LogData>> logs;

  // Switches. A failed append writes half of its bytes, a failed sync makes nothing durable; each switch goes back.
  std::optional<ErrorCode> fail_next_append;
  std::optional<ErrorCode> fail_next_sync;
  std::optional<ErrorCode> fail_next_read;
  uint64_t capacity = UINT64_MAX;  // an append beyond it fails with storage_full and writes nothing
  uint64_t reserve = 0;            // of the capacity; see LogStore::space_left
  Duration sync_time{};            // how long a sync takes, so that groups can gather

  // Counters, so that a test can say how much work was done.
  uint64_t appends = 0;
  uint64_t syncs = 0;

  // A power cut: what was not synced is gone, and every Log still open answers `cancelled` for ever. With `random`, any
  // of it may survive: a part of the tail, with sectors of zeros in it, or a segment that was never synced.
  void crash(Random* random = nullptr);
  uint64_t bytes_used() const;
  uint64_t crashes = 0;
};

class MemoryLogStore final : public LogStore {
 public:
  MemoryLogStore(Executor& executor, MemoryLogs& logs) : executor_(executor), logs_(logs) {}

  Task<Result<std::unique_ptr<Log>>> open(LogId id, StorageEpoch epoch) override;
  Task<Result<std::vector<LogId>>> list() override;
  Task<Status> remove(LogId id) override;
  Task<Result<uint64_t>> space_left() override;

 private:
  Executor& executor_;
  MemoryLogs& logs_;
};

}  // namespace distributary
