#include "api/kafka/frame_reader.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "api/kafka/api_registry.h"
#include "base/big_endian.h"
#include "wire/kafka/header.h"

namespace distributary {
namespace {
constexpr size_t kKeyAndVersionBytes = 4;
}

// False: not enough is here to decide.
Result<bool> FrameReader::size_is_allowed(size_t size) const {
  if (trusted_ || size <= first_limit_) return true;
  if (buffered() < kafka::kFrameSizeBytes + kKeyAndVersionBytes) return false;
  const uint8_t* at = buffer_.get() + begin_ + kafka::kFrameSizeBytes;
  const kafka::ApiInfo* api = kafka::find_api(load_be<int16_t>(at));
  if (api != nullptr && find_kafka_api(api->key) != nullptr && api->decodes(load_be<int16_t>(at + 2))) return true;
  return fail(ErrorCode::too_large,
              "the first request claims " + std::to_string(size) + " bytes and is none of Kafka's");
}

Result<std::optional<Bytes>> FrameReader::take() {
  if (buffered() < kafka::kFrameSizeBytes) return std::optional<Bytes>();
  const ByteView here(buffer_.get() + begin_, buffered());
  TRY(size_t size, kafka::decode_frame_size(here.first(kafka::kFrameSizeBytes), limit_));
  TRY(bool allowed, size_is_allowed(size));
  if (!allowed) return std::optional<Bytes>();
  needed_ = kafka::kFrameSizeBytes + size;
  if (here.size() < needed_) return std::optional<Bytes>();
  std::optional<Bytes> frame(Bytes(buffer_, here.subspan(kafka::kFrameSizeBytes, size)));
  begin_ += needed_;
  needed_ = 0;
  return frame;
}

void FrameReader::make_room() {
  if (begin_ == end_ && buffer_.use_count() == 1) begin_ = end_ = 0;
  const size_t least = std::max(kReadAtLeast, needed_ > buffered() ? needed_ - buffered() : 0);
  if (capacity_ - end_ >= least) return;
  const size_t size = std::max(wanted_, buffered() + least);
  if (capacity_ >= size && buffer_.use_count() == 1) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, buffered());
  } else {
    // Not zeroed: of a large frame that never comes, no memory is touched.
    std::shared_ptr<uint8_t[]> larger = std::make_shared_for_overwrite<uint8_t[]>(size);
    if (buffered() > 0) std::memcpy(larger.get(), buffer_.get() + begin_, buffered());
    buffer_ = std::move(larger);
    capacity_ = size;
  }
  end_ = buffered();
  begin_ = 0;
}

Task<Result<size_t>> FrameReader::fill(SteadyTime deadline, std::stop_token stop) {
  make_room();
  MutableBytes free(buffer_.get() + end_, capacity_ - end_);
  Result<size_t> got = co_await connection_.read_some(free, deadline, stop);
  if (!got) co_return got;
  end_ += *got;
  if (*got == free.size()) wanted_ = std::min(wanted_ * 2, kLargestBuffer);
  co_return got;
}

}  // namespace distributary
