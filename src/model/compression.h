// The codecs of Kafka record batches: gzip, snappy (raw block and the framed stream of snappy-java), LZ4 frame, zstd.
//
// Decompression is bounded: the caller states how many bytes may come out, and a claim inside the data is never
// believed before that. Errors: corrupt (not in the codec's format, or cut short, or bytes left over), too_large
// (limit). Above the limit nothing was allocated for what would have come.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace distributary {

// The values are Kafka's (bits 0-2 of a batch's attributes).
enum class Codec : uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

std::string_view to_string(Codec codec);
Result<Codec> parse_codec(std::string_view name);

// Compresses with the codec's default level; snappy in the framed form that Java clients write.
Result<std::vector<uint8_t>> compress(Codec codec, ByteView data);
// The raw snappy block, which some clients send.
std::vector<uint8_t> compress_snappy_block(ByteView data);

// One-shot: everything at once, at most `limit` bytes. For large or hostile data prefer Decompressor.
Result<std::vector<uint8_t>> decompress(Codec codec, ByteView data, size_t limit);

// Gives the decompressed bytes piece by piece in memory of its own, so that checking a batch of any size costs a small,
// constant amount of memory (a raw snappy block excepted: at most 22 times its input). Belongs to one executor and is
// used for one input after the other; its tables are kept between them.
class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  // Begins a new input, which must stay valid until the last next(). Whatever was open before is dropped.
  Status start(Codec codec, ByteView input, size_t limit);
  // The next piece, valid until the following call; empty at the end, when the whole input was used and well-formed.
  Result<ByteView> next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace distributary
