#include "wire/link/messages.h"

#include <gtest/gtest.h>

#include "base/coding.h"
#include "wire/link/entries_frame.h"

namespace distributary {
namespace {

Uuid uuid(uint8_t fill) {
  Uuid out;
  out.bytes.fill(fill);
  return out;
}

ByteView body_of(const std::vector<uint8_t>& frame) { return ByteView(frame).subspan(kFrameHeaderBytes); }

Hello hello() {
  Hello out;
  out.mode = LinkMode::copy;
  out.connections = 3;
  out.session = uuid(1);
  out.source = {uuid(2), 4};
  out.storage_epoch = 77;
  out.replica = uuid(3);
  out.copy = uuid(5);
  out.source_cluster = "sanfrancisco";
  out.source_path = "/apps/activity";
  out.replica_cluster = "newyork";
  out.replica_path = "/apps/copy";
  out.grant = "secret";
  return out;
}

std::vector<HeldPosition> positions() {
  return {{{uuid(1), 1}, 5, {11, 12}}, {{uuid(1), 2}, 0, {}}, {{uuid(9), 1}, UINT64_MAX, {13, 14}}};
}

template <class Message>
void expect_round_trip(const Message& message) {
  std::vector<uint8_t> frame = message.encode();
  Result<Message> back = Message::decode(body_of(frame));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, message);
  for (size_t length = 0; length < body_of(frame).size(); ++length) {
    EXPECT_FALSE(Message::decode(body_of(frame).first(length))) << "cut to " << length;
  }
}

TEST(LinkMessages, RoundTripAndRefuseToBeCut) {
  expect_round_trip(hello());
  expect_round_trip(Join{uuid(8), 2});
  expect_round_trip(Welcome{1, 1 << 20, 4096, positions()});
  expect_round_trip(Acknowledged{17, 1 << 20, positions()});
  expect_round_trip(Heartbeat{1, 2, 3, 4, -5});
}

TEST(LinkMessages, EndingRoundTripsAndCutsALongMessage) {
  Ending ending{LinkErrorCode::not_an_upstream, std::string(5000, 'x')};
  std::vector<uint8_t> frame = ending.encode(FrameType::refused);
  Result<Ending> back = Ending::decode(body_of(frame));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->code, LinkErrorCode::not_an_upstream);
  EXPECT_EQ(back->message.size(), kLinkMessageBytesMax);
}

TEST(LinkMessages, CodesThatAreNeverSentAreNotTaken) {
  EXPECT_FALSE(link_error_from_wire(200));
  EXPECT_FALSE(link_error_from_wire(99));
  EXPECT_EQ(link_error_from_wire(121), LinkErrorCode::diverged);
  EXPECT_EQ(name(LinkErrorCode::all_gateways_unreachable), "ErrAllGatewaysUnreachable");
}

TEST(LinkMessages, LongestHelloFitsItsFrame) {
  Hello message = hello();
  message.source_cluster.assign(255, 'c');
  message.replica_cluster.assign(255, 'c');
  message.source_path.assign(4096, 'p');
  message.replica_path.assign(4096, 'p');
  message.grant.assign(kGrantBytesMax, 'g');
  Result<Hello> back = Hello::decode(body_of(message.encode()));
  ASSERT_TRUE(back) << back.error().message;
  message.grant.assign(kGrantBytesMax + 1, 'g');
  EXPECT_FALSE(Hello::decode(body_of(message.encode())));
}

TEST(LinkMessages, HelloLetsLaterVersionsSayMore) {
  std::vector<uint8_t> frame = hello().encode();
  frame.push_back(1);
  EXPECT_TRUE(Hello::decode(body_of(frame)));
}

TEST(LinkMessages, ImpossibleHellosAreRefused) {
  Hello message = hello();
  message.connections = 0;
  EXPECT_FALSE(Hello::decode(body_of(message.encode())));
  message = hello();
  message.connections = kLinkConnectionsMax + 1;
  EXPECT_FALSE(Hello::decode(body_of(message.encode())));
  message = hello();
  message.lane = 1;
  EXPECT_EQ(Hello::decode(body_of(message.encode())).error().code, ErrorCode::unsupported);
  message = hello();
  message.replica = {};
  EXPECT_FALSE(Hello::decode(body_of(message.encode())));
}

TEST(LinkMessages, PositionsMustAscendAndBeFew) {
  std::vector<HeldPosition> wrong = positions();
  std::swap(wrong[0], wrong[1]);
  EXPECT_FALSE(Acknowledged::decode(body_of(Acknowledged{1, 1, wrong}.encode())));
  std::vector<uint8_t> body;
  Encoder out(body);
  out.u64(1);
  out.u64(1);
  out.varint(kOriginsMax + 1);
  Result<Acknowledged> many = Acknowledged::decode(body);
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, ErrorCode::too_large);
}

TEST(EntriesFrame, GivesContentsBack) {
  std::vector<uint8_t> one{1, 2, 3}, two{4};
  std::vector<Bytes> contents{Bytes::copy(one), Bytes::copy(two)};
  std::vector<uint8_t> frame = join_pieces(encode_entries(9, contents));
  EXPECT_TRUE(check_frame(frame));
  EXPECT_EQ(frame.size(), entries_frame_bytes(contents));
  Result<EntriesFrame> back = EntriesFrame::decode(body_of(frame));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->number, 9u);
  ASSERT_EQ(back->contents.size(), 2u);
  EXPECT_TRUE(std::ranges::equal(back->contents[0], one));
  EXPECT_TRUE(std::ranges::equal(back->contents[1], two));
  for (size_t length = 0; length < body_of(frame).size(); ++length) {
    EXPECT_FALSE(EntriesFrame::decode(body_of(frame).first(length))) << "cut to " << length;
  }
}

TEST(EntriesFrame, CountsAndLengthsThatLieAreRefused) {
  std::vector<uint8_t> body;
  Encoder out(body);
  out.u64(1);
  out.u32(kEntriesPerFrameMax + 1);
  EXPECT_EQ(EntriesFrame::decode(body).error().code, ErrorCode::too_large);
  body.clear();
  out.u64(1);
  out.u32(1);
  out.u32(UINT32_MAX);
  EXPECT_EQ(EntriesFrame::decode(body).error().code, ErrorCode::corrupt);
  body.clear();
  out.u64(0);
  out.u32(1);
  out.u32(0);
  EXPECT_FALSE(EntriesFrame::decode(body)) << "frames are numbered from 1";
}

}  // namespace
}  // namespace distributary
