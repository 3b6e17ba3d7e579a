#include "model/entry_payload.h"

#include "model/payload_coding.h"

namespace distributary {
using namespace payload_coding;

namespace {

TimestampType get_timestamp_type(Decoder& in) {
  uint8_t type = in.u8();
  if (type > 1) in.fail();
  return static_cast<TimestampType>(type);
}

// At the end of a payload, and not at all where nothing is set.
void put_settings(Encoder& out, const TopicSettings& settings) {
  if (!settings.empty()) out.raw(encode_topic_settings(settings));
}

Status get_settings(Decoder& in, TopicSettings& settings) {
  if (!in.ok() || in.done()) return {};
  TRY(settings, decode_topic_settings(in.raw(in.remaining())));
  return {};
}

}  // namespace

std::vector<uint8_t> TopicCreated::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.text(name);
  out.u32(partitions);
  out.raw(owner.view());
  out.u8(static_cast<uint8_t>(timestamp_type));
  put_settings(out, settings);
  return bytes;
}

Result<TopicCreated> TopicCreated::decode(ByteView payload) {
  Decoder in(payload);
  TopicCreated value;
  value.name = get_text(in, kTopicNameBytesMax);
  value.partitions = in.u32();
  value.owner = get_uuid(in);
  value.timestamp_type = get_timestamp_type(in);
  TRY_STATUS(get_settings(in, value.settings));
  if (!in.done() || value.partitions == 0 || value.partitions > kPartitionsPerTopicMax)
    return fail(malformed("topic created"));
  return value;
}

std::vector<uint8_t> TopicAltered::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u32(partitions);
  out.u8(static_cast<uint8_t>(timestamp_type));
  put_settings(out, settings);
  return bytes;
}

Result<TopicAltered> TopicAltered::decode(ByteView payload) {
  Decoder in(payload);
  TopicAltered value;
  value.partitions = in.u32();
  value.timestamp_type = get_timestamp_type(in);
  TRY_STATUS(get_settings(in, value.settings));
  if (!in.done() || value.partitions == 0 || value.partitions > kPartitionsPerTopicMax)
    return fail(malformed("topic altered"));
  return value;
}

std::vector<uint8_t> CursorsCommitted::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.text(group);
  out.raw(writer.view());
  out.varint(cursors.size());
  for (const CursorCommit& cursor : cursors) put_cursor(out, cursor);
  return bytes;
}

Result<CursorsCommitted> CursorsCommitted::decode(ByteView payload) {
  Decoder in(payload);
  CursorsCommitted value;
  value.group = get_text(in, kGroupIdBytesMax);
  value.writer = get_uuid(in);
  value.cursors.resize(get_count(in, kCursorBytesMin, kCursorsPerEntryMax));
  for (CursorCommit& cursor : value.cursors) cursor = get_cursor(in);
  if (!in.done()) return fail(malformed("cursors committed"));
  return value;
}

std::vector<uint8_t> CursorsDeleted::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.text(group);
  out.varint(partitions.size());
  for (const TopicPartition& partition : partitions) put_partition(out, partition);
  return bytes;
}

Result<CursorsDeleted> CursorsDeleted::decode(ByteView payload) {
  Decoder in(payload);
  CursorsDeleted value;
  value.group = get_text(in, kGroupIdBytesMax);
  size_t count = get_count(in, 17, kCursorsPerEntryMax);
  for (size_t i = 0; i < count; ++i) value.partitions.push_back(get_partition(in));
  if (!in.done()) return fail(malformed("cursors deleted"));
  return value;
}

std::vector<uint8_t> ProducerIdsIssued::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.i64(first);
  out.u32(count);
  return bytes;
}

Result<ProducerIdsIssued> ProducerIdsIssued::decode(ByteView payload) {
  Decoder in(payload);
  ProducerIdsIssued value;
  value.first = in.i64();
  value.count = in.u32();
  if (!in.done()) return fail(malformed("producer ids issued"));
  return value;
}

std::vector<uint8_t> ProducersExpired::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.varint(ids.size());
  for (int64_t id : ids) out.i64(id);
  return bytes;
}

Result<ProducersExpired> ProducersExpired::decode(ByteView payload) {
  Decoder in(payload);
  ProducersExpired value;
  size_t count = get_count(in, 8, kCursorsPerEntryMax);
  for (size_t i = 0; i < count; ++i) value.ids.push_back(in.i64());
  if (!in.done()) return fail(malformed("producers expired"));
  return value;
}

std::vector<uint8_t> RecordsDeleted::encode() const {
  std::vector<uint8_t> bytes;
  Encoder(bytes).i64(log_start);
  return bytes;
}

Result<RecordsDeleted> RecordsDeleted::decode(ByteView payload) {
  Decoder in(payload);
  RecordsDeleted value{in.i64()};
  if (!in.done() || value.log_start < 0) return fail(malformed("records deleted"));
  return value;
}

std::vector<uint8_t> Expired::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.varint(partitions.size());
  for (const Partition& item : partitions) {
    put_partition(out, item.partition);
    out.zigzag(item.log_start);
  }
  return bytes;
}

Result<Expired> Expired::decode(ByteView payload) {
  Decoder in(payload);
  Expired value;
  size_t count = get_count(in, 18, kCursorsPerEntryMax);
  value.partitions.resize(count);
  for (Partition& item : value.partitions) {
    item.partition = get_partition(in);
    item.log_start = in.zigzag();
  }
  if (!in.done()) return fail(malformed("expired"));
  return value;
}

}  // namespace distributary
