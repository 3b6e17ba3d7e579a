#include "storage/local/sync_scheduler.h"

#include <gtest/gtest.h>

#include "io/sim/sim_disk.h"
#include "io/sim/sim_executor.h"
#include "io/sim/sim_file_system.h"

namespace distributary {
namespace {

class SyncSchedulerTest : public testing::Test {
 protected:
  std::vector<std::shared_ptr<File>> make_files(size_t count) {
    std::vector<std::shared_ptr<File>> made;
    for (size_t i = 0; i < count; ++i) {
      std::string path = "/f" + std::to_string(files_made_++);
      std::shared_ptr<File> file = executor_.run(files_.open(path, OpenMode::create_new)).value();
      std::vector<Bytes> pieces{Bytes(std::vector<uint8_t>(100, uint8_t(i + 1)))};
      EXPECT_TRUE(executor_.run(file->write(0, std::move(pieces))).has_value());
      made.push_back(std::move(file));
    }
    return made;
  }
  size_t durable() {
    size_t count = 0;
    for (const std::string& path : disk_.durable_files()) count += disk_.durable_content(path).value().size() == 100;
    return count;
  }

  SimExecutor executor_;
  SimDisk disk_{1, "disk"};
  SimFileSystem files_{disk_, executor_};
  SyncScheduler syncs_{executor_, files_, "/"};
  size_t files_made_ = 0;
};

TEST_F(SyncSchedulerTest, syncs_a_few_files_by_themselves) {
  auto few = make_files(SyncScheduler::kParallelSyncs - 1);
  ASSERT_TRUE(executor_.run(syncs_.sync(few, "/")).has_value());
  EXPECT_EQ(syncs_.single_syncs(), SyncScheduler::kParallelSyncs);
  EXPECT_EQ(syncs_.whole_syncs(), 0U);
  EXPECT_EQ(durable(), few.size());
  ASSERT_TRUE(executor_.run(syncs_.sync({}, "")).has_value());
  EXPECT_EQ(syncs_.single_syncs(), SyncScheduler::kParallelSyncs);
}

TEST_F(SyncSchedulerTest, syncs_many_files_at_once) {
  auto many = make_files(100);
  ASSERT_TRUE(executor_.run(syncs_.sync(many, "/")).has_value());
  EXPECT_EQ(syncs_.single_syncs(), 0U);
  EXPECT_EQ(syncs_.whole_syncs(), 1U);
  EXPECT_EQ(durable(), many.size());
}

Task<void> sync_one(SyncScheduler& syncs, std::shared_ptr<File> file, size_t& ok, size_t& failed) {
  std::vector<std::shared_ptr<File>> one{std::move(file)};
  Status status = co_await syncs.sync(std::move(one), "/");
  ++(status ? ok : failed);
}

TEST_F(SyncSchedulerTest, gathers_what_comes_while_others_run) {
  TaskScope scope(executor_);
  size_t ok = 0, failed = 0;
  for (std::shared_ptr<File>& file : make_files(200)) scope.spawn(sync_one(syncs_, std::move(file), ok, failed));
  ASSERT_TRUE(executor_.run_until_true([&] { return scope.size() == 0; }));
  EXPECT_EQ(ok, 200U);
  EXPECT_EQ(durable(), 200U);
  EXPECT_LE(syncs_.single_syncs(), 2 * SyncScheduler::kParallelSyncs);
  EXPECT_GE(syncs_.whole_syncs(), 1U);
  EXPECT_LE(syncs_.whole_syncs(), 3U);
}

TEST_F(SyncSchedulerTest, tells_everybody_of_a_failure) {
  auto many = make_files(50);
  disk_.settings.sync_error = 1;
  Status whole = executor_.run(syncs_.sync(many, "/"));
  ASSERT_FALSE(whole.has_value());
  EXPECT_EQ(whole.error().code, ErrorCode::io);
  TaskScope scope(executor_);
  size_t ok = 0, failed = 0;
  for (std::shared_ptr<File>& file : make_files(60)) scope.spawn(sync_one(syncs_, std::move(file), ok, failed));
  ASSERT_TRUE(executor_.run_until_true([&] { return scope.size() == 0; }));
  EXPECT_EQ(failed, 60U);
  disk_.settings.sync_error = 0;
  EXPECT_TRUE(executor_.run(syncs_.sync(make_files(3), "/")).has_value());
}

}  // namespace
}  // namespace distributary
