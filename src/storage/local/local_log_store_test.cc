// What only the local engine does; the rest is in the contract suite.
#include "storage/local/local_log_store.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/checksum.h"
#include "io/sim/sim_disk.h"
#include "io/sim/sim_executor.h"
#include "io/sim/sim_file_system.h"
#include "storage/local/local_log.h"
#include "storage/log_store_harness.h"

namespace distributary {
namespace {

class LocalLogStoreTest : public testing::Test {
 protected:
  LocalLogStoreTest() { start({}); }
  void start(std::optional<uint64_t> reserve, size_t open_files = 16) {
    LocalLogOptions options{.root = "/data", .reserve = reserve, .open_files = open_files};
    auto started = run(LocalLogStore::start(executor_, files_, std::move(options)));
    ASSERT_TRUE(started.has_value()) << started.error().message;
    store_ = std::move(*started);
  }
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  std::unique_ptr<Log> open(StorageEpoch epoch, LogId id = kId) {
    auto log = run(store_->open(id, epoch));
    EXPECT_TRUE(log.has_value()) << log.error().message;
    return log ? std::move(*log) : nullptr;
  }
  uint64_t used() { return disk_.settings.capacity - disk_.free_bytes(); }
  std::vector<std::string> files() { return disk_.current_files(); }

