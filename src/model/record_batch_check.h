// What a server owes before it stores a batch that a client sent. Two steps, so that the cost of the second can be
// measured and, where the producer is trusted, left out:
//   1. check_produced_batch: header and CRC. Nothing is allocated.
//   2. check_records: walks every record, decompressing piece by piece. Nothing is allocated for an uncompressed batch.
//
// Error codes: corrupt (CRC or format), too_large (a limit), unsupported (magic, codec), invalid_argument (well-formed,
// but nothing that a client may send). Callable from any thread; a Decompressor belongs to one executor.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "model/compression.h"
#include "model/record_batch.h"

namespace distributary {

struct BatchLimits {
  size_t batch_bytes = 10 * 1024 * 1024;  // the whole batch as sent
  // Decompressed bytes: never more than `decompressed_bytes`, and beyond `decompressed_free_bytes` not more than
  // `decompressed_ratio` times what was sent.
  size_t decompressed_bytes = size_t{1024} * 1024 * 1024;
  size_t decompressed_free_bytes = 64 * 1024 * 1024;
  size_t decompressed_ratio = 200;

  size_t decompressed_bytes_for(size_t compressed) const;
};

// The smallest possible record: a length byte, attributes, two deltas, two null lengths, no headers.
inline constexpr size_t kRecordBytesMin = 7;

// `bytes` must be exactly one whole batch with the right CRC, at least one record, dense offsets, the producer's own
// timestamps, no control bit, no reserved bits, and a producer id, epoch and sequence that fit together.
Result<RecordBatchView> check_produced_batch(ByteView bytes, const BatchLimits& limits);

struct RecordsSummary {
  WallMillis max_timestamp = -1;
  int32_t max_timestamp_delta = 0;  // offset delta of the first record that has it
  int32_t null_keys = 0;            // a compacted topic takes none
  uint64_t bytes = 0;               // of all records, decompressed
};

// Every record is whole and fills its stated length, offset deltas run 0..count-1, and nothing follows the last one.
// For a batch that check_produced_batch accepted. `keyless` gets the places of records without a key, the first
// kKeylessMax of them.
inline constexpr size_t kKeylessMax = 1'000;
Result<RecordsSummary> check_records(const RecordBatchView& batch, const BatchLimits& limits,
                                     Decompressor& decompressor, std::vector<int32_t>* keyless = nullptr);

}  // namespace distributary
