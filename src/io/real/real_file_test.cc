#include "io/real/real_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "io/real/real_blocking_pool.h"
#include "io/real/real_executor.h"
#include "io/real/real_file_system.h"
#include "io/sim/sim_random.h"

namespace distributary {
namespace {

// Bytes that this process has had the device read.
uint64_t device_bytes() {
  std::ifstream file("/proc/self/io");
  for (std::string key; file >> key;) {
    uint64_t value = 0;
    file >> value;
    if (key == "read_bytes:") return value;
  }
  return 0;
}

class ScatteredRead : public testing::Test {
 protected:
  static constexpr size_t kSize = 8 << 20;
  static constexpr size_t kBatch = 1024;

  ScatteredRead() {
    std::string pattern = std::filesystem::current_path().string() + "/scattered-XXXXXX";
    int descriptor = ::mkstemp(pattern.data());
    CHECK(descriptor >= 0);
    path_ = pattern;
    SimRandom(1).fill(content_);
    CHECK(::write(descriptor, content_.data(), kSize) == static_cast<ssize_t>(kSize));
    CHECK(::fsync(descriptor) == 0);
    file_ = std::make_unique<RealFile>(executor_, pool_, pool_, descriptor, path_);
    descriptor_ = descriptor;
  }
  ~ScatteredRead() override { std::filesystem::remove(path_); }

  void make_cold() { ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED); }
  void expect_right(uint64_t at, size_t length) {
    std::vector<uint8_t> bytes(length);
    Result<size_t> count = executor_.run(file_->read_scattered(at, bytes));
    ASSERT_TRUE(count.has_value()) << count.error().message;
    size_t expected = at >= kSize ? 0 : std::min<size_t>(length, kSize - at);
    ASSERT_EQ(*count, expected) << at;
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(expected),
                           content_.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(at, kSize))));
  }

  RealExecutor executor_;
  RealBlockingPool pool_{2};
  std::vector<uint8_t> content_ = std::vector<uint8_t>(kSize);
  std::string path_;
  std::unique_ptr<RealFile> file_;
  int descriptor_ = -1;
};

TEST_F(ScatteredRead, gives_the_same_bytes_warm_and_cold) {
  for (int round = 0; round < 2; ++round) {
    for (uint64_t at : {0, 1, 511, 512, 4095, 4096, 1'000'001}) {
      for (size_t length : {1, 2, 512, 513, 1024, 5000, 300'000}) expect_right(at, length);
    }
    for (uint64_t before : {0, 1, 100, 511, 512, 600, 5000}) expect_right(kSize - before, 1000);
    expect_right(kSize + 1, 10);
    expect_right(kSize + 100'000, 10);
    make_cold();
  }
}

// Bytes written a moment ago are seen, though they are not on the device.
TEST_F(ScatteredRead, sees_what_is_not_synced) {
  make_cold();
  std::fill(content_.begin() + 5000, content_.begin() + 9000, uint8_t{7});
  std::vector<Bytes> pieces{Bytes(std::vector<uint8_t>(4000, uint8_t{7}))};
  ASSERT_TRUE(executor_.run(file_->write(5000, std::move(pieces))).has_value());
  expect_right(4000, 100);
  expect_right(4000, 8000);
  expect_right(5000, 1000);
  expect_right(8999, 2);
}

TEST_F(ScatteredRead, moves_few_bytes_beyond_those_asked) {
  if (DirectReader::open(descriptor_) == nullptr) GTEST_SKIP() << "this file system cannot read past the page cache";
  make_cold();
  uint64_t before = device_bytes();
  constexpr uint64_t kReads = 64;
  for (uint64_t i = 0; i < kReads; ++i) expect_right(i * (kSize / kReads) + 300, kBatch);
  uint64_t moved = device_bytes() - before;
  EXPECT_GT(moved, 0U);
  EXPECT_LE(moved, 4 * kReads * kBatch);
}

}  // namespace
}  // namespace distributary
