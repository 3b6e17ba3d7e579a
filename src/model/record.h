// One record of a batch, and reading them. For tests, verification, timestamp lookup and compaction; the produce and
// fetch paths never take a batch apart (see record_batch_check.h).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "model/record_batch.h"

namespace distributary {

struct RecordHeader {
  ByteView key;
  std::optional<ByteView> value;  // nullopt: null
};

// Views into the reader's memory.
struct Record {
  int64_t offset = 0;
  WallMillis timestamp = 0;  // the batch's maximum if the server set the time
  std::optional<ByteView> key;
  std::optional<ByteView> value;  // nullopt: a tombstone
  std::vector<RecordHeader> headers;
};

// Goes over the records of one batch, stored or produced: gaps in the offsets, which compaction leaves, are allowed.
// The batch's memory must outlive the reader, the reader its records. Errors: corrupt, too_large, unsupported.
class RecordReader {
 public:
  // Decompresses if needed, to at most `decompressed_bytes_max`.
  static Result<RecordReader> open(const RecordBatchView& batch, size_t decompressed_bytes_max);

  // The next record, or nullopt at the end.
  Result<std::optional<Record>> next();
  // The one that `next` gave last, as it is encoded, behind its length.
  ByteView encoded() const { return encoded_; }

 private:
  RecordReader(const RecordBatchView& batch, Bytes decompressed);

  RecordBatchView batch_;
  Bytes decompressed_;  // owns what `rest_` points into, if the batch is compressed
  ByteView rest_;
  ByteView encoded_;
  int32_t index_ = 0;
};

// All of them at once.
Result<std::vector<Record>> read_records(RecordReader& reader);

}  // namespace distributary
