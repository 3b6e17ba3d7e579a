// Makes record batches: in tests, in the simulation, in tools, and wherever the server itself writes records (the
// control batch that ends a transaction, regrouped survivors of compaction).
//
//   std::vector<uint8_t> batch = RecordBatchBuilder().add({.value = "hello"}).build();
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/compression.h"
#include "model/record_batch.h"

namespace distributary {

struct NewRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  WallMillis timestamp = 0;
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
};

class RecordBatchBuilder {
 public:
  RecordBatchBuilder& base_offset(int64_t offset);
  RecordBatchBuilder& leader_epoch(int32_t epoch);
  RecordBatchBuilder& codec(Codec codec);
  RecordBatchBuilder& producer(int64_t id, int16_t epoch, int32_t base_sequence);
  RecordBatchBuilder& transactional();
  RecordBatchBuilder& log_append_time(WallMillis now);

  // Copied at once. The offset delta is one more than the last record's.
  RecordBatchBuilder& add(const NewRecord& record);
  // Leaves out the next `count` offsets, as compaction does.
  RecordBatchBuilder& skip(int32_t count);

  size_t record_count() const { return static_cast<size_t>(count_); }
  std::vector<uint8_t> build() const;

 private:
  void put_header(uint8_t* out, size_t batch_bytes) const;

  int64_t base_offset_ = 0;
  int32_t leader_epoch_ = -1;
  int16_t attributes_ = 0;
  int64_t producer_id_ = kNoProducerId;
  int16_t producer_epoch_ = -1;
  int32_t base_sequence_ = -1;
  WallMillis base_timestamp_ = -1;
  WallMillis max_timestamp_ = -1;
  std::optional<WallMillis> append_time_;
  int32_t count_ = 0;
  int32_t next_delta_ = 0;
  std::vector<uint8_t> records_;
};

// The control batch (one record) that consumers use to tell committed from aborted.
struct TransactionEnd {
  int64_t base_offset = 0;
  int32_t leader_epoch = 0;
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  int32_t coordinator_epoch = 0;
  bool committed = false;
  WallMillis timestamp = 0;
};
std::vector<uint8_t> build_control_batch(const TransactionEnd& end);
// What such a batch says. Error: corrupt, if it is not one.
Result<TransactionEnd> parse_control_batch(const RecordBatchView& batch);

}  // namespace distributary
