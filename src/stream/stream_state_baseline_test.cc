// That a baseline says only what the history it stands for can have made; anything else is refused and changes nothing.
#include "stream/stream_harness.h"

namespace distributary {
namespace {

class BaselineTest : public testing::Test, protected StreamHarness {
 protected:
  BaselineTest() {
    open();
    clicks = {create("clicks"), 0};
    create("views");
    produce(clicks, {"0", "1", "2", "3", "4"});
    wait(must(stream->issue_producer_ids(10)).lsn);
    wait(must(stream->commit_cursors("group", {{clicks, 3, 0, ""}})));
  }
  std::vector<uint8_t> payload() const { return stream->state().encode_baseline(origin, 0); }

  // What a state makes of a baseline of `of` up to `lsn`.
  static Status apply(StreamState& state, const Origin& of, OriginLsn lsn, ByteView payload) {
    ContentFields fields;
    fields.entry_class = EntryClass::baseline;
    fields.type = EntryType::baseline;
    fields.origin = of;
    fields.origin_lsn = lsn;
    std::vector<uint8_t> entry;
    begin_entry(entry, fields, payload);
    return state.apply(seal_entry(entry, 0, 1, 0));
  }
  void expect_refused(const Origin& of, OriginLsn lsn, ByteView payload) {
    StreamState state;
    Status refused = apply(state, of, lsn, payload);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_NE(refused.error().message.find(to_string(of)), std::string::npos) << refused.error().message;
    EXPECT_TRUE(state.same_as(StreamState()));
  }
  OriginLsn last() const { return stream->state().origin(origin).lsn; }

  TopicPartition clicks;
};

TEST_F(BaselineTest, IsTakenOnce) {
  StreamState state;
  ASSERT_TRUE(apply(state, origin, last(), payload()));
  EXPECT_EQ(state.topic(clicks.topic)->partitions[0].next, 5);
  EXPECT_EQ(state.cursor("group", clicks)->offset, 3);
  EXPECT_EQ(state.producer_ids_issued(origin.stream), 10);
  EXPECT_EQ(apply(state, origin, last(), payload()).error().code, ErrorCode::corrupt);
}

TEST_F(BaselineTest, ThatStandsForNothingSaysNothing) {
  StreamState state;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(apply(state, origin, 0, StreamState().encode_baseline(origin, 7)));
  EXPECT_EQ(state.rewritten_until(origin), 7u);
  expect_refused(origin, 0, payload());
}

TEST_F(BaselineTest, HasTopicsOfItsHistoryOnly) {
  expect_refused({Uuid::from_random({9}), 1}, last(), payload());
  expect_refused({origin.stream, origin.incarnation + 1}, last(), payload());
  // The second topic was created later.
  expect_refused(origin, stream->state().topic(clicks.topic)->created_at, payload());
}

TEST_F(BaselineTest, HasItsBytesAndNoOthers) {
  const std::vector<uint8_t> whole = payload();
  for (size_t length = 0; length < whole.size(); ++length) {
    StreamState state;
    if (apply(state, origin, last(), ByteView(whole).first(length))) {
      EXPECT_TRUE(state.transactions().empty()) << length;  // that part may be missing: older builds did not write it
    }
  }
  std::vector<uint8_t> more = whole;
  more.push_back(0);
  expect_refused(origin, last(), more);
}

}  // namespace
}  // namespace distributary
