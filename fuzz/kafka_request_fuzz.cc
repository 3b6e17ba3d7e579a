// What a Kafka client may send before anybody knows it: a frame of header and body, under the limits for requests.
// The input is the frame without its size.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "wire/kafka/header.h"
#include "wire/kafka/message_registry.h"

using distributary::ByteView;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto header = distributary::kafka::decode_request_header(ByteView(data, size));
  if (!header || !header->version_known()) return 0;
  const std::string name = std::string(header->api->name) + "Request";
  for (const auto& type : distributary::kafka::message_registry()) {
    if (type.name != name) continue;
    // Either refused, or a message that survives another turn.
    auto once = type.recode(header->body, header->api_version);
    if (!once) return 0;
    std::vector<uint8_t> bytes = distributary::join_pieces(*once);
    if (!type.recode(bytes, header->api_version)) std::abort();
  }
  return 0;
}
