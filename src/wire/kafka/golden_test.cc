// Every message in every version against the bytes of Kafka's own client.
#include <gtest/gtest.h>

#include <random>

#include "wire/kafka/consumer_protocol.h"
#include "wire/kafka/golden_entries.h"
#include "wire/kafka/header.h"
#include "wire/kafka/message_registry.h"

namespace distributary::kafka {
namespace {

std::string title(const GoldenEntry& entry) {
  return entry.message + " v" + std::to_string(entry.version) + " " + entry.form;
}

// Calls use(type, entry) for both forms of every version of every message, and fails if one is missing.
template <class Use>
void for_each_golden(Use use) {
  for (const MessageType& type : message_registry()) {
    for (int16_t version = type.min_version; version <= type.max_version; ++version) {
      for (const char* form : {"full", "sparse"}) {
        const GoldenEntry* entry = find_golden(std::string(type.name), version, form);
        ASSERT_NE(entry, nullptr) << type.name << " v" << version << " has no golden bytes";
        use(type, *entry);
      }
    }
  }
}

TEST(KafkaGolden, DecodesAndEncodesToTheSameBytes) {
  size_t count = 0;
  for_each_golden([&](const MessageType& type, const GoldenEntry& entry) {
    auto pieces = type.recode(entry.bytes, entry.version);
    ASSERT_TRUE(pieces) << title(entry) << ": " << pieces.error().message;
    EXPECT_EQ(join_pieces(*pieces), entry.bytes) << title(entry);
    ++count;
  });
  EXPECT_GT(count, 700u);
}

TEST(KafkaGolden, NoVersionIsLeftOverInTheGoldenFiles) {
  for (const GoldenEntry& entry : golden_entries()) {
    if (entry.message.ends_with("Header")) continue;
    bool known = false;
    for (const MessageType& type : message_registry()) {
      if (type.name == entry.message) known = entry.version >= type.min_version && entry.version <= type.max_version;
    }
    EXPECT_TRUE(known) << title(entry);
  }
}

TEST(KafkaGolden, EveryPrefixIsRefused) {
  for_each_golden([](const MessageType& type, const GoldenEntry& entry) {
    for (size_t size = 0; size < entry.bytes.size(); ++size) {
      // A copy of its own, so that the sanitizer sees a read beyond the end.
      std::vector<uint8_t> prefix(entry.bytes.begin(), entry.bytes.begin() + static_cast<ptrdiff_t>(size));
      auto result = type.recode(prefix, entry.version);
      ASSERT_FALSE(result) << title(entry) << " cut to " << size;
      ASSERT_EQ(result.error().code, distributary::ErrorCode::corrupt) << title(entry);
    }
  });
}

TEST(KafkaGolden, BytesLeftOverAreRefused) {
  for_each_golden([](const MessageType& type, const GoldenEntry& entry) {
    std::vector<uint8_t> longer = entry.bytes;
    longer.push_back(0);
    ASSERT_FALSE(type.recode(longer, entry.version)) << title(entry);
  });
}

// Damaged bytes are either refused or are a message: what it is encoded to decodes and encodes to itself.
TEST(KafkaGolden, DamageIsRefusedOrIsAMessage) {
  std::mt19937 random(4711);
  size_t refused = 0, accepted = 0;
  for_each_golden([&](const MessageType& type, const GoldenEntry& entry) {
    if (entry.bytes.empty()) return;
    for (int round = 0; round < 100; ++round) {
      std::vector<uint8_t> damaged = entry.bytes;
      for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) {
        damaged[random() % damaged.size()] = static_cast<uint8_t>(random() % 2 ? random() : 0xff);
      }
      auto once = type.recode(damaged, entry.version);
      if (!once) {
        ++refused;
        continue;
      }
      ++accepted;
      std::vector<uint8_t> first = join_pieces(*once);
      auto twice = type.recode(first, entry.version);
      ASSERT_TRUE(twice) << title(entry) << ": " << twice.error().message;
      ASSERT_EQ(join_pieces(*twice), first) << title(entry);
    }
  });
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(accepted, 1000u);
}

TEST(KafkaGolden, RequestHeaders) {
  for (int16_t version : {1, 2}) {
    for (const char* form : {"full", "sparse"}) {
      const GoldenEntry* entry = find_golden("RequestHeader", version, form);
      ASSERT_NE(entry, nullptr);
      auto header = decode_request_header(entry->bytes);
      ASSERT_TRUE(header) << header.error().message;
      EXPECT_EQ(header->api->key, ApiKey::fetch);
      EXPECT_EQ(header->api_version, version == 2 ? 12 : 11);
      EXPECT_EQ(header->correlation_id, 0x01020304);
      EXPECT_EQ(header->client_id.value_or("null"), form == std::string("full") ? "client" : "null");
      EXPECT_TRUE(header->body.empty());
      Writer out;
      begin_request_frame(out, *header);
      auto frame = join_pieces(finish_frame(out, kMaxFrameBytes).value());
      EXPECT_EQ(decode_frame_size(ByteView(frame).first(4)).value(), entry->bytes.size());
      EXPECT_TRUE(std::equal(frame.begin() + 4, frame.end(), entry->bytes.begin(), entry->bytes.end()));
      for (size_t size = 0; size < entry->bytes.size(); ++size) {
        EXPECT_FALSE(decode_request_header(ByteView(entry->bytes).first(size)));
      }
    }
  }
}

TEST(KafkaGolden, ResponseHeaders) {
  const ApiInfo& fetch = *find_api(ApiKey::fetch);
  for (int16_t version : {0, 1}) {
    const GoldenEntry* entry = find_golden("ResponseHeader", version, "full");
    ASSERT_NE(entry, nullptr);
    int16_t api_version = version == 0 ? 11 : 12;
    auto header = decode_response_header(entry->bytes, fetch, api_version);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->correlation_id, 0x01020304);
    EXPECT_TRUE(header->body.empty());
    Writer out;
    begin_response_frame(out, fetch, api_version, 0x01020304);
    auto frame = join_pieces(finish_frame(out, kMaxResponseFrameBytes).value());
    EXPECT_TRUE(std::equal(frame.begin() + 4, frame.end(), entry->bytes.begin(), entry->bytes.end()));
  }
}

TEST(KafkaGolden, ConsumerProtocolBlobsOfNewerVersionsAreRead) {
  ConsumerProtocolSubscription subscription;
  subscription.topics = {"a", "b"};
  subscription.rack_id = "r";
  subscription.owned_partitions = {{"a", {1, 2}}};
  Bytes blob = encode_subscription(subscription, 3).value();
  EXPECT_EQ(decode_subscription(blob)->rack_id, "r");
  std::vector<uint8_t> newer(blob.view().begin(), blob.view().end());
  newer[1] = 9;
  newer.push_back(77);
  auto decoded = decode_subscription(newer);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->owned_partitions, subscription.owned_partitions);
  newer[0] = 0x80;
  EXPECT_FALSE(decode_subscription(newer));
  EXPECT_FALSE(decode_assignment(ByteView(newer).first(1)));
  ConsumerProtocolAssignment assignment;
  assignment.assigned_partitions = {{"a", {7}}};
  auto again = decode_assignment(encode_assignment(assignment, 1).value());
  EXPECT_EQ(again->assigned_partitions, assignment.assigned_partitions);
}

}  // namespace
}  // namespace distributary::kafka
