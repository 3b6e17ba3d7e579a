// The checks and the reader agree: what the checks accept, the reader reads, with the same count, times and offsets.
// Length, magic and checksum are made right first, so that the fuzzer gets past them.
#include <cstring>
#include <vector>

#include "base/check.h"
#include "base/checksum.h"
#include "model/record.h"
#include "model/record_batch_builder.h"
#include "model/record_batch_check.h"

using namespace distributary;

namespace {

const BatchLimits kLimits{.decompressed_bytes = 1 << 20, .decompressed_free_bytes = 1 << 20};

void check_against_reader(const RecordBatchView& batch, const RecordsSummary& summary) {
  auto reader = RecordReader::open(batch, kLimits.decompressed_bytes);
  CHECK(reader);
  auto records = read_records(*reader);
  CHECK(records);
  CHECK(static_cast<int32_t>(records->size()) == batch.record_count());
  int64_t expected = batch.base_offset();
  for (const Record& record : *records) {
    CHECK(record.offset == expected++);
    CHECK(record.timestamp <= summary.max_timestamp);
  }
}

// The base offset, which nothing depends on, holds the fuzzer's wishes: right count, records compressed here.
void make_plausible(std::vector<uint8_t>& bytes) {
  uint8_t wishes = bytes[0];
  if ((wishes & 1) != 0) store_be(bytes.data() + 23, load_be<uint32_t>(bytes.data() + 57) - 1);
  if ((wishes & 2) != 0) {
    bytes[22] = static_cast<uint8_t>((bytes[22] & ~7) | (1 + (wishes >> 2) % 4));
    auto packed = compress(static_cast<Codec>(bytes[22] & 7), ByteView(bytes).subspan(kBatchHeaderBytes));
    CHECK(packed);
    bytes.resize(kBatchHeaderBytes);
    bytes.insert(bytes.end(), packed->begin(), packed->end());
  }
  store_be(bytes.data(), int64_t{1000});
  store_be(bytes.data() + 8, static_cast<int32_t>(bytes.size() - kBatchLengthEnd));
  bytes[16] = kBatchMagic;
  store_be(bytes.data() + 17, crc32c(ByteView(bytes).subspan(21)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Decompressor decompressor;
  std::vector<uint8_t> bytes(data, data + size);
  if (size >= kBatchHeaderBytes) make_plausible(bytes);
  auto stored = RecordBatchView::parse(bytes);
  if (!stored) return 0;
  (void)parse_control_batch(*stored);
  if (auto reader = RecordReader::open(*stored, kLimits.decompressed_bytes)) (void)read_records(*reader);
  auto batch = check_produced_batch(bytes, kLimits);
  if (!batch) return 0;
  auto summary = check_records(*batch, kLimits, decompressor);
  if (summary) check_against_reader(*batch, *summary);
  return 0;
}
