// SkippedRange: gathers consecutive entries that a rewrite drops, until one skipped entry is written for them all.
//
// Belongs to one SegmentRewriter.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "model/rewritten_entry.h"
#include "stream/stream_state.h"

namespace distributary {

class SkippedRange {
 public:
  bool empty() const { return skipped_.count == 0; }
  // Adds a record batch that is dropped, or a range that was dropped before. False: it does not follow what is here, or
  // would make it too large; write that first.
  Result<bool> add(const EntryView& entry, bool trimmed);
  // The entry that stands for them; empty again afterwards.
  struct Taken {
    Lsn lsn = 0;
    ContentFields fields;
    std::vector<uint8_t> payload;
  };
  Taken take();

 private:
  bool follows(const EntryView& entry) const;
  bool fits(const Skipped& more) const;
  void add_partition(const SkippedPartition& item);
  void add_batch(const SkippedBatch& batch);

  Lsn lsn_ = 0;
  ContentFields fields_;
  Skipped skipped_;
  std::map<TopicPartition, size_t> places_;  // in skipped_.partitions
  std::map<std::pair<TopicPartition, int64_t>, std::vector<SkippedBatch>> producers_;
};

}  // namespace distributary
