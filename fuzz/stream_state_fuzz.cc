// The state machine of a stream under entries that a link or a log may bring: in any order, with any payload. Entries
// that cannot follow are refused and change nothing that breaks it; what was taken survives being written as chunks and
// as baselines and read again. The input is a row of (length u16, content); checksum and place in the origin's history
// are made right first.
#include <vector>

#include "base/check.h"
#include "model/entry.h"
#include "stream/stream_state.h"

using namespace distributary;

namespace {

constexpr size_t kEntriesMax = 64;

Bytes content_of(ByteView from, const StreamState& state) {
  std::vector<uint8_t> bytes(from.begin(), from.end());
  store_le(bytes.data() + 6, kEntryVersion);
  store_le(bytes.data() + 28, static_cast<uint32_t>(bytes.size() - kEntryContentHeaderBytes));
  bytes[8 + 15] &= 1;  // few origins, so that entries meet those before them
  std::fill(bytes.begin() + 8, bytes.begin() + 8 + 15, uint8_t{0});
  store_le(bytes.data() + 24, uint32_t{1});
  const OriginPosition position = state.origin(ContentView(bytes).origin());
  if (bytes[4] != static_cast<uint8_t>(EntryClass::local)) {
    store_le(bytes.data() + 32, position.lsn + 1);
    store_le(bytes.data() + 40, position.chain.low);
    store_le(bytes.data() + 48, position.chain.high);
  }
  if (bytes[5] == static_cast<uint8_t>(EntryType::topic_created)) {
    const TopicUuid id = derive_topic_uuid(ContentView(bytes).origin(), position.lsn + 1);
    std::copy(id.bytes.begin(), id.bytes.end(), bytes.begin() + 64);
  }
  store_le(bytes.data(), crc32c(ByteView(bytes).subspan(4)));
  return Bytes(std::move(bytes));
}

// The topic of an entry is one that exists, if the fuzzer wants it to.
void aim(std::vector<uint8_t>& bytes, const StreamState& state) {
  const Topic* topic = state.topic_at(bytes[64] % 4);
  if (topic != nullptr) std::copy(topic->id.bytes.begin(), topic->id.bytes.end(), bytes.begin() + 64);
  if (topic != nullptr && bytes[80] < topic->partitions.size()) {
    store_le(bytes.data() + 88, topic->partitions[bytes[80]].next);
    store_le(bytes.data() + 80, uint32_t{bytes[80]});
  }
}

// As a checkpoint of what has changed since the begin, which is all there is.
void survives_chunks(StreamState& state) {
  StreamState again;
  for (const StateChunk& chunk : state.dirty_chunks()) CHECK(again.load_chunk(chunk, state.encode_chunk(chunk)));
  CHECK(again.same_as(state));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  StreamState state;
  ByteView rest(data, size);
  for (size_t i = 0; i < kEntriesMax && rest.size() >= 2; ++i) {
    const size_t length = std::min<size_t>(load_le<uint16_t>(rest.data()), rest.size() - 2);
    ByteView piece = rest.subspan(2, length);
    rest = rest.subspan(2 + length);
    if (piece.size() < kEntryContentHeaderBytes) continue;
    std::vector<uint8_t> aimed(piece.begin(), piece.end());
    if ((aimed[0] & 1) != 0) aim(aimed, state);
    const Bytes bytes = content_of(aimed, state);
    auto content = ContentView::parse(bytes);
    if (content) (void)state.apply(*content, (piece[0] & 2) != 0);
  }
  survives_chunks(state);
  for (const auto& [origin, position] : state.origins()) (void)state.encode_baseline(origin, 0);
  return 0;
}
