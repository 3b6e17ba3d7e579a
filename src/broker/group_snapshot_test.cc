#include "broker/group_snapshot.h"

#include <gtest/gtest.h>

#include "broker/consumer_group_snapshot.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;

Bytes copied(std::string_view text) { return Bytes::copy(as_bytes(text)); }

GroupSnapshot classic() {
  GroupSnapshot out{"consumer", "range", 7, "b", {}};
  GroupMember& a = out.members["a"];
  a.id = "a";
  a.instance_id = "one";
  a.client_id = "client";
  a.client_host = "/10.0.0.1";
  a.session_timeout = milliseconds(10'000);
  a.rebalance_timeout = milliseconds(60'000);
  a.protocols = {{"range", copied("m")}, {"sticky", copied("")}};
  a.topic_names = std::vector<std::string>{"t", "u"};
  a.assignment = copied("p0");
  out.members["b"].id = "b";
  return out;
}

std::string encode(const ConsumerGroupSnapshot& group) {
  return encode_snapshot(group.epoch, group.target_epoch, group.topics, group.members);
}

ConsumerGroupSnapshot consumers() {
  ConsumerGroupSnapshot out;
  out.epoch = 9;
  out.target_epoch = 8;
  const TopicUuid topic = Uuid::from_random({3});
  out.topics.topics[topic] = {"t", 6};
  out.topics.by_name["t"] = topic;
  out.topics.by_pattern[{"t.*", "root"}] = {topic};
  ConsumerMember& a = out.members["a"];
  a.id = "a";
  a.instance_id = "one";
  a.rack_id = "rack";
  a.caller.principal = {"root", "0", {"g"}, {"r"}};
  a.caller.client_id = "client";
  a.caller.client_host = "/10.0.0.1";
  a.caller.action = StreamAction::copy_to;
  a.rebalance_timeout = milliseconds(30'000);
  a.topic_names = {"t"};
  a.topic_pattern = "t.*";
  a.assignor = Assignor::range;
  a.classic = ClassicTerms{milliseconds(10'000), {{"range", copied("m")}}, kNever};
  a.epoch = 8;
  a.previous_epoch = 7;
  a.state = ConsumerMember::State::unreleased;
  a.assigned = {{topic, 0}, {topic, 5}};
  a.revoking = {{topic, 1}};
  a.target = {{topic, 0}, {topic, 2}};
  ConsumerMember& b = out.members["b"];
  b.id = "b";
  b.instance_id = "two";
  b.epoch = kLeaveForNowEpoch;
  return out;
}

TEST(GroupSnapshot, AClassicGroupComesBackAsItWas) {
  const std::string stored = encode_snapshot(classic());
  EXPECT_EQ(snapshot_kind(as_bytes(stored)), SnapshotKind::classic);
  Result<GroupSnapshot> read = decode_group_snapshot(as_bytes(stored));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->protocol_name, "range");
  EXPECT_EQ(read->generation, 7);
  EXPECT_EQ(read->leader, "b");
  const GroupMember& a = read->members.at("a");
  EXPECT_EQ(a.instance_id, "one");
  EXPECT_EQ(a.rebalance_timeout, milliseconds(60'000));
  EXPECT_EQ(a.topic_names->size(), 2u);
  EXPECT_EQ(as_text(*a.metadata("range")), "m");
  EXPECT_EQ(as_text(a.assignment), "p0");
  EXPECT_EQ(encode_snapshot(*read), stored) << "the rest, too";
}

TEST(GroupSnapshot, AConsumerGroupComesBackAsItWas) {
  const ConsumerGroupSnapshot group = consumers();
  const std::string stored = encode(group);
  EXPECT_EQ(snapshot_kind(as_bytes(stored)), SnapshotKind::consumer);
  Result<ConsumerGroupSnapshot> read = decode_consumer_group_snapshot(as_bytes(stored));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->epoch, 9);
  EXPECT_EQ(read->target_epoch, 8);
  EXPECT_EQ(read->topics, group.topics);
  const ConsumerMember& a = read->members.at("a");
  EXPECT_EQ(a.caller.action, StreamAction::copy_to);
  EXPECT_EQ(a.caller.principal.roles, std::vector<std::string>{"r"});
  EXPECT_EQ(a.assignor, Assignor::range);
  EXPECT_EQ(a.state, ConsumerMember::State::unreleased);
  EXPECT_EQ(a.assigned, group.members.at("a").assigned);
  EXPECT_EQ(encode(*read), stored) << "the rest, too";
}

TEST(GroupSnapshot, WhatCannotBeIsRefused) {
  GroupSnapshot headless = classic();
  headless.leader = "nobody";
  EXPECT_FALSE(decode_group_snapshot(as_bytes(encode_snapshot(headless))));
  GroupSnapshot twins = classic();
  twins.members["b"].instance_id = "one";
  EXPECT_FALSE(decode_group_snapshot(as_bytes(encode_snapshot(twins))));
  ConsumerGroupSnapshot ahead = consumers();
  ahead.members["a"].epoch = 9;
  EXPECT_FALSE(decode_consumer_group_snapshot(as_bytes(encode(ahead))));
  ConsumerGroupSnapshot unsorted = consumers();
  std::swap(unsorted.members["a"].target[0], unsorted.members["a"].target[1]);
  EXPECT_FALSE(decode_consumer_group_snapshot(as_bytes(encode(unsorted))));
  std::string other = encode_snapshot(classic());
  EXPECT_FALSE(decode_consumer_group_snapshot(as_bytes(other)));
  other[0] = 1;
  EXPECT_EQ(snapshot_kind(as_bytes(other)), std::nullopt) << "of another version";
  EXPECT_FALSE(decode_group_snapshot(as_bytes(other)));
}

// Whatever the bytes are: an error or a group, never more than was there.
TEST(GroupSnapshot, DamagedBytesAreHarmless) {
  for (const std::string& whole : {encode_snapshot(classic()), encode(consumers())}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::string part = whole.substr(0, size);
      EXPECT_FALSE(decode_group_snapshot(as_bytes(part)));
      EXPECT_FALSE(decode_consumer_group_snapshot(as_bytes(part)));
      for (const char value : {'\0', '\x01', '\x7f', '\xff'}) {
        std::string damaged = whole;
        damaged[size] = value;
        (void)decode_group_snapshot(as_bytes(damaged));
        (void)decode_consumer_group_snapshot(as_bytes(damaged));
      }
    }
    EXPECT_FALSE(decode_group_snapshot(as_bytes(whole + "x")));
    EXPECT_FALSE(decode_consumer_group_snapshot(as_bytes(whole + "x")));
  }
}

}  // namespace
}  // namespace distributary
