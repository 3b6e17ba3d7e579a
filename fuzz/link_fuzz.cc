// The link protocol's decoders never read beyond their input, and what they take encodes to the same message again.
// The input's first byte says which decoder; 0 is a whole frame.
#include "base/check.h"
#include "wire/link/entries_frame.h"
#include "wire/link/messages.h"

using namespace distributary;

namespace {

template <class Message>
void round_trip(ByteView body) {
  auto message = Message::decode(body);
  if (!message) return;
  auto frame = message->encode();
  auto again = Message::decode(ByteView(frame).subspan(kFrameHeaderBytes));
  CHECK(again && *again == *message);
}

void whole_frame(ByteView frame) {
  if (frame.size() < kFrameHeaderBytes) return;
  auto header = parse_frame_header(frame.first(kFrameHeaderBytes));
  if (!header) return;
  CHECK(header->length >= kFrameHeaderBytes && header->length <= frame_bytes_max(header->type));
  if (header->length == frame.size()) (void)check_frame(frame);
}

void entries(ByteView body) {
  auto frame = EntriesFrame::decode(body);
  if (!frame) return;
  std::vector<Bytes> contents;
  for (ByteView content : frame->contents) contents.push_back(Bytes::copy(content));
  auto bytes = join_pieces(encode_entries(frame->number, std::move(contents)));
  CHECK(bytes.size() == kFrameHeaderBytes + body.size());
  CHECK(std::memcmp(bytes.data() + kFrameHeaderBytes, body.data(), body.size()) == 0);
}

void ending(ByteView body) {
  auto message = Ending::decode(body);
  if (!message) return;
  auto frame = message->encode(FrameType::stopped);
  auto again = Ending::decode(ByteView(frame).subspan(kFrameHeaderBytes));
  CHECK(again && *again == *message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  ByteView body(data + 1, size - 1);
  switch (data[0] % 8) {
    case 0: whole_frame(body); break;
    case 1: round_trip<Hello>(body); break;
    case 2: round_trip<Join>(body); break;
    case 3: round_trip<Welcome>(body); break;
    case 4: round_trip<Acknowledged>(body); break;
    case 5: round_trip<Heartbeat>(body); break;
    case 6: ending(body); break;
    case 7: entries(body); break;
  }
  return 0;
}
