// Any message, requests, responses and embedded ones, in any version. The first two bytes of the input choose.
#include <cstdint>
#include <cstdlib>

#include "wire/kafka/message_registry.h"

using distributary::ByteView;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  auto types = distributary::kafka::message_registry();
  const auto& type = types[data[0] % types.size()];
  auto version = static_cast<int16_t>(type.min_version + data[1] % (type.max_version - type.min_version + 1));
  auto once = type.recode(ByteView(data + 2, size - 2), version);
  if (!once) return 0;
  std::vector<uint8_t> bytes = distributary::join_pieces(*once);
  if (!type.recode(bytes, version)) std::abort();
  return 0;
}
