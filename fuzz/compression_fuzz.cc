// First byte: codec. Decompression of anything ends well or with an error, within its limit; and what is compressed
// comes back.
#include "base/check.h"
#include "model/compression.h"

using namespace distributary;

namespace {

// One for many inputs, as a reader of many batches has it: making one takes longer than most inputs.
void unpack_anything(Codec codec, ByteView input) {
  constexpr size_t kLimit = 1 << 20;
  static Decompressor decompressor;
  if (!decompressor.start(codec, input, kLimit)) return;
  size_t made = 0;
  for (auto piece = decompressor.next(); piece && !piece->empty(); piece = decompressor.next()) made += piece->size();
  CHECK(made <= kLimit);
}

void comes_back(Codec codec, ByteView input) {
  auto packed = compress(codec, input);
  CHECK(packed);
  auto back = decompress(codec, *packed, input.size());
  CHECK(back && std::equal(back->begin(), back->end(), input.begin(), input.end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Codec codec = static_cast<Codec>(data[0] % 5);
  const ByteView input(data + 1, size - 1);
  unpack_anything(codec, input);
  const bool packs = data[0] >= 224;  // one input of eight: what packs is made anew each time
  if (packs && !input.empty()) comes_back(codec, input);
  return 0;
}
