// What every engine of logs must do when sealed segments are rewritten. See log_store_harness.h.
#include "storage/log_store_harness.h"

namespace distributary {
namespace {

class LogStoreRewrite : public testing::TestWithParam<LogStoreEngine> {
 protected:
  void SetUp() override {
    harness_ = GetParam().make(1);
    open();
    for (SegmentNumber number = 1; number <= 4; ++number) {
      ASSERT_OK(run(log_->create_segment(number, 0)));
      ASSERT_OK(run(log_->append(Bytes::copy(test_pattern(number, 1000 * number)))));
    }
    ASSERT_OK(run(log_->sync()));
  }
  void TearDown() override { log_.reset(); }
  template <class T>
  T run(Task<T> task) {
    return harness_->run(std::move(task));
  }
  void open() {
    log_.reset();
    Result<std::unique_ptr<Log>> opened = run(harness_->store().open(id_, ++epoch_));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    log_ = std::move(*opened);
  }
  void reopen() {
    log_.reset();
    harness_->restart();
    open();
  }
  Status write(SegmentNumber first, SegmentNumber last, RewriteNumber rewrite, size_t bytes) {
    TRY_STATUS(run(log_->begin_rewrite(first, last, rewrite)));
    std::vector<uint8_t> all = test_pattern(100 + rewrite, bytes);
    TRY_STATUS(run(log_->append_rewrite(Bytes::copy(ByteView(all).first(bytes / 3)))));
    return run(log_->append_rewrite(Bytes::copy(ByteView(all).subspan(bytes / 3))));
  }
  std::vector<uint8_t> content(SegmentNumber segment) {
    Result<Bytes> bytes = run(log_->read(segment, 0, 1 << 20, ReadPattern::sequential));
    EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
    if (!bytes) return {};
    return std::vector<uint8_t>(bytes->view().begin(), bytes->view().end());
  }
  // "first-last/rewrite" of each segment.
  std::vector<std::string> shape() {
    std::vector<std::string> found;
    for (const SegmentInfo& each : log_->segments()) {
      found.push_back(std::to_string(each.number) + "-" + std::to_string(each.last()) + "/" +
                      std::to_string(each.rewrite));
    }
    return found;
  }

