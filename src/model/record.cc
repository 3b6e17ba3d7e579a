#include "model/record.h"

#include <fmt/core.h>

#include "model/record_source.h"

namespace distributary {
namespace {

// The fields of one record inside its own bytes.
class RecordParser {
 public:
  explicit RecordParser(ByteView bytes) : bytes_(bytes), source_(bytes) {}

  // False if the bytes are no record.
  bool parse(const RecordBatchView& batch, Record& out) {
    source_.byte();
    int64_t timestamp_delta = source_.varlong();
    int32_t offset_delta = source_.varint();
    if (offset_delta < 0 || offset_delta > batch.last_offset_delta()) return false;
    out.offset = batch.base_offset() + offset_delta;
    out.timestamp = batch.max_timestamp();
    bool own_time = batch.timestamp_type() == TimestampType::create_time;
    if (own_time && __builtin_add_overflow(batch.base_timestamp(), timestamp_delta, &out.timestamp)) return false;
    out.key = field();
    out.value = field();
    headers(out.headers);
    return good_ && source_.ok() && source_.position() == bytes_.size();
  }

 private:
  std::optional<ByteView> field() {
    int32_t length = source_.varint();
    if (length < -1) good_ = false;
    if (length < 0) return std::nullopt;
    uint64_t at = source_.position();
    source_.skip(static_cast<uint64_t>(length));
    if (!source_.ok()) return std::nullopt;
    return bytes_.subspan(at, static_cast<size_t>(length));
  }

  void headers(std::vector<RecordHeader>& out) {
    int32_t count = source_.varint();
    if (count < 0 || static_cast<size_t>(count) > bytes_.size() / 2) good_ = false;
    for (int32_t i = 0; i < count && good_ && source_.ok(); ++i) {
      std::optional<ByteView> key = field();
      if (!key) good_ = false;
      std::optional<ByteView> value = field();
      if (good_) out.push_back({*key, value});
    }
  }

  ByteView bytes_;
  RecordSource source_;
  bool good_ = true;
};

}  // namespace

RecordReader::RecordReader(const RecordBatchView& batch, Bytes decompressed)
    : batch_(batch),
      decompressed_(std::move(decompressed)),
      rest_(batch.compressed() ? decompressed_.view() : batch.records()) {}

Result<RecordReader> RecordReader::open(const RecordBatchView& batch, size_t decompressed_bytes_max) {
  if (batch.codec_bits() > static_cast<uint8_t>(Codec::zstd)) {
    return fail(ErrorCode::unsupported,
                fmt::format("the record batch has the unknown compression codec {}", batch.codec_bits()));
  }
  // Compaction may leave a batch without records, and then without a compressed region.
  if (!batch.compressed() || batch.records().empty()) return RecordReader(batch, Bytes());
  TRY(std::vector<uint8_t> plain, decompress(batch.codec(), batch.records(), decompressed_bytes_max));
  return RecordReader(batch, Bytes(std::move(plain)));
}

Result<std::optional<Record>> RecordReader::next() {
  if (index_ >= batch_.record_count()) {
    if (rest_.empty()) return std::nullopt;
    return fail(ErrorCode::corrupt,
                fmt::format("bytes are left over after the last of {} records", batch_.record_count()));
  }
  RecordSource source(rest_);
  int64_t length = source.varint();
  uint64_t at = source.position();
  Record record;
  bool whole = source.ok() && length >= 0 && static_cast<uint64_t>(length) <= rest_.size() - at;
  if (!whole || !RecordParser(rest_.subspan(at, static_cast<size_t>(length))).parse(batch_, record)) {
    return fail(ErrorCode::corrupt, fmt::format("record {} of {} in the batch at offset {} is malformed", index_,
                                                batch_.record_count(), batch_.base_offset()));
  }
  encoded_ = rest_.subspan(at, static_cast<size_t>(length));
  rest_ = rest_.subspan(at + static_cast<size_t>(length));
  ++index_;
  return record;
}

Result<std::vector<Record>> read_records(RecordReader& reader) {
  std::vector<Record> out;
  while (true) {
    TRY(std::optional<Record> record, reader.next());
    if (!record) return out;
    out.push_back(std::move(*record));
  }
}

}  // namespace distributary
