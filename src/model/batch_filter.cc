#include "model/batch_filter.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/checksum.h"
#include "base/coding.h"
#include "model/record_source.h"

namespace distributary {
namespace {

// One record under another base timestamp: attributes u8, timestamp delta, and the rest as it is. False: the delta
// would not fit.
bool put_record(std::vector<uint8_t>& out, ByteView encoded, int64_t base_moved_by) {
  std::vector<uint8_t> body;
  Encoder record(body);
  RecordSource source(encoded);
  record.u8(source.byte());
  int64_t delta = 0;
  if (__builtin_sub_overflow(source.varlong(), base_moved_by, &delta)) return false;
  record.zigzag(delta);
  record.raw(encoded.subspan(source.position()));
  Encoder all(out);
  all.zigzag(static_cast<int64_t>(body.size()));
  all.raw(body);
  return true;
}

}  // namespace

std::optional<WallMillis> delete_horizon(const RecordBatchView& batch) {
  if ((batch.attributes() & kBatchDeleteHorizon) == 0) return std::nullopt;
  return batch.base_timestamp();
}

Result<std::vector<uint8_t>> filter_batch(const RecordBatchView& batch, RecordReader records,
                                          const std::vector<bool>& keep, std::optional<WallMillis> horizon) {
  WallMillis base = horizon.value_or(batch.base_timestamp());
  int64_t moved_by = 0;
  bool fits = !__builtin_sub_overflow(base, batch.base_timestamp(), &moved_by);
  std::vector<uint8_t> region;
  int32_t kept = 0;
  WallMillis newest = INT64_MIN;
  for (bool wanted : keep) {
    TRY(std::optional<Record> record, records.next());
    if (!record) return fail(ErrorCode::corrupt, "the batch has fewer records than were read before");
    if (!wanted) continue;
    fits = fits && put_record(region, records.encoded(), moved_by);
    if (!fits) {
      return fail(ErrorCode::unsupported,
                  fmt::format("timestamp {} of the record at offset {} is too far from the delete horizon {}",
                              record->timestamp, record->offset, base));
    }
    newest = std::max(newest, record->timestamp);
    ++kept;
  }
  TRY(std::vector<uint8_t> packed, compress(batch.codec(), region));
  std::vector<uint8_t> out(batch.bytes().begin(), batch.bytes().begin() + kBatchHeaderBytes);
  out.insert(out.end(), packed.begin(), packed.end());
  int16_t attributes = batch.attributes();
  if (horizon) attributes = static_cast<int16_t>(attributes | kBatchDeleteHorizon);
  bool own_time = batch.timestamp_type() == TimestampType::create_time;
  store_be<int32_t>(out.data() + 8, static_cast<int32_t>(out.size() - kBatchLengthEnd));
  store_be<int16_t>(out.data() + 21, attributes);
  store_be<int64_t>(out.data() + 27, base);
  if (own_time && kept > 0) store_be<int64_t>(out.data() + 35, newest);
  store_be<int32_t>(out.data() + 57, kept);
  store_be<uint32_t>(out.data() + 17, crc32c(ByteView(out).subspan(21)));
  return out;
}

}  // namespace distributary
