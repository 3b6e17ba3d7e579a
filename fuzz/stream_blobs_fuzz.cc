// What lies beside a log: checkpoints, pieces of state, index runs, notes of damage. A disk may give anything. The
// checksums are made right first where there are any, so that the fuzzer gets past them. The first byte says which.
#include <vector>

#include "base/check.h"
#include "base/checksum.h"
#include "io/task.h"
#include "stream/checkpoint.h"
#include "stream/damage_notes.h"
#include "stream/index_run.h"
#include "stream/log_format.h"

using namespace distributary;

namespace {

const LogId kLog{Uuid{}, 0};

// A log that has one blob under every name, and never waits.
class OneBlob final : public Log {
 public:
  explicit OneBlob(Bytes blob) : blob_(std::move(blob)) {}
  const std::vector<SegmentInfo>& segments() const override { return none_; }
  Task<Status> create_segment(SegmentNumber, uint64_t) override { co_return Status{}; }
  Task<Status> append(Bytes) override { co_return Status{}; }
  Task<Status> sync() override { co_return Status{}; }
  Task<Result<Bytes>> read(SegmentNumber, uint64_t, size_t, ReadPattern) override { co_return Bytes(); }
  Task<Status> truncate(SegmentNumber, uint64_t) override { co_return Status{}; }
  Task<Status> remove_segment(SegmentNumber) override { co_return Status{}; }
  Task<Status> begin_rewrite(SegmentNumber, SegmentNumber, RewriteNumber) override { co_return Status{}; }
  Task<Status> append_rewrite(Bytes) override { co_return Status{}; }
  Task<Status> commit_rewrite() override { co_return Status{}; }
  Task<Status> abandon_rewrite() override { co_return Status{}; }
  Task<Status> remove_replaced() override { co_return Status{}; }
  Task<Status> put_blob(std::string, Bytes) override { co_return Status{}; }
  Task<Result<uint64_t>> blob_size(std::string) override { co_return uint64_t{blob_.size()}; }
  Task<Result<Bytes>> read_blob(std::string, uint64_t at, size_t length) override {
    if (at >= blob_.size()) co_return Bytes();
    co_return blob_.slice(at, std::min<size_t>(length, blob_.size() - at));
  }
  Task<Status> remove_blob(std::string) override { co_return Status{}; }
  Task<Result<std::vector<std::string>>> list_blobs() override { co_return std::vector<std::string>(); }
  uint64_t bytes_used() const override { return 0; }

 private:
  Bytes blob_;
  std::vector<SegmentInfo> none_;
};

struct Started {  // runs a task to its end at once: nothing here waits
  struct promise_type {
    Started get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Started read_run(Log& log, bool& done) {
  IndexRunName name{1, 1};
  auto run = co_await IndexRun::open(log, kLog, name);
  if (run) {
    for (size_t i = 0; i < (*run)->blocks(); ++i) (void)co_await (*run)->read_block(i);
    (void)(*run)->seek_block(5, 5);
  }
  done = true;
}

// Block, directory and header of an index part, as the fuzzer wants them, with right checksums.
Bytes index_part(ByteView input) {
  constexpr size_t kHeaderBytes = 64;
  const size_t cut = input.empty() ? 0 : input[0] % (input.size() + 1);
  IndexPartWriter writer(kLog, {1, 1}, 0);
  const Bytes empty = writer.finish(true);
  std::vector<uint8_t> bytes(empty.data(), empty.data() + kHeaderBytes);
  std::vector<uint8_t> block(8);
  block.insert(block.end(), input.begin(), input.begin() + static_cast<ptrdiff_t>(cut));
  store_le(block.data() + 4, static_cast<uint32_t>(block.size() - 8));
  store_le(block.data(), crc32c(ByteView(block).subspan(4)));
  bytes.insert(bytes.end(), block.begin(), block.end());
  const uint64_t position = bytes.size();
  Encoder out(bytes);
  out.u64(1);
  out.i64(0);
  out.u64(kHeaderBytes);
  out.u32(static_cast<uint32_t>(block.size()));
  out.raw(input.subspan(cut));  // further places, whatever they say
  const uint32_t crc = crc32c(ByteView(bytes).subspan(position));
  const size_t places = (bytes.size() - position) / 28;
  const size_t footer = empty.size() - kHeaderBytes;
  std::vector<uint8_t> end(empty.data() + empty.size() - footer, empty.data() + empty.size());
  store_le(end.data(), position);
  store_le(end.data() + 8, static_cast<uint32_t>(places));
  store_le(end.data() + 12, crc);
  bytes.insert(bytes.end(), end.begin(), end.end());
  return Bytes(std::move(bytes));
}

void read_index(Bytes blob) {
  OneBlob log(std::move(blob));
  bool done = false;
  (void)read_run(log, done);
  CHECK(done);
}

void read_notes(ByteView input) {
  std::vector<uint8_t> blob = DamageNotes::encode(kLog, {});
  blob.insert(blob.end(), input.begin(), input.end());
  store_le(blob.data() + 8, crc32c(ByteView(blob).subspan(12)));
  auto notes = DamageNotes::decode(kLog, blob);
  if (!notes) return;
  CHECK(notes->size() <= kDamageNotesMax);
  CHECK(DamageNotes::decode(kLog, DamageNotes::encode(kLog, *notes)));
}

// So many topics have a place that is reserved when the first chunk is read; more take no other way, but long.
constexpr uint64_t kOrdinalsTried = 1u << 12;

void read_chunk(ByteView input) {
  constexpr StateChunk::Kind kKinds[] = {StateChunk::Kind::meta, StateChunk::Kind::topics, StateChunk::Kind::cursors,
                                         StateChunk::Kind::producers, StateChunk::Kind::transactions};
  if (input.empty()) return;
  StreamState state;
  StateChunk chunk{kKinds[input[0] % std::size(kKinds)], 0};
  const bool is_meta = chunk.kind == StateChunk::Kind::meta;
  if (is_meta && Decoder(input.subspan(1)).varint() > kOrdinalsTried) return;
  if (!state.load_chunk(chunk, input.subspan(1))) return;
  (void)state.encode_chunk(chunk);
}

void read_headers(ByteView input) {
  (void)SegmentHeader::parse(input, kLog, SegmentInfo{1});
  (void)GroupHeader::parse(input, 7, 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0: (void)CheckpointManifest::decode(input); break;
    case 1: read_chunk(input); break;
    case 2: read_index(Bytes::copy(input)); break;
    case 3: read_index(index_part(input)); break;
    case 4: read_notes(input); break;
    case 5: read_headers(input); break;
  }
  return 0;
}
