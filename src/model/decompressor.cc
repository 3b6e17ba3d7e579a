// Streaming decompression, one codec after the other behind one loop: `fill` produces at least one byte or says that
// the input ended well.
#include <fmt/core.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/big_endian.h"
#include "model/compression.h"
#include "model/compression_framing.h"

namespace distributary {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;
constexpr size_t kKeptBytesMax = 16 * 1024 * 1024;  // memory that an unusual input took beyond this is given back
constexpr size_t kSnappyRatioMax = 22;              // three bytes of input give at most 64 bytes of output

struct FreeInflate {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};
struct FreeLz4 {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};
struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

struct Decompressor::State {
  Codec codec = Codec::none;
  ByteView input;
  size_t limit = 0;
  size_t produced = 0;
  bool frame_open = false;  // the end of the input now would mean that it was cut
  std::vector<uint8_t> buffer;
  std::unique_ptr<z_stream, FreeInflate> gzip;
  std::unique_ptr<LZ4F_dctx, FreeLz4> lz4;
  std::unique_ptr<ZSTD_DCtx, FreeZstd> zstd;

  tl::unexpected<Error> corrupt(std::string_view what) const {
    return fail(ErrorCode::corrupt, fmt::format("the {} data is damaged: {}", to_string(codec), what));
  }
  tl::unexpected<Error> over_limit() const {
    return fail(ErrorCode::too_large,
                fmt::format("the {} data decompresses to more than {} bytes", to_string(codec), limit));
  }

  Status open();
  Status open_gzip();
  Status open_lz4();
  Status open_zstd();
  Status open_snappy();
  // Bytes put into `buffer`; zero if more input is needed or the input is at its end.
  Result<size_t> fill_gzip();
  Result<size_t> fill_lz4();
  Result<size_t> fill_zstd();
  Result<size_t> fill_snappy();
  Result<size_t> fill();
  Result<ByteView> snappy_block();
  Result<ByteView> next();
};

Decompressor::Decompressor() : state_(std::make_unique<State>()) {}
Decompressor::~Decompressor() = default;

Status Decompressor::start(Codec codec, ByteView input, size_t limit) {
  state_->codec = codec;
  state_->input = input;
  state_->limit = limit;
  state_->produced = 0;
  state_->frame_open = false;
  if (codec != Codec::none && input.empty()) return state_->corrupt("it is empty");
  return state_->open();
}

Result<ByteView> Decompressor::next() { return state_->next(); }

Status Decompressor::State::open() {
  if (buffer.size() > kKeptBytesMax) buffer = {};
  if (codec != Codec::none) buffer.resize(std::max(buffer.size(), kPieceBytes));
  switch (codec) {
    case Codec::none: return {};
    case Codec::gzip: return open_gzip();
    case Codec::snappy: return open_snappy();
    case Codec::lz4: return open_lz4();
    case Codec::zstd: return open_zstd();
  }
  return fail(ErrorCode::unsupported, "unknown compression codec");
}

Status Decompressor::State::open_gzip() {
  if (gzip) {
    inflateReset(gzip.get());
    return {};
  }
  auto stream = std::make_unique<z_stream>();
  if (inflateInit2(stream.get(), kGzipWindowBits) != Z_OK) return fail(ErrorCode::io, "gzip: no memory");
  gzip.reset(stream.release());
  return {};
}

Status Decompressor::State::open_lz4() {
  if (lz4) {
    LZ4F_resetDecompressionContext(lz4.get());
    return {};
  }
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
    return fail(ErrorCode::io, "lz4: no memory");
  lz4.reset(context);
  return {};
}

Status Decompressor::State::open_zstd() {
  if (zstd && ZSTD_sizeof_DCtx(zstd.get()) > kKeptBytesMax) zstd.reset();
  if (!zstd) zstd.reset(ZSTD_createDCtx());
  if (!zstd) return fail(ErrorCode::io, "zstd: no memory");
  ZSTD_DCtx_reset(zstd.get(), ZSTD_reset_session_only);
  return {};
}

Status Decompressor::State::open_snappy() {
  bool framed =
      input.size() >= kSnappyMagic.size() && std::memcmp(input.data(), kSnappyMagic.data(), kSnappyMagic.size()) == 0;
  frame_open = !framed;  // a raw block is one piece; a framed stream may end after any block
  if (!framed) return {};
  if (input.size() < kSnappyHeaderBytes) return corrupt("its header is cut short");
  input = input.subspan(kSnappyHeaderBytes);
  return {};
}

Result<size_t> Decompressor::State::fill_gzip() {
  gzip->next_in = const_cast<uint8_t*>(input.data());
  gzip->avail_in = static_cast<uInt>(std::min<size_t>(input.size(), UINT32_MAX));
  size_t given = gzip->avail_in;
  gzip->next_out = buffer.data();
  gzip->avail_out = kPieceBytes;
  int code = inflate(gzip.get(), Z_NO_FLUSH);
  input = input.subspan(given - gzip->avail_in);
  if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
    return corrupt(gzip->msg != nullptr ? gzip->msg : "it is no gzip stream");
  }
  frame_open = code != Z_STREAM_END;
  if (code == Z_STREAM_END) inflateReset(gzip.get());  // a stream may have several members
  return kPieceBytes - gzip->avail_out;
}