  using Shape = std::vector<std::string>;
  const Shape kAsAppended{"1-1/0", "2-2/0", "3-3/0", "4-4/0"};
  std::unique_ptr<LogStoreHarness> harness_;
  LogId id_{Uuid{{1, 2, 3}}, 0};
  StorageEpoch epoch_ = 0;
  std::unique_ptr<Log> log_;
};

TEST_P(LogStoreRewrite, puts_one_segment_in_the_place_of_several) {
  ASSERT_OK(write(2, 3, 1, 700));
  EXPECT_EQ(shape(), kAsAppended);
  EXPECT_EQ(content(2), test_pattern(2, 2000));
  ASSERT_OK(run(log_->commit_rewrite()));
  EXPECT_EQ(shape(), (Shape{"1-1/0", "2-3/1", "4-4/0"}));
  EXPECT_EQ(content(2), test_pattern(101, 700));
  EXPECT_FAILS(ErrorCode::not_found, run(log_->read(3, 0, 10, ReadPattern::scattered)));
  ASSERT_OK(run(log_->remove_replaced()));
  EXPECT_EQ(log_->bytes_used(), 1000U + 700 + 4000);
  // Appending goes on as before.
  ASSERT_OK(run(log_->append(Bytes::copy(test_pattern(9, 50)))));
  ASSERT_OK(run(log_->create_segment(5, 0)));
  ASSERT_OK(run(log_->sync()));
  reopen();
  EXPECT_EQ(shape(), (Shape{"1-1/0", "2-3/1", "4-4/0", "5-5/0"}));
  EXPECT_EQ(content(1), test_pattern(1, 1000));
  EXPECT_EQ(content(2), test_pattern(101, 700));
  EXPECT_EQ(log_->bytes_used(), 1000U + 700 + 4050);
}

TEST_P(LogStoreRewrite, rewrites_again_and_wider) {
  ASSERT_OK(write(2, 2, 1, 700));
  ASSERT_OK(run(log_->commit_rewrite()));
  ASSERT_OK(write(2, 2, 2, 600));
  ASSERT_OK(run(log_->commit_rewrite()));
  EXPECT_EQ(content(2), test_pattern(102, 600));
  ASSERT_OK(write(1, 3, 5, 500));
  ASSERT_OK(run(log_->commit_rewrite()));
  EXPECT_EQ(shape(), (Shape{"1-3/5", "4-4/0"}));
  ASSERT_OK(run(log_->remove_replaced()));
  reopen();
  EXPECT_EQ(shape(), (Shape{"1-3/5", "4-4/0"}));
  EXPECT_EQ(content(1), test_pattern(105, 500));
  ASSERT_OK(run(log_->remove_segment(1)));
  EXPECT_EQ(shape(), Shape{"4-4/0"});
  reopen();
  EXPECT_EQ(shape(), Shape{"4-4/0"});
}

TEST_P(LogStoreRewrite, without_a_commit_nothing_has_changed) {
  ASSERT_OK(write(1, 3, 1, 700));
  ASSERT_OK(run(log_->abandon_rewrite()));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->append_rewrite(Bytes::copy(test_pattern(1, 10)))));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->commit_rewrite()));
  ASSERT_OK(write(1, 3, 2, 700));
  ASSERT_OK(write(2, 2, 3, 300));  // drops the one before
  reopen();
  EXPECT_EQ(shape(), kAsAppended);
  EXPECT_EQ(log_->bytes_used(), 10'000U);
  for (SegmentNumber number = 1; number <= 4; ++number) EXPECT_EQ(content(number), test_pattern(number, 1000 * number));
}

TEST_P(LogStoreRewrite, refuses_what_makes_no_sense) {
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->begin_rewrite(2, 4, 1)));  // the last is not sealed
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->begin_rewrite(3, 2, 1)));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->begin_rewrite(5, 5, 1)));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->begin_rewrite(1, 1, 0)));
  ASSERT_OK(write(1, 2, 7, 100));
  ASSERT_OK(run(log_->commit_rewrite()));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->begin_rewrite(2, 3, 8)));  // 1 and 2 are one now
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->begin_rewrite(3, 3, 7)));
}

TEST_P(LogStoreRewrite, an_older_owner_commits_nothing) {
  ASSERT_OK(write(1, 2, 1, 500));
  std::unique_ptr<Log> older = std::move(log_);
  open();
  EXPECT_FAILS(ErrorCode::fenced, run(older->commit_rewrite()));
  EXPECT_FAILS(ErrorCode::fenced, run(older->begin_rewrite(1, 1, 2)));
  (void)run(older->abandon_rewrite());
  older.reset();
  EXPECT_EQ(shape(), kAsAppended);
  ASSERT_OK(write(1, 2, 1, 500));
  ASSERT_OK(run(log_->commit_rewrite()));
  reopen();
  EXPECT_EQ(shape(), (Shape{"1-2/1", "3-3/0", "4-4/0"}));
}

TEST_P(LogStoreRewrite, a_commit_survives_a_power_cut_before_the_old_is_removed) {
  if (!harness_->can_fail()) GTEST_SKIP() << "this engine cannot lose power in a test";
  ASSERT_OK(write(1, 3, 1, 500));
  ASSERT_OK(run(log_->commit_rewrite()));
  harness_->crash();
  reopen();
  EXPECT_EQ(shape(), (Shape{"1-3/1", "4-4/0"}));
  EXPECT_EQ(content(1), test_pattern(101, 500));
  EXPECT_EQ(log_->bytes_used(), 4500U);
}

INSTANTIATE_TEST_SUITE_P(Engines, LogStoreRewrite, testing::ValuesIn(log_store_engines()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace distributary
