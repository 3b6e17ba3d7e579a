#include "model/record_batch.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/checksum.h"

namespace distributary {
namespace {

constexpr size_t kCrcAt = 17;
constexpr size_t kAttributesAt = 21;
constexpr size_t kMaxTimestampAt = 35;

void renew_crc(MutableBytes batch) {
  store_be<uint32_t>(batch.data() + kCrcAt, crc32c(ByteView(batch).subspan(kAttributesAt)));
}

}  // namespace

Result<RecordBatchView> RecordBatchView::parse(ByteView bytes) {
  if (bytes.size() < kBatchHeaderBytes) {
    return fail(ErrorCode::corrupt, fmt::format("{} bytes are too few for a record batch, whose header alone has {}",
                                                bytes.size(), kBatchHeaderBytes));
  }
  RecordBatchView header(bytes.first(kBatchHeaderBytes));
  if (header.magic() != kBatchMagic) {
    return fail(ErrorCode::unsupported, fmt::format("the record batch has format version {}; only {} is supported",
                                                    header.magic(), kBatchMagic));
  }
  int64_t length = header.batch_length();
  if (length < static_cast<int64_t>(kBatchHeaderBytes - kBatchLengthEnd)) {
    return fail(ErrorCode::corrupt, fmt::format("the record batch claims an impossible length of {}", length));
  }
  size_t size = static_cast<size_t>(length) + kBatchLengthEnd;
  if (size > bytes.size()) {
    return fail(ErrorCode::corrupt, fmt::format("the record batch is cut short: {} of {} bytes", bytes.size(), size));
  }
  return RecordBatchView(bytes.first(size));
}

int32_t RecordBatchView::last_sequence() const {
  return base_sequence() < 0 ? -1 : sequence_after(base_sequence(), last_offset_delta());
}

uint32_t RecordBatchView::computed_crc() const { return crc32c(bytes_.subspan(kAttributesAt)); }

int32_t sequence_after(int32_t sequence, int32_t delta) {
  return static_cast<int32_t>((int64_t{sequence} + delta) & INT32_MAX);
}

void set_base_offset(MutableBytes batch, int64_t offset) {
  CHECK(batch.size() >= kBatchHeaderBytes);
  store_be(batch.data(), offset);
}

void set_leader_epoch(MutableBytes batch, int32_t leader_epoch) {
  CHECK(batch.size() >= kBatchHeaderBytes);
  store_be(batch.data() + kBatchLengthEnd, leader_epoch);
}

void set_log_append_time(MutableBytes batch, WallMillis now) {
  CHECK(batch.size() >= kBatchHeaderBytes);
  int16_t attributes = load_be<int16_t>(batch.data() + kAttributesAt);
  store_be<int16_t>(batch.data() + kAttributesAt, attributes | kBatchLogAppendTime);
  store_be<int64_t>(batch.data() + kMaxTimestampAt, now);
  renew_crc(batch);
}

void set_max_timestamp(MutableBytes batch, WallMillis max_timestamp) {
  CHECK(batch.size() >= kBatchHeaderBytes);
  if (load_be<int64_t>(batch.data() + kMaxTimestampAt) == max_timestamp) return;
  store_be<int64_t>(batch.data() + kMaxTimestampAt, max_timestamp);
  renew_crc(batch);
}

}  // namespace distributary
