#include "model/ids.h"

#include "base/checksum.h"
#include "base/coding.h"

namespace distributary {

std::string to_string(const Origin& origin) {
  return to_string(origin.stream) + "/" + std::to_string(origin.incarnation);
}

TopicUuid derive_topic_uuid(const Origin& creator, OriginLsn created_at) {
  std::vector<uint8_t> name;
  Encoder encoder(name);
  encoder.raw(creator.stream.view());
  encoder.u32(creator.incarnation);
  encoder.u64(created_at);
  Hash128 hash = hash128(name);
  Uuid uuid;
  store_le(uuid.bytes.data(), hash.low);
  store_le(uuid.bytes.data() + 8, hash.high);
  uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | 0x80);
  uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

}  // namespace distributary