  static constexpr LogId kId{Uuid{{0xab}}, 0};
  const std::string directory_ = "/data/logs/ab000000-0000-0000-0000-000000000000.0";
  const std::string segment_ = directory_ + "/segment-00000000000000000001.log";
  SimExecutor executor_;
  SimDisk disk_{1, "disk"};
  SimFileSystem files_{disk_, executor_};
  std::unique_ptr<LocalLogStore> store_;
};

TEST_F(LocalLogStoreTest, has_the_documented_layout) {
  auto log = open(7);
  ASSERT_OK(run(log->create_segment(1, 1 << 20)));
  ASSERT_OK(run(log->put_blob("index-1", Bytes::copy(test_pattern(1, 10)))));
  EXPECT_EQ(files(), (std::vector<std::string>{directory_ + "/blob-index-1", directory_ + "/epoch",
                                               directory_ + "/segment-00000000000000000001.log"}));
}

TEST_F(LocalLogStoreTest, leaves_strange_files_alone_and_removes_leftovers) {
  auto log = open(1);
  log.reset();
  for (const char* name : {"temporary-9", "segment-1.log", "segment-00000000000000000000.log", "notes.txt"}) {
    ASSERT_OK(run(files_.open(directory_ + "/" + name, OpenMode::create_new)));
  }
  ASSERT_OK(run(files_.make_directories("/data/logs/removed-x-1/y")));
  ASSERT_OK(run(files_.make_directories("/data/logs/lost+found")));
  start({});
  log = open(2);
  EXPECT_TRUE(log->segments().empty());
  EXPECT_TRUE(run(log->list_blobs()).value().empty());
  EXPECT_EQ(log->bytes_used(), 0U);
  EXPECT_EQ(files().size(), 4U);  // the epoch, and three that are not ours
  EXPECT_EQ(run(store_->list()).value(), std::vector<LogId>{kId});
  EXPECT_EQ(run(files_.list("/data/logs")).value().size(), 2U);
}

TEST_F(LocalLogStoreTest, refuses_a_damaged_or_newer_epoch) {
  open(5).reset();
  ASSERT_OK(disk_.corrupt(directory_ + "/epoch", 2, 1, 1));
  EXPECT_FAILS(ErrorCode::corrupt, run(store_->open(kId, 6)));
  auto file = run(files_.open(directory_ + "/epoch", OpenMode::read_write)).value();
  ASSERT_OK(run(file->truncate(0)));
  EXPECT_FAILS(ErrorCode::corrupt, run(store_->open(kId, 6)));
  char newer[32];
  std::snprintf(newer, sizeof newer, "2 5 %08x\n", crc32c(as_bytes("2 5")));
  std::vector<Bytes> pieces{Bytes::copy(as_bytes(newer))};
  ASSERT_OK(run(file->write(0, std::move(pieces))));
  EXPECT_FAILS(ErrorCode::unsupported, run(store_->open(kId, 6)));
}

TEST_F(LocalLogStoreTest, reserves_space_in_steps_and_gives_it_back) {
  auto log = open(1);
  ASSERT_OK(run(log->create_segment(1, uint64_t{256} << 20)));
  EXPECT_LT(used(), uint64_t{1} << 20);  // an idle stream holds nothing
  ASSERT_OK(run(log->append(Bytes::copy(test_pattern(1, 1000)))));
  EXPECT_GE(used(), LocalLog::kFirstReservation);
  EXPECT_LE(used(), 2 * LocalLog::kFirstReservation);
  ASSERT_OK(run(log->append(Bytes::copy(test_pattern(1, 5'000'000)))));
  EXPECT_GE(used(), uint64_t{8'000'000});
  EXPECT_LE(used(), uint64_t{12'000'000});
  ASSERT_OK(run(log->create_segment(2, uint64_t{256} << 20)));
  EXPECT_LE(used(), uint64_t{5'001'000} + 100);
}

TEST_F(LocalLogStoreTest, keeps_a_reserve) {
  uint64_t capacity = disk_.settings.capacity;
  EXPECT_EQ(run(store_->space_left()).value(), capacity - LocalLogOptions::kMaxDefaultReserve);
  disk_.settings.capacity = 10'000'000;
  start({});
  EXPECT_EQ(run(store_->space_left()).value(), 9'500'000U);
  start(uint64_t{9'000'000});
  EXPECT_EQ(run(store_->space_left()).value(), 1'000'000U);
  start(uint64_t{11'000'000});
  EXPECT_EQ(run(store_->space_left()).value(), 0U);
}

TEST_F(LocalLogStoreTest, closes_files_beyond_the_limit) {
  start({}, 3);
  auto log = open(1);
  for (uint64_t number = 1; number <= 10; ++number) {
    ASSERT_OK(run(log->create_segment(number, 0)));
    ASSERT_OK(run(log->append(Bytes::copy(test_pattern(number, 100)))));
    ASSERT_OK(run(log->sync()));
    EXPECT_LE(store_->open_files().size(), 3U);
  }
  for (uint64_t number = 1; number <= 10; ++number) {
    Bytes bytes = run(log->read(number, 0, 100, ReadPattern::scattered)).value();
    EXPECT_EQ(std::vector<uint8_t>(bytes.view().begin(), bytes.view().end()), test_pattern(number, 100));
    EXPECT_LE(store_->open_files().size(), 3U);
  }
}

// What the system has failed to write back it takes for written; a new owner must not build on it.
TEST_F(LocalLogStoreTest, survives_failed_write_back) {
  for (StorageEpoch epoch = 1; epoch < 60; ++epoch) {
    disk_.settings.writeback_error = 0.2;
    disk_.settings.sync_error = 0.05;
    Result<std::unique_ptr<Log>> opened = run(store_->open(kId, epoch));
    Status status;
    if (!opened) continue;
    Log& log = **opened;
    uint64_t shown = log.segments().empty() ? 0 : log.segments().back().bytes;
    std::vector<uint8_t> before;
    if (shown > 0) {
      Bytes bytes = run(log.read(1, 0, shown, ReadPattern::sequential)).value();
      before.assign(bytes.view().begin(), bytes.view().end());
    } else if (log.segments().empty()) {
      status = run(log.create_segment(1, 1 << 20));
    }
    if (shown > 0) {
      ASSERT_EQ(disk_.durable_content(segment_).value(), before) << "under epoch " << epoch;
    }
    for (int i = 0; status && i < 5; ++i) {
      status = run(log.append(Bytes::copy(test_pattern(epoch, 3000))));
      if (status) status = run(log.sync());
    }
  }
  EXPECT_GT(disk_.durable_content(segment_).value().size(), 20'000U);
}

}  // namespace
}  // namespace distributary
