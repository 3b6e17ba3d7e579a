// First byte: codec. Decompression of anything ends well or with an error, within its limit; and what is compressed
// comes back.
#include "base/check.h"
#include "model/compression.h"

using namespace distributary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLimit = 1 << 20;
  if (size == 0) return 0;
  Codec codec = static_cast<Codec>(data[0] % 5);
  ByteView input(data + 1, size - 1);
  auto out = decompress(codec, input, kLimit);
  CHECK(!out || out->size() <= kLimit);
  if (input.empty()) return 0;
  auto packed = compress(codec, input);
  CHECK(packed);
  auto back = decompress(codec, *packed, input.size());
  CHECK(back && std::equal(back->begin(), back->end(), input.begin(), input.end()));
  return 0;
}
