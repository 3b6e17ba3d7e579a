#include "model/compression.h"

#include <gtest/gtest.h>

#include <string>

namespace distributary {
namespace {

constexpr size_t kLimit = 1 << 20;
constexpr Codec kCompressing[] = {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

std::vector<uint8_t> sample(size_t size) {
  std::vector<uint8_t> out(size);
  uint32_t state = 12345;
  for (size_t i = 0; i < size; ++i) {
    state = state * 1664525 + 1013904223;
    out[i] = i % 3 == 0 ? static_cast<uint8_t>(state >> 24) : static_cast<uint8_t>(i / 7);
  }
  return out;
}

std::vector<uint8_t> concatenate(std::vector<uint8_t> left, const std::vector<uint8_t>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

TEST(Compression, RoundTripsEveryCodecAndSize) {
  for (Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    for (size_t size : {1u, 100u, 65536u, 65537u, 300000u}) {
      std::vector<uint8_t> data = sample(size);
      std::vector<uint8_t> packed = compress(codec, data).value();
      EXPECT_EQ(decompress(codec, packed, size).value(), data) << to_string(codec) << " " << size;
    }
  }
}

TEST(Compression, ReadsARawSnappyBlock) {
  std::vector<uint8_t> data = sample(200000);
  EXPECT_EQ(decompress(Codec::snappy, compress_snappy_block(data), data.size()).value(), data);
}

TEST(Compression, TheLimitIsExact) {
  std::vector<uint8_t> data = sample(100000);
  for (Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    std::vector<uint8_t> packed = compress(codec, data).value();
    EXPECT_TRUE(decompress(codec, packed, data.size()));
    EXPECT_EQ(decompress(codec, packed, data.size() - 1).error().code, ErrorCode::too_large) << to_string(codec);
  }
  std::vector<uint8_t> block = compress_snappy_block(data);
  EXPECT_EQ(decompress(Codec::snappy, block, data.size() - 1).error().code, ErrorCode::too_large);
}

TEST(Compression, EveryCutIsAnErrorOrAPrefix) {
  std::vector<uint8_t> data = sample(5000);
  for (Codec codec : kCompressing) {
    std::vector<uint8_t> packed = compress(codec, data).value();
    for (size_t size = 0; size < packed.size(); ++size) {
      auto cut = decompress(codec, ByteView(packed).first(size), kLimit);
      // A framed snappy stream may end after its header; it then holds nothing.
      if (codec == Codec::snappy && size == 16) {
        EXPECT_TRUE(cut && cut->empty());
      } else {
        EXPECT_EQ(cut.error().code, ErrorCode::corrupt) << to_string(codec) << " " << size;
      }
    }
  }
}

TEST(Compression, RefusesWhatIsNotInTheFormat) {
  std::vector<uint8_t> noise(64, 0xa5);
  for (Codec codec : kCompressing) {
    EXPECT_EQ(decompress(codec, noise, kLimit).error().code, ErrorCode::corrupt) << to_string(codec);
    EXPECT_EQ(decompress(codec, {}, kLimit).error().code, ErrorCode::corrupt) << to_string(codec);
  }
}

TEST(Compression, GzipMembersAndZstdFramesMayFollowEachOther) {
  std::vector<uint8_t> data = sample(1000);
  for (Codec codec : {Codec::gzip, Codec::zstd}) {
    std::vector<uint8_t> packed = compress(codec, data).value();
    EXPECT_EQ(decompress(codec, concatenate(packed, packed), kLimit).value(), concatenate(data, data))
        << to_string(codec);
    EXPECT_FALSE(decompress(codec, concatenate(packed, {1, 2, 3}), kLimit)) << to_string(codec);
  }
  std::vector<uint8_t> lz4 = compress(Codec::lz4, data).value();
  EXPECT_EQ(decompress(Codec::lz4, concatenate(lz4, lz4), kLimit).error().code, ErrorCode::corrupt);
}

TEST(Compression, ASnappyClaimIsNotBelieved) {
  // A block of six bytes that claims to hold 4 GiB - 1.
  std::vector<uint8_t> liar = {0xff, 0xff, 0xff, 0xff, 0x0f, 0x00};
  EXPECT_EQ(decompress(Codec::snappy, liar, size_t{1} << 33).error().code, ErrorCode::corrupt);
}

TEST(Compression, ManyEmptySnappyBlocksCostNothing) {
  std::vector<uint8_t> packed = compress(Codec::snappy, {}).value();
  std::vector<uint8_t> empty_block = {0, 0, 0, 1, 0};
  for (int i = 0; i < 200000; ++i) packed.insert(packed.end(), empty_block.begin(), empty_block.end());
  EXPECT_EQ(decompress(Codec::snappy, packed, kLimit).value().size(), 0u);
}

TEST(Decompressor, IsUsedForOneInputAfterTheOther) {
  Decompressor decompressor;
  std::vector<uint8_t> data = sample(200000);
  for (int round = 0; round < 2; ++round) {
    for (Codec codec : kCompressing) {
      std::vector<uint8_t> packed = compress(codec, data).value();
      // Leave one input half read, then begin again.
      ASSERT_TRUE(decompressor.start(codec, packed, kLimit));
      ASSERT_FALSE(decompressor.next().value().empty());
      ASSERT_TRUE(decompressor.start(codec, packed, kLimit));
      std::vector<uint8_t> got;
      for (ByteView piece = decompressor.next().value(); !piece.empty(); piece = decompressor.next().value()) {
        EXPECT_LE(piece.size(), 64u * 1024);
        got.insert(got.end(), piece.begin(), piece.end());
      }
      EXPECT_EQ(got, data) << to_string(codec);
    }
  }
}

TEST(Codec, NamesGoBothWays) {
  for (Codec codec : kCompressing) EXPECT_EQ(parse_codec(to_string(codec)).value(), codec);
  EXPECT_EQ(parse_codec("brotli").error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace distributary
