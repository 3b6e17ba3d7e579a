// What every engine of logs must do when something fails or runs at the same time. See log_store_harness.h.
#include "storage/log_store_harness.h"

namespace distributary {
namespace {

class LogStoreFaults : public testing::TestWithParam<LogStoreEngine> {
 protected:
  void SetUp() override { use(1); }
  void TearDown() override { log_.reset(); }
  void use(uint64_t seed) {
    log_.reset();
    harness_ = GetParam().make(seed);
    epoch_ = 0;
  }
  LogStore& store() { return harness_->store(); }
  template <class T>
  T run(Task<T> task) {
    return harness_->run(std::move(task));
  }
  void open() {
    log_.reset();
    Result<std::unique_ptr<Log>> opened = run(store().open(id_, ++epoch_));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    log_ = std::move(*opened);
  }
  void crash_and_open() {
    harness_->crash();
    log_.reset();
    harness_->restart();
    open();
  }
  Status append(ByteView data) { return run(log_->append(Bytes::copy(data))); }
  std::vector<uint8_t> read(SegmentNumber segment, uint64_t at, size_t length) {
    Result<Bytes> bytes = run(log_->read(segment, at, length, ReadPattern::scattered));
    EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
    if (!bytes) return {};
    return std::vector<uint8_t>(bytes->view().begin(), bytes->view().end());
  }

  std::unique_ptr<LogStoreHarness> harness_;
  LogId id_{Uuid{{1, 2, 3}}, 0};
  StorageEpoch epoch_ = 0;
  std::unique_ptr<Log> log_;
};

constexpr uint64_t kSeeds = 30;

TEST_P(LogStoreFaults, keeps_what_was_synced_over_a_power_cut) {
  if (!harness_->can_fail()) GTEST_SKIP() << "this engine cannot lose power in a test";
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    use(seed);
    open();
    ASSERT_OK(run(log_->create_segment(1, 1 << 20)));
    ASSERT_OK(append(test_pattern(1, 2000)));
    ASSERT_OK(run(log_->create_segment(2, 1 << 20)));
    ASSERT_OK(append(test_pattern(2, 3000)));
    ASSERT_OK(run(log_->sync()));
    ASSERT_OK(append(test_pattern(3, 5000)));
    ASSERT_OK(run(log_->create_segment(3, 1 << 20)));
    crash_and_open();
    ASSERT_GE(log_->segments().size(), 2U);
    EXPECT_EQ(read(1, 0, 3000), test_pattern(1, 2000));
    EXPECT_EQ(read(2, 0, 3000), test_pattern(2, 3000));
    EXPECT_LE(log_->segments()[1].bytes, 8000U);
  }
}

// A recovery decides by what it can read; that must still be there after the next power cut.
TEST_P(LogStoreFaults, what_an_open_shows_is_durable) {
  if (!harness_->can_fail()) GTEST_SKIP() << "this engine cannot lose power in a test";
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    use(seed);
    open();
    for (uint64_t number = 1; number <= 4; ++number) {
      ASSERT_OK(run(log_->create_segment(number, 1 << 20)));
      ASSERT_OK(append(test_pattern(number, 4000)));
    }
    log_.reset();
    harness_->restart();  // no sync: the process was killed
    open();
    crash_and_open();
    ASSERT_EQ(log_->segments().size(), 4U);
    for (uint64_t number = 1; number <= 4; ++number) EXPECT_EQ(read(number, 0, 5000), test_pattern(number, 4000));
  }
}

