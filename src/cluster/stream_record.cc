#include "cluster/stream_record.h"

#include "base/coding_pieces.h"

namespace distributary {
namespace {

constexpr uint16_t kVersion = 1;

void encode(Encoder& out, const ReplicaRegistration& replica) {
  out.u32(replica.idx);
  out.text(replica.cluster);
  out.text(replica.path);
  out.raw(replica.uuid.view());
  out.u8(replica.paused);
  out.u8(replica.throttle);
  out.u8(replica.network_encryption);
  out.u8(replica.synchronous);
  out.text(replica.network_compression);
}

void encode(Encoder& out, const UpstreamRegistration& upstream) {
  out.u32(upstream.idx);
  out.text(upstream.cluster);
  out.text(upstream.path);
  out.raw(upstream.uuid.view());
}

bool read_bool(Decoder& in) {
  uint8_t value = in.u8();
  if (value > 1) in.fail();
  return value == 1;
}

ReplicaRegistration read_replica(Decoder& in) {
  ReplicaRegistration replica;
  replica.idx = in.u32();
  replica.cluster = in.text();
  replica.path = in.text();
  replica.uuid = get_uuid(in);
  replica.paused = read_bool(in);
  replica.throttle = read_bool(in);
  replica.network_encryption = read_bool(in);
  replica.synchronous = read_bool(in);
  replica.network_compression = in.text();
  return replica;
}

UpstreamRegistration read_upstream(Decoder& in) {
  UpstreamRegistration upstream;
  upstream.idx = in.u32();
  upstream.cluster = in.text();
  upstream.path = in.text();
  upstream.uuid = get_uuid(in);
  return upstream;
}

uint64_t read_count(Decoder& in, uint64_t max) {
  uint64_t count = in.varint();
  if (count > max) in.fail();
  return in.ok() ? count : 0;
}

}  // namespace

std::string stream_key(const std::string& path) { return "stream" + path; }
std::string stream_id_key(const Uuid& uuid) { return "stream-id/" + to_string(uuid); }
std::string epoch_key(const LogId& log) { return "epoch/" + to_string(log); }
std::string removed_key(const Uuid& uuid) { return kRemovedPrefix + to_string(uuid); }

std::string encode_stream_record(const StreamRecord& record) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u16(kVersion);
  out.raw(record.uuid.view());
  out.text(record.path);
  out.u32(record.incarnation);
  out.text(record.creator);
  out.i64(record.created);
  out.bytes(encode_stream_settings(record.settings));
  out.varint(record.replicas.size());
  for (const ReplicaRegistration& replica : record.replicas) encode(out, replica);
  out.varint(record.upstreams.size());
  for (const UpstreamRegistration& upstream : record.upstreams) encode(out, upstream);
  return std::string(as_text(bytes));
}

Result<StreamRecord> decode_stream_record(std::string_view bytes) {
  Decoder in(as_bytes(bytes));
  uint16_t version = in.u16();
  if (in.ok() && version != kVersion) {
    return fail(ErrorCode::unsupported, "a stream's record of version " + std::to_string(version) +
                                            "; this build reads version " + std::to_string(kVersion));
  }
  StreamRecord record;
  record.uuid = get_uuid(in);
  record.path = in.text();
  record.incarnation = in.u32();
  record.creator = in.text();
  record.created = in.i64();
  auto settings = decode_stream_settings(in.bytes());
  uint64_t replicas = read_count(in, kReplicasMax);
  for (uint64_t i = 0; i < replicas; ++i) record.replicas.push_back(read_replica(in));
  uint64_t upstreams = read_count(in, kUpstreamsMax);
  for (uint64_t i = 0; i < upstreams; ++i) record.upstreams.push_back(read_upstream(in));
  if (!in.done()) return fail(ErrorCode::corrupt, "the stored record of a stream is damaged");
  if (!settings) return fail(settings.error());
  record.settings = std::move(*settings);
  return record;
}

}  // namespace distributary
