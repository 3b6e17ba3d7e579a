// Ledger: all that was sent and acknowledged, and whether what is found agrees with it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "crash/message.h"

namespace distributary::crash {

class Ledger {
 public:
  // Messages about sending and acknowledging count at once. What was found counts with `ready`: a process that is
  // killed before has not said all.
  void take(const Message& message);
  // A new process will say what it finds.
  void begin_process() { found_.clear(); }

  const std::vector<std::string>& faults() const { return faults_; }
  uint64_t acked_batches() const { return acked_batches_; }
  uint64_t checked_batches() const { return checked_batches_; }
  // The newest acknowledged position of the history, for the next process to look up; 0 when there is none.
  int64_t chain_lsn() const { return chain_lsn_; }

 private:
  struct Batch {
    uint64_t hash = 0;
    uint64_t count = 0;
    bool operator==(const Batch&) const = default;
  };
  struct Partition {
    std::map<int64_t, Batch> acked;  // by base offset
    std::set<uint64_t> sent;         // hashes
    int64_t trim_acked = 0;
    int64_t trim_sent = 0;
    int64_t cursor_acked = -1;
    int64_t cursor_sent = -1;
  };
  struct Found {
    std::vector<std::pair<int64_t, Batch>> batches;
    int64_t next = -1;
    int64_t log_start = 0;
    int64_t cursor = -1;
  };
  void fault(uint32_t key, const std::string& what);
  void take_found(const Message& message);
  void compare();
  void compare_partition(uint32_t key, Partition& partition, const Found& found);
  void compare_bounds(uint32_t key, const Partition& partition, const Found& found);

  std::map<uint32_t, Partition> partitions_;
  std::set<uint32_t> topics_sent_;
  std::set<uint32_t> topics_acked_;
  int64_t chain_lsn_ = 0;
  uint64_t chain_hash_ = 0;
  struct {
    std::map<uint32_t, Found> partitions;
    std::set<uint32_t> topics;
    int64_t chain_lsn = 0;
    uint64_t chain_hash = 0;
    void clear() {
      partitions.clear();
      topics.clear();
      chain_lsn = 0;
    }
  } found_;
  std::vector<std::string> faults_;
  uint64_t acked_batches_ = 0;
  uint64_t checked_batches_ = 0;
};

}  // namespace distributary::crash
