// A record batch without some of its records, as compaction makes it: base offset, last offset delta, producer and
// sequence stay, so that it takes the same offsets and says the same of its producer.
//
// Pure functions; any thread.
#pragma once

#include <optional>
#include <vector>

#include "model/record.h"

namespace distributary {

// `records`: a fresh reader of `batch`; `keep`: one element per record, at least one true. With `delete_horizon`, the
// time from which the tombstones in it may go, as Kafka stores it (in place of the base timestamp); times stay the
// same.
// Errors: those of the reader; unsupported when a timestamp is so far away that the horizon cannot be its base.
Result<std::vector<uint8_t>> filter_batch(const RecordBatchView& batch, RecordReader records,
                                          const std::vector<bool>& keep, std::optional<WallMillis> delete_horizon);

// nullopt: none is set.
std::optional<WallMillis> delete_horizon(const RecordBatchView& batch);

}  // namespace distributary
