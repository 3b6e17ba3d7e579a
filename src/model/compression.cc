#include "model/compression.h"

#include <fmt/core.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "base/big_endian.h"
#include "model/compression_framing.h"

namespace distributary {
namespace {

constexpr std::array<std::string_view, 5> kCodecNames = {"none", "gzip", "snappy", "lz4", "zstd"};
constexpr size_t kSnappyBlockBytes = 32 * 1024;

Error broken(Codec codec, std::string_view what) {
  return {ErrorCode::io, fmt::format("{} compression failed: {}", to_string(codec), what)};
}

Result<std::vector<uint8_t>> compress_gzip(ByteView data) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(broken(Codec::gzip, "no memory"));
  }
  std::vector<uint8_t> out(deflateBound(&stream, data.size()));
  stream.next_in = const_cast<uint8_t*>(data.data());
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return fail(broken(Codec::gzip, "the stream did not end"));
  return out;
}

std::vector<uint8_t> compress_snappy_stream(ByteView data) {
  std::vector<uint8_t> out(kSnappyMagic.begin(), kSnappyMagic.end());
  out.resize(kSnappyHeaderBytes);
  store_be<int32_t>(out.data() + 8, 1);
  store_be<int32_t>(out.data() + 12, 1);
  while (!data.empty()) {
    ByteView piece = data.first(std::min(kSnappyBlockBytes, data.size()));
    std::vector<uint8_t> block = compress_snappy_block(piece);
    size_t at = out.size();
    out.resize(at + 4);
    store_be<int32_t>(out.data() + at, static_cast<int32_t>(block.size()));
    out.insert(out.end(), block.begin(), block.end());
    data = data.subspan(piece.size());
  }
  return out;
}

Result<std::vector<uint8_t>> compress_lz4(ByteView data) {
  std::vector<uint8_t> out(LZ4F_compressFrameBound(data.size(), nullptr));
  size_t size = LZ4F_compressFrame(out.data(), out.size(), data.data(), data.size(), nullptr);
  if (LZ4F_isError(size)) return fail(broken(Codec::lz4, LZ4F_getErrorName(size)));
  out.resize(size);
  return out;
}

Result<std::vector<uint8_t>> compress_zstd(ByteView data) {
  std::vector<uint8_t> out(ZSTD_compressBound(data.size()));
  size_t size = ZSTD_compress(out.data(), out.size(), data.data(), data.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size)) return fail(broken(Codec::zstd, ZSTD_getErrorName(size)));
  out.resize(size);
  return out;
}

}  // namespace

std::string_view to_string(Codec codec) { return kCodecNames[static_cast<size_t>(codec)]; }

Result<Codec> parse_codec(std::string_view name) {
  auto found = std::find(kCodecNames.begin(), kCodecNames.end(), name);
  if (found != kCodecNames.end()) return static_cast<Codec>(found - kCodecNames.begin());
  return fail(ErrorCode::invalid_argument,
              fmt::format("'{}' is no compression codec; allowed are none, gzip, snappy, lz4 and zstd", name));
}

std::vector<uint8_t> compress_snappy_block(ByteView data) {
  std::vector<uint8_t> out(snappy::MaxCompressedLength(data.size()));
  size_t size = 0;
  snappy::RawCompress(reinterpret_cast<const char*>(data.data()), data.size(), reinterpret_cast<char*>(out.data()),
                      &size);
  out.resize(size);
  return out;
}

Result<std::vector<uint8_t>> compress(Codec codec, ByteView data) {
  switch (codec) {
    case Codec::none: return std::vector<uint8_t>(data.begin(), data.end());
    case Codec::gzip: return compress_gzip(data);
    case Codec::snappy: return compress_snappy_stream(data);
    case Codec::lz4: return compress_lz4(data);
    case Codec::zstd: return compress_zstd(data);
  }
  return fail(ErrorCode::unsupported, "unknown compression codec");
}

Result<std::vector<uint8_t>> decompress(Codec codec, ByteView data, size_t limit) {
  Decompressor decompressor;
  TRY_STATUS(decompressor.start(codec, data, limit));
  std::vector<uint8_t> out;
  while (true) {
    TRY(ByteView piece, decompressor.next());
    if (piece.empty()) return out;
    out.insert(out.end(), piece.begin(), piece.end());
  }
}

}  // namespace distributary
