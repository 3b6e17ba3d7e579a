#include "replication/link_record.h"

#include "base/coding.h"
#include "wire/link/link_limits.h"

namespace distributary {

namespace {
constexpr uint8_t kVersion = 1;
}

std::string link_record_key(const LinkKey& key) {
  return "link/" + to_string(key.source) + "/" + to_string(key.replica);
}

std::string LinkRecord::encode() const {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u8(kVersion);
  out.u64(acknowledged.next);
  out.u64(acknowledged.segment);
  out.u64(acknowledged.at);
  out.u64(acknowledged.history_bytes);
  out.u64(acknowledged.history_records);
  out.i64(last_acknowledged);
  out.i64(last_appended);
  out.u64(regressions);
  out.varint(held.size());
  for (const auto& [origin, position] : held) {
    out.raw(origin.stream.view());
    out.u32(origin.incarnation);
    out.u64(position.lsn);
    out.u64(position.chain.low);
    out.u64(position.chain.high);
  }
  return std::string(as_text(bytes));
}

Result<LinkRecord> LinkRecord::decode(const std::string& value) {
  Decoder in(as_bytes(value));
  LinkRecord out;
  uint8_t version = in.u8();
  out.acknowledged.next = in.u64();
  out.acknowledged.segment = in.u64();
  out.acknowledged.at = in.u64();
  out.acknowledged.history_bytes = in.u64();
  out.acknowledged.history_records = in.u64();
  out.last_acknowledged = in.i64();
  out.last_appended = in.i64();
  out.regressions = in.u64();
  uint64_t count = in.varint();
  if (version != kVersion || count > kOriginsMax)
    return fail(ErrorCode::corrupt, "a stored link position cannot be read");
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    ByteView stream = in.raw(16);
    if (!in.ok()) break;
    Origin origin{Uuid::from_view(stream), in.u32()};
    OriginPosition& position = out.held[origin];
    position.lsn = in.u64();
    position.chain.low = in.u64();
    position.chain.high = in.u64();
  }
  if (!in.done()) return fail(ErrorCode::corrupt, "a stored link position is cut");
  return out;
}

}  // namespace distributary
