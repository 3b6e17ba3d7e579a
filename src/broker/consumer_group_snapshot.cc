#include "broker/consumer_group_snapshot.h"

#include "broker/snapshot_coding.h"

namespace distributary {

using namespace snapshot_coding;

namespace {

constexpr size_t kUuidBytes = 16;
constexpr size_t kConsumerMemberBytesMin = 22;

void put_uuids(Encoder& out, const std::vector<TopicUuid>& topics) {
  out.varint(topics.size());
  for (const TopicUuid& topic : topics) put_uuid(out, topic);
}

std::vector<TopicUuid> get_uuids(Decoder& in) {
  std::vector<TopicUuid> out(get_count(in, kUuidBytes));
  for (TopicUuid& topic : out) topic = get_uuid(in);
  if (!std::ranges::is_sorted(out)) in.fail();
  return out;
}

uint32_t get_partition_number(Decoder& in) {
  const uint64_t value = in.varint();
  if (value <= kSnapshotPartitionsMax) return static_cast<uint32_t>(value);
  in.fail();
  return 0;
}

void put_partitions(Encoder& out, const PartitionSet& partitions) {
  out.varint(partitions.size());
  for (const TopicPartition& partition : partitions) {
    put_uuid(out, partition.topic);
    out.varint(partition.partition);
  }
}

PartitionSet get_partitions(Decoder& in) {
  PartitionSet out(get_count(in, kUuidBytes + 1));
  for (TopicPartition& partition : out) {
    partition.topic = get_uuid(in);
    partition.partition = get_partition_number(in);
  }
  const auto not_rising = [](const TopicPartition& a, const TopicPartition& b) { return !(a < b); };
  if (std::ranges::adjacent_find(out, not_rising) != out.end()) in.fail();
  return out;
}

void put_topics(Encoder& out, const GroupTopics& topics) {
  out.varint(topics.topics.size());
  for (const auto& [topic, info] : topics.topics) {
    put_uuid(out, topic);
    out.text(info.name);
    out.varint(info.partitions);
  }
  out.varint(topics.by_name.size());
  for (const auto& [name, topic] : topics.by_name) {
    out.text(name);
    put_uuid(out, topic);
  }
  out.varint(topics.by_pattern.size());
  for (const auto& [pattern, found] : topics.by_pattern) {
    out.text(pattern.expression);
    out.text(pattern.user);
    put_uuids(out, found);
  }
}

GroupTopics get_topics(Decoder& in) {
  GroupTopics out;
  for (size_t left = get_count(in, kUuidBytes + 2); left > 0 && in.ok(); --left) {
    GroupTopics::Info& info = out.topics[get_uuid(in)];
    info.name = in.text();
    info.partitions = get_partition_number(in);
  }
  for (size_t left = get_count(in, kUuidBytes + 1); left > 0 && in.ok(); --left) {
    std::string name = in.text();
    out.by_name[std::move(name)] = get_uuid(in);
  }
  for (size_t left = get_count(in, 3); left > 0 && in.ok(); --left) {
    PatternKey pattern{in.text(), in.text()};
    out.by_pattern[std::move(pattern)] = get_uuids(in);
  }
  return out;
}

void put_caller(Encoder& out, const Caller& caller) {
  out.text(caller.principal.user);
  out.text(caller.principal.user_id);
  put_texts(out, caller.principal.groups);
  put_texts(out, caller.principal.roles);
  out.text(caller.client_id);
  out.text(caller.client_host);
  out.u8(static_cast<uint8_t>(caller.action ? static_cast<int>(*caller.action) + 1 : 0));
}

Caller get_caller(Decoder& in) {
  Caller caller;
  caller.principal.user = in.text();
  caller.principal.user_id = in.text();
  caller.principal.groups = get_texts(in);
  caller.principal.roles = get_texts(in);
  caller.client_id = in.text();
  caller.client_host = in.text();
  const uint8_t action = in.u8();
  if (action > kStreamActionCount) in.fail();
  if (action > 0) caller.action = static_cast<StreamAction>(action - 1);
  return caller;
}

void put_classic(Encoder& out, const std::optional<ClassicTerms>& classic) {
  out.u8(classic ? 1 : 0);
  if (!classic) return;
  put_millis(out, classic->session_timeout);
  put_protocols(out, classic->protocols);
}

std::optional<ClassicTerms> get_classic(Decoder& in) {
  if (!get_flag(in)) return std::nullopt;
  ClassicTerms classic;
  classic.session_timeout = get_millis(in);
  classic.protocols = get_protocols(in);
  if (classic.protocols.empty()) in.fail();
  return classic;
}

void put_consumer_member(Encoder& out, const ConsumerMember& member) {
  out.text(member.id);
  put_optional(out, member.instance_id);
  out.text(member.rack_id);
  put_caller(out, member.caller);
  put_millis(out, member.rebalance_timeout);
  put_texts(out, member.topic_names);
  out.text(member.topic_pattern);
  out.text(member.assignor ? to_string(*member.assignor) : std::string_view());
  put_classic(out, member.classic);
  out.zigzag(member.epoch);
  out.zigzag(member.previous_epoch);
  out.u8(static_cast<uint8_t>(member.state));
  put_partitions(out, member.assigned);
  put_partitions(out, member.revoking);
  put_partitions(out, member.target);
}

ConsumerMember get_consumer_member(Decoder& in) {
  ConsumerMember member;
  member.id = in.text();
  member.instance_id = get_optional(in);
  member.rack_id = in.text();
  member.caller = get_caller(in);
  member.rebalance_timeout = get_millis(in);
  member.topic_names = get_texts(in);
  member.topic_pattern = in.text();
  const std::string assignor = in.text();
  member.assignor = parse_assignor(assignor);
  if (!assignor.empty() && !member.assignor) in.fail();
  member.classic = get_classic(in);
  member.epoch = get_int32(in);
  member.previous_epoch = get_int32(in);
  const uint8_t state = in.u8();
  if (state > static_cast<uint8_t>(ConsumerMember::State::unreleased)) in.fail();
  member.state = static_cast<ConsumerMember::State>(state);
  member.assigned = get_partitions(in);
  member.revoking = get_partitions(in);
  member.target = get_partitions(in);
  return member;
}

bool plausible_consumer_group(const ConsumerGroupSnapshot& snapshot) {
  if (snapshot.target_epoch < 0 || snapshot.epoch < snapshot.target_epoch || snapshot.epoch > kEpochMax) return false;
  return std::ranges::all_of(snapshot.members, [&snapshot](const auto& entry) {
    const ConsumerMember& member = entry.second;
    if (member.epoch == kLeaveForNowEpoch) return member.instance_id.has_value() && !member.classic;
    return member.epoch >= 0 && member.epoch <= snapshot.target_epoch;
  });
}

}  // namespace

std::string encode_snapshot(int32_t epoch, int32_t target_epoch, const GroupTopics& topics,
                            const std::map<std::string, ConsumerMember>& members) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  put_header(out, SnapshotKind::consumer);
  out.zigzag(epoch);
  out.zigzag(target_epoch);
  put_topics(out, topics);
  put_members(out, members, put_consumer_member);
  return finished(bytes);
}

Result<ConsumerGroupSnapshot> decode_consumer_group_snapshot(ByteView bytes) {
  Decoder in(bytes);
  get_header(in, SnapshotKind::consumer);
  ConsumerGroupSnapshot snapshot;
  snapshot.epoch = get_int32(in);
  snapshot.target_epoch = get_int32(in);
  snapshot.topics = get_topics(in);
  snapshot.members = get_members(in, kConsumerMemberBytesMin, get_consumer_member);
  if (in.done() && plausible_consumer_group(snapshot)) return snapshot;
  return fail(ErrorCode::corrupt, "what is kept of a consumer group is malformed");
}

}  // namespace distributary