TEST_P(LogStoreFaults, a_failed_sync_ends_the_owner) {
  if (!harness_->can_fail()) GTEST_SKIP() << "this engine cannot fail in a test";
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    use(seed);
    open();
    ASSERT_OK(run(log_->create_segment(1, 1 << 20)));
    ASSERT_OK(append(test_pattern(1, 1000)));
    ASSERT_OK(run(log_->sync()));
    ASSERT_OK(append(test_pattern(2, 50'000)));
    harness_->fail_syncs(true);
    EXPECT_FAILS(ErrorCode::io, run(log_->sync()));
    harness_->fail_syncs(false);
    EXPECT_FAILS(ErrorCode::io, run(log_->sync()));
    EXPECT_FAILS(ErrorCode::io, append(test_pattern(3, 10)));
    EXPECT_FAILS(ErrorCode::io, run(log_->create_segment(2, 0)));
    EXPECT_EQ(read(1, 0, 1000), test_pattern(1, 1000));
    // The same process opens it again: what it then sees is as good as synced.
    open();
    uint64_t seen = log_->segments().back().bytes;
    std::vector<uint8_t> before = read(1, 0, seen);
    ASSERT_OK(append(test_pattern(4, 10)));
    ASSERT_OK(run(log_->sync()));
    crash_and_open();
    ASSERT_EQ(log_->segments().back().bytes, seen + 10);
    EXPECT_EQ(read(1, 0, seen), before);
  }
}

TEST_P(LogStoreFaults, a_failed_append_ends_the_owner) {
  if (!harness_->can_fail()) GTEST_SKIP() << "this engine cannot fail in a test";
  open();
  ASSERT_OK(run(log_->create_segment(1, 1 << 20)));
  ASSERT_OK(append(test_pattern(1, 1000)));
  ASSERT_OK(run(log_->sync()));
  harness_->fail_appends(true);
  EXPECT_FAILS(ErrorCode::io, append(test_pattern(2, 1000)));
  harness_->fail_appends(false);
  EXPECT_FAILS(ErrorCode::io, append(test_pattern(2, 1000)));
  EXPECT_EQ(read(1, 0, 5000), test_pattern(1, 1000));
  open();
  EXPECT_EQ(read(1, 0, 1000), test_pattern(1, 1000));
  ASSERT_OK(run(log_->truncate(1, 1000)));
  ASSERT_OK(append(test_pattern(3, 10)));
  EXPECT_EQ(read(1, 1000, 100), test_pattern(3, 10));
}

TEST_P(LogStoreFaults, says_when_space_is_out_and_goes_on_when_it_returns) {
  if (!harness_->can_fail()) GTEST_SKIP() << "this engine cannot fail in a test";
  open();
  for (uint64_t number = 1; number <= 2; ++number) {
    ASSERT_OK(run(log_->create_segment(number, 1 << 20)));
    ASSERT_OK(append(test_pattern(number, 100'000)));
  }
  ASSERT_OK(run(log_->sync()));
  EXPECT_GT(run(store().space_left()).value(), 0U);
  harness_->set_free_space(0);
  EXPECT_EQ(run(store().space_left()).value(), 0U);
  // Reservations may hold a little more than what is free; not without end.
  Status full;
  for (int i = 0; full && i < 200; ++i) full = append(test_pattern(3, 100'000));
  EXPECT_FAILS(ErrorCode::storage_full, full);
  EXPECT_EQ(read(1, 0, 100'000), test_pattern(1, 100'000));
  ASSERT_OK(run(log_->remove_segment(1)));
  harness_->set_free_space(std::nullopt);
  EXPECT_GT(run(store().space_left()).value(), 0U);
  open();
  ASSERT_OK(run(log_->truncate(2, 100'000)));
  ASSERT_OK(append(test_pattern(3, 100'000)));
  ASSERT_OK(run(log_->sync()));
}

TEST_P(LogStoreFaults, a_truncation_is_durable) {
  if (!harness_->can_fail()) GTEST_SKIP() << "this engine cannot lose power in a test";
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    use(seed);
    open();
    for (uint64_t number = 1; number <= 3; ++number) {
      ASSERT_OK(run(log_->create_segment(number, 1 << 20)));
      ASSERT_OK(append(test_pattern(number, 2000)));
    }
    ASSERT_OK(run(log_->sync()));
    ASSERT_OK(run(log_->truncate(2, 777)));
    crash_and_open();
    ASSERT_EQ(log_->segments().size(), 2U);
    ASSERT_EQ(log_->segments().back().bytes, 777U);
    EXPECT_EQ(read(2, 0, 1000), test_pattern(2, 777));
  }
}

TEST_P(LogStoreFaults, removals_and_blobs_are_durable) {
  if (!harness_->can_fail()) GTEST_SKIP() << "this engine cannot lose power in a test";
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    use(seed);
    open();
    ASSERT_OK(run(log_->create_segment(1, 0)));
    ASSERT_OK(append(test_pattern(1, 10)));
    ASSERT_OK(run(log_->create_segment(2, 0)));
    ASSERT_OK(append(test_pattern(2, 10)));
    ASSERT_OK(run(log_->sync()));
    ASSERT_OK(run(log_->remove_segment(1)));
    ASSERT_OK(run(log_->put_blob("a", Bytes::copy(test_pattern(3, 3000)))));
    ASSERT_OK(run(log_->put_blob("b", Bytes::copy(test_pattern(4, 3000)))));
    ASSERT_OK(run(log_->put_blob("a", Bytes::copy(test_pattern(5, 2000)))));
    ASSERT_OK(run(log_->remove_blob("b")));
    ASSERT_OK(run(store().open(LogId{Uuid{{7}}, 0}, 4)));
    ASSERT_OK(run(store().open(LogId{Uuid{{8}}, 0}, 4)));
    ASSERT_OK(run(store().remove(LogId{Uuid{{8}}, 0})));
    crash_and_open();
    ASSERT_EQ(log_->segments().size(), 1U);
    EXPECT_EQ(log_->segments()[0].number, 2U);
    EXPECT_EQ(run(log_->list_blobs()).value(), std::vector<std::string>{"a"});
    Bytes blob = run(log_->read_blob("a", 0, 5000)).value();
    EXPECT_EQ(Bytes(test_pattern(5, 2000)).view().size(), blob.size());
    std::vector<uint8_t> expected = test_pattern(5, 2000);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), blob.view().begin(), blob.view().end()));
    EXPECT_EQ(run(store().list()).value().size(), 2U);
    EXPECT_FAILS(ErrorCode::fenced, run(store().open(LogId{Uuid{{7}}, 0}, 4)));
  }
}

// Readers of what is there while more comes, and syncs while appends go on.
constexpr size_t kPiece = 1500;

Task<void> append_pieces(Log& log, uint64_t pieces, uint64_t& appended, Status& status) {
  for (uint64_t i = 0; status && i < pieces; ++i) {
    Bytes data = Bytes::copy(test_pattern(i, kPiece));
    status = co_await log.append(std::move(data));
    if (status) ++appended;
  }
}

Task<void> sync_until(Log& log, const uint64_t& appended, uint64_t pieces, uint64_t& synced, Status& status) {
  while (status && synced < pieces) {
    uint64_t covered = appended;
    status = co_await log.sync();
    if (status) synced = covered;
  }
}

Task<void> read_pieces(Executor& executor, Log& log, const uint64_t& appended, uint64_t pieces, uint64_t& reads,
                       uint64_t& wrong) {
  for (uint64_t round = 0; round < pieces; ++round) {
    std::stop_token unstoppable;
    Status slept = co_await sleep_for(executor, std::chrono::microseconds(20), unstoppable);
    if (!slept || appended == 0) continue;
    uint64_t piece = (round * 7919) % appended;
    Result<Bytes> bytes = co_await log.read(1, piece * kPiece, kPiece, ReadPattern::scattered);
    std::vector<uint8_t> expected = test_pattern(piece, kPiece);
    ++reads;
    if (!bytes || !std::equal(expected.begin(), expected.end(), bytes->view().begin(), bytes->view().end())) ++wrong;
  }
}

TEST_P(LogStoreFaults, reads_and_syncs_go_on_while_appending) {
  constexpr uint64_t kPieces = 200;
  open();
  ASSERT_OK(run(log_->create_segment(1, 1 << 20)));
  uint64_t appended = 0, synced = 0, reads = 0, wrong = 0;
  Status append_status, sync_status;
  TaskScope scope(harness_->executor());
  scope.spawn(append_pieces(*log_, kPieces, appended, append_status));
  scope.spawn(sync_until(*log_, appended, kPieces, synced, sync_status));
  for (int i = 0; i < 4; ++i) scope.spawn(read_pieces(harness_->executor(), *log_, appended, kPieces, reads, wrong));
  harness_->run_until([&] { return scope.size() == 0; });
  ASSERT_OK(append_status);
  ASSERT_OK(sync_status);
  EXPECT_EQ(synced, kPieces);
  EXPECT_GT(reads, 0U);
  EXPECT_EQ(wrong, 0U);
}

INSTANTIATE_TEST_SUITE_P(Engines, LogStoreFaults, testing::ValuesIn(log_store_engines()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace distributary