Result<size_t> Decompressor::State::fill_lz4() {
  size_t used = input.size();
  size_t made = kPieceBytes;
  size_t code = LZ4F_decompress(lz4.get(), buffer.data(), &made, input.data(), &used, nullptr);
  if (LZ4F_isError(code)) return corrupt(LZ4F_getErrorName(code));
  input = input.subspan(used);
  frame_open = code != 0;
  // Clients stop after the first frame: what they would not see is refused.
  if (!frame_open && !input.empty()) return corrupt("bytes are left over");
  return made;
}

Result<size_t> Decompressor::State::fill_zstd() {
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  ZSTD_outBuffer out{buffer.data(), kPieceBytes, 0};
  size_t code = ZSTD_decompressStream(zstd.get(), &out, &in);
  if (ZSTD_isError(code)) return corrupt(ZSTD_getErrorName(code));
  input = input.subspan(in.pos);
  frame_open = code != 0;
  return out.pos;
}

Result<ByteView> Decompressor::State::snappy_block() {
  if (frame_open) {
    frame_open = false;
    return std::exchange(input, ByteView{});
  }
  if (input.size() < 4) return corrupt("a block length is cut short");
  uint32_t length = load_be<uint32_t>(input.data());
  if (length > input.size() - 4) return corrupt("a block is cut short");
  ByteView block = input.subspan(4, length);
  input = input.subspan(4 + length);
  return block;
}

Result<size_t> Decompressor::State::fill_snappy() {
  TRY(ByteView block, snappy_block());
  const char* from = reinterpret_cast<const char*>(block.data());
  size_t length = 0;
  if (!snappy::GetUncompressedLength(from, block.size(), &length)) return corrupt("a block has no length");
  if (length > block.size() * kSnappyRatioMax) return corrupt("a block claims more than it can hold");
  if (length > limit - produced) return over_limit();
  buffer.resize(std::max(buffer.size(), length));
  if (!snappy::RawUncompress(from, block.size(), reinterpret_cast<char*>(buffer.data()))) {
    return corrupt("a block does not decode");
  }
  return length;
}

Result<size_t> Decompressor::State::fill() {
  switch (codec) {
    case Codec::gzip: return fill_gzip();
    case Codec::snappy: return fill_snappy();
    case Codec::lz4: return fill_lz4();
    default: return fill_zstd();
  }
}

Result<ByteView> Decompressor::State::next() {
  if (codec == Codec::none) {
    if (input.size() > limit) return over_limit();
    return std::exchange(input, ByteView{});
  }
  while (!input.empty() || frame_open) {
    size_t before = input.size();
    TRY(size_t made, fill());
    produced += made;
    if (produced > limit) return over_limit();
    if (made > 0) return ByteView(buffer).first(made);
    if (frame_open && input.size() == before) return corrupt("it is cut short");
  }
  return ByteView{};
}

}  // namespace distributary
