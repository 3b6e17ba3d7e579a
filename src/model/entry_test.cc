#include "model/entry.h"

#include <gtest/gtest.h>

#include "model/entry_payload.h"

namespace distributary {
namespace {

const Origin kOrigin{Uuid::from_random({1, 2, 3}), 1};
constexpr uint32_t kSalt = 77;

std::vector<uint8_t> one_entry(std::string_view payload) {
  std::vector<uint8_t> group;
  ContentFields fields;
  fields.origin = kOrigin;
  fields.origin_lsn = 9;
  fields.partition = 3;
  fields.base_offset = 40;
  fields.offset_count = 2;
  fields.appended = 1234;
  size_t at = begin_entry(group, fields, as_bytes(payload));
  seal_entry(group, at, 21, kSalt);
  return group;
}

TEST(Entry, RoundTrip) {
  std::vector<uint8_t> bytes = one_entry("payload");
  EXPECT_EQ(bytes.size() % 8, 0u);
  EntryView entry = EntryView::parse(bytes, kSalt).value();
  EXPECT_EQ(entry.lsn, 21u);
  EXPECT_EQ(entry.length, bytes.size());
  EXPECT_EQ(entry.content.origin(), kOrigin);
  EXPECT_EQ(entry.content.origin_lsn(), 9u);
  EXPECT_EQ(entry.content.end_offset(), 42);
  EXPECT_EQ(entry.content.appended(), 1234);
  EXPECT_EQ(as_text(entry.content.payload()), "payload");
}

TEST(Entry, ContentMovesToAnotherLogUnchanged) {
  std::vector<uint8_t> bytes = one_entry("payload");
  ContentView content = EntryView::parse(bytes, kSalt).value().content;
  std::vector<uint8_t> other;
  append_content(other, content.bytes(), 500, kSalt + 1);
  EntryView copy = EntryView::parse(other, kSalt + 1).value();
  EXPECT_EQ(copy.lsn, 500u);
  EXPECT_EQ(copy.content.chain_after(), content.chain_after());
  EXPECT_TRUE(std::equal(copy.content.bytes().begin(), copy.content.bytes().end(), content.bytes().begin()));
}

TEST(Entry, EveryFlippedBitIsNoticed) {
  const std::vector<uint8_t> bytes = one_entry("payload");
  size_t meaningful = kEntryHeaderBytes + 7;
  for (size_t bit = 0; bit < meaningful * 8; ++bit) {
    std::vector<uint8_t> damaged = bytes;
    damaged[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    EXPECT_FALSE(EntryView::parse(damaged, kSalt).has_value()) << "bit " << bit;
  }
}

TEST(Entry, ForeignAndShortBytesAreNoEntry) {
  std::vector<uint8_t> bytes = one_entry("payload");
  EXPECT_EQ(EntryView::parse(bytes, kSalt + 1).error().code, ErrorCode::corrupt);
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(EntryView::parse(ByteView(bytes).first(length), kSalt).has_value());
  }
}

TEST(Entry, UnknownTypeIsRefusedByName) {
  std::vector<uint8_t> group;
  ContentFields fields;
  fields.type = static_cast<EntryType>(200);
  size_t at = begin_entry(group, fields, {});
  seal_entry(group, at, 1, kSalt);
  Error error = EntryView::parse(group, kSalt).error();
  EXPECT_EQ(error.code, ErrorCode::unsupported);
  EXPECT_NE(error.message.find("type 200"), std::string::npos);
}

TEST(EntryPayload, RoundTrips) {
  TopicPartition partition{Uuid::from_random({9}), 4};
  TopicCreated created{"clicks", 12, Uuid::from_random({1}), TimestampType::log_append_time, {}};
  EXPECT_EQ(TopicCreated::decode(created.encode()).value(), created);
  TopicAltered altered{24, TimestampType::create_time, {}};
  EXPECT_EQ(TopicAltered::decode(altered.encode()).value(), altered);
  CursorsCommitted committed{"group", Uuid::from_random({2}), {{partition, 17, 2, "note"}}};
  EXPECT_EQ(CursorsCommitted::decode(committed.encode()).value(), committed);
  CursorsDeleted deleted{"group", {partition}};
  EXPECT_EQ(CursorsDeleted::decode(deleted.encode()).value(), deleted);
  ProducerIdsIssued issued{4000, 1000};
  EXPECT_EQ(ProducerIdsIssued::decode(issued.encode()).value(), issued);
  ProducersExpired producers{{1, 2, 3}};
  EXPECT_EQ(ProducersExpired::decode(producers.encode()).value(), producers);
  Expired expired{{{partition, 99}}};
  EXPECT_EQ(Expired::decode(expired.encode()).value(), expired);
}

TEST(EntryPayload, PrefixesAreRefused) {
  CursorsCommitted committed{"group", Uuid::from_random({2}), {{{Uuid::from_random({9}), 4}, 17, 2, "note"}}};
  std::vector<uint8_t> bytes = committed.encode();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(CursorsCommitted::decode(ByteView(bytes).first(length)).error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace distributary
