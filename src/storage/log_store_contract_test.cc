// What every engine of logs must do. See log_store_harness.h.
#include "storage/log_store.h"

#include <numeric>

#include "storage/log_store_harness.h"

namespace distributary {
namespace {

class LogStoreContract : public testing::TestWithParam<LogStoreEngine> {
 protected:
  void SetUp() override { harness_ = GetParam().make(1); }
  void TearDown() override { log_.reset(); }

  LogStore& store() { return harness_->store(); }
  template <class T>
  T run(Task<T> task) {
    return harness_->run(std::move(task));
  }
  // Opens `id_` under the next epoch into `log_`.
  void open() {
    log_.reset();
    Result<std::unique_ptr<Log>> opened = run(store().open(id_, ++epoch_));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    log_ = std::move(*opened);
  }
  void reopen() {
    log_.reset();
    harness_->restart();
    open();
  }
  Status append(ByteView data) { return run(log_->append(Bytes::copy(data))); }
  std::vector<uint8_t> read(SegmentNumber segment, uint64_t at, size_t length,
                            ReadPattern pattern = ReadPattern::sequential) {
    Result<Bytes> bytes = run(log_->read(segment, at, length, pattern));
    EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
    if (!bytes) return {};
    return std::vector<uint8_t>(bytes->view().begin(), bytes->view().end());
  }
  std::vector<uint64_t> numbers() {
    std::vector<uint64_t> found;
    for (const SegmentInfo& each : log_->segments()) found.push_back(each.number);
    return found;
  }

  std::unique_ptr<LogStoreHarness> harness_;
  LogId id_{Uuid{{1, 2, 3}}, 0};
  StorageEpoch epoch_ = 0;
  std::unique_ptr<Log> log_;
};

TEST_P(LogStoreContract, reads_what_was_appended) {
  open();
  ASSERT_OK(run(log_->create_segment(1, 1 << 20)));
  std::vector<uint8_t> all;
  for (size_t size : {1, 511, 4096, 100'000, 7}) {
    std::vector<uint8_t> piece = test_pattern(size, size);
    ASSERT_OK(append(piece));
    all.insert(all.end(), piece.begin(), piece.end());
    EXPECT_EQ(log_->segments().back().bytes, all.size());
  }
  for (ReadPattern pattern : {ReadPattern::sequential, ReadPattern::scattered}) {
    EXPECT_EQ(read(1, 0, all.size(), pattern), all);
    for (auto [at, length] :
         {std::pair<size_t, size_t>{0, 1}, {1, 1}, {511, 2}, {513, 5000}, {4095, 1025}, {99'999, 3}}) {
      std::vector<uint8_t> expected(all.begin() + at, all.begin() + at + length);
      EXPECT_EQ(read(1, at, length, pattern), expected) << at;
    }
    EXPECT_EQ(read(1, all.size() - 3, 100, pattern).size(), 3U);
    EXPECT_TRUE(read(1, all.size(), 10, pattern).empty());
    EXPECT_TRUE(read(1, all.size() + 10'000, 10, pattern).empty());
  }
  EXPECT_FAILS(ErrorCode::not_found, run(log_->read(2, 0, 1, ReadPattern::sequential)));
}

TEST_P(LogStoreContract, reads_many_ranges_of_a_segment_at_once) {
  open();
  ASSERT_OK(run(log_->create_segment(1, 1 << 20)));
  std::vector<uint8_t> all = test_pattern(1, 300'000);
  ASSERT_OK(append(all));
  ASSERT_OK(run(log_->sync()));
  std::vector<LogRange> ranges;
  for (size_t i = 0; i < 200; ++i) ranges.push_back({(i * 7919) % 290'000, i % 3 == 0 ? 5'000U : 17U});
  ranges.push_back({299'990, 100});    // passes the end
  ranges.push_back({1'000'000, 100});  // lies beyond it
  auto found = run(log_->read_ranges(1, ranges));
  ASSERT_OK(found);
  ASSERT_EQ(found->size(), ranges.size());
  for (size_t i = 0; i < 200; ++i) {
    auto begin = all.begin() + static_cast<std::ptrdiff_t>(ranges[i].at);
    std::vector<uint8_t> expected(begin, begin + static_cast<std::ptrdiff_t>(ranges[i].length));
    EXPECT_EQ(std::vector<uint8_t>((*found)[i].view().begin(), (*found)[i].view().end()), expected) << i;
  }
  EXPECT_EQ((*found)[200].size(), 10U);
  EXPECT_TRUE((*found)[201].empty());
  std::vector<LogRange> none;
  ASSERT_OK(run(log_->read_ranges(1, none)));
  EXPECT_FAILS(ErrorCode::not_found, run(log_->read_ranges(2, ranges)));
}

TEST_P(LogStoreContract, refuses_calls_that_make_no_sense) {
  open();
  EXPECT_FAILS(ErrorCode::invalid_argument, append(test_pattern(1, 10)));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->create_segment(0, 0)));
  ASSERT_OK(run(log_->create_segment(1, 0)));
  EXPECT_FAILS(ErrorCode::already_exists, run(log_->create_segment(1, 0)));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->create_segment(3, 0)));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->remove_segment(1)));
  EXPECT_FAILS(ErrorCode::not_found, run(log_->remove_segment(2)));
  EXPECT_FAILS(ErrorCode::not_found, run(log_->truncate(2, 0)));
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->truncate(1, 1)));
  ASSERT_OK(append(test_pattern(1, 10)));
  EXPECT_EQ(read(1, 0, 10), test_pattern(1, 10));
}

TEST_P(LogStoreContract, fences_older_owners) {
  EXPECT_FAILS(ErrorCode::fenced, run(store().open(id_, 0)));
  open();
  ASSERT_OK(run(log_->create_segment(1, 0)));
  ASSERT_OK(append(test_pattern(1, 10)));
  EXPECT_FAILS(ErrorCode::fenced, run(store().open(id_, epoch_)));
  ASSERT_OK(append(test_pattern(2, 10)));  // a refused owner fences nobody

  std::unique_ptr<Log> old = std::move(log_);
  open();
  EXPECT_FAILS(ErrorCode::fenced, run(old->append(Bytes::copy(test_pattern(3, 10)))));
  EXPECT_FAILS(ErrorCode::fenced, run(old->sync()));
  EXPECT_FAILS(ErrorCode::fenced, run(old->read(1, 0, 10, ReadPattern::sequential)));
  EXPECT_FAILS(ErrorCode::fenced, run(old->create_segment(2, 0)));
  EXPECT_FAILS(ErrorCode::fenced, run(old->truncate(1, 0)));
  EXPECT_FAILS(ErrorCode::fenced, run(old->remove_segment(1)));
  EXPECT_FAILS(ErrorCode::fenced, run(old->put_blob("a", Bytes::copy(test_pattern(4, 4)))));
  EXPECT_FAILS(ErrorCode::fenced, run(old->blob_size("a")));
  EXPECT_FAILS(ErrorCode::fenced, run(old->read_blob("a", 0, 1)));
  EXPECT_FAILS(ErrorCode::fenced, run(old->remove_blob("a")));
  EXPECT_FAILS(ErrorCode::fenced, run(old->list_blobs()));
  EXPECT_EQ(log_->segments().back().bytes, 20U);
  ASSERT_OK(append(test_pattern(5, 10)));

  old.reset();
  log_.reset();
  harness_->restart();
  EXPECT_FAILS(ErrorCode::fenced, run(store().open(id_, epoch_)));
  open();
  EXPECT_EQ(read(1, 20, 10), test_pattern(5, 10));
}

Task<void> keep_appending(Log& log, size_t piece, uint64_t& appended, Status& ended) {
  while (ended) {
    Bytes data = Bytes::copy(test_pattern(appended / piece, piece));
    ended = co_await log.append(std::move(data));
    if (ended) appended += piece;
    if (ended) ended = co_await log.sync();
  }
}

// Whatever the old owner had acknowledged is there for the new one, and nothing arrives later.
TEST_P(LogStoreContract, fences_an_owner_in_the_middle_of_its_work) {
  constexpr size_t kPiece = 3000;
  open();
  ASSERT_OK(run(log_->create_segment(1, 0)));
  ASSERT_OK(run(log_->sync()));
  std::unique_ptr<Log> old = std::move(log_);
  uint64_t appended = 0;
  Status ended;
  TaskScope scope(harness_->executor());
  // An engine without delays would never let anything else run.
  if (std::string_view(GetParam().name) != "memory") scope.spawn(keep_appending(*old, kPiece, appended, ended));
  harness_->run_until([&] { return appended >= 5 * kPiece || scope.size() == 0; });
  open();
  uint64_t seen = log_->segments().back().bytes;
  harness_->run_until([&] { return scope.size() == 0; });
  EXPECT_EQ(seen, appended);
  for (uint64_t at = 0; at < seen; at += kPiece) EXPECT_EQ(read(1, at, kPiece), test_pattern(at / kPiece, kPiece));
  ASSERT_OK(append(test_pattern(99, kPiece)));
  EXPECT_EQ(read(1, seen, kPiece), test_pattern(99, kPiece));
}

TEST_P(LogStoreContract, keeps_many_segments) {
  constexpr uint64_t kSegments = 20;
  open();
  for (uint64_t number = 1; number <= kSegments; ++number) {
    ASSERT_OK(run(log_->create_segment(number, 10'000)));
    ASSERT_OK(append(test_pattern(number, 1000 + number)));
  }
  ASSERT_OK(run(log_->sync()));
  for (uint64_t number = 1; number <= 5; ++number) ASSERT_OK(run(log_->remove_segment(number)));
  for (int round = 0; round < 2; ++round) {
    std::vector<uint64_t> expected(kSegments - 5);
    std::iota(expected.begin(), expected.end(), 6);
    EXPECT_EQ(numbers(), expected);
    for (const SegmentInfo& each : log_->segments()) {
      EXPECT_EQ(each.bytes, 1000 + each.number);
      EXPECT_EQ(read(each.number, 0, 10'000), test_pattern(each.number, each.bytes));
    }
    EXPECT_FAILS(ErrorCode::not_found, run(log_->read(5, 0, 1, ReadPattern::sequential)));
    reopen();
  }
  ASSERT_OK(run(log_->create_segment(kSegments + 1, 0)));
}

TEST_P(LogStoreContract, truncates) {
  open();
  for (uint64_t number = 1; number <= 4; ++number) {
    ASSERT_OK(run(log_->create_segment(number, 10'000)));
    ASSERT_OK(append(test_pattern(number, 5000)));
  }
  ASSERT_OK(run(log_->sync()));
  ASSERT_OK(run(log_->truncate(4, 1234)));
  EXPECT_EQ(log_->segments().back().bytes, 1234U);
  ASSERT_OK(run(log_->truncate(2, 700)));
  EXPECT_EQ(numbers(), (std::vector<uint64_t>{1, 2}));
  ASSERT_OK(append(test_pattern(9, 100)));
  ASSERT_OK(run(log_->sync()));
  std::vector<uint8_t> expected = test_pattern(2, 700);
  std::vector<uint8_t> tail = test_pattern(9, 100);
  expected.insert(expected.end(), tail.begin(), tail.end());
  EXPECT_EQ(read(2, 0, 5000), expected);
  reopen();
  EXPECT_EQ(numbers(), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(read(2, 0, 5000), expected);
  ASSERT_OK(run(log_->create_segment(3, 0)));
  EXPECT_EQ(log_->segments().back().bytes, 0U);
}

TEST_P(LogStoreContract, keeps_blobs) {
  open();
  EXPECT_FAILS(ErrorCode::not_found, run(log_->blob_size("checkpoint-1")));
  EXPECT_FAILS(ErrorCode::not_found, run(log_->read_blob("checkpoint-1", 0, 1)));
  for (const char* bad : {"", "UPPER", "a/b", "..%", "a b"}) {
    EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->put_blob(bad, Bytes())));
  }
  EXPECT_FAILS(ErrorCode::invalid_argument, run(log_->put_blob(std::string(kMaxBlobName + 1, 'a'), Bytes())));
  ASSERT_OK(run(log_->put_blob("checkpoint-1", Bytes::copy(test_pattern(1, 70'000)))));
  ASSERT_OK(run(log_->put_blob("index.0001", Bytes::copy(test_pattern(2, 10)))));
  ASSERT_OK(run(log_->put_blob("empty", Bytes())));
  EXPECT_EQ(run(log_->read_blob("checkpoint-1", 0, 4)).value().view()[3], test_pattern(1, 4)[3]);
  ASSERT_OK(run(log_->put_blob("checkpoint-1", Bytes::copy(test_pattern(3, 5000)))));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(run(log_->list_blobs()).value(), (std::vector<std::string>{"checkpoint-1", "empty", "index.0001"}));
    EXPECT_EQ(run(log_->blob_size("checkpoint-1")).value(), 5000U);
    Bytes bytes = run(log_->read_blob("checkpoint-1", 100, 100'000)).value();
    std::vector<uint8_t> expected = test_pattern(3, 5000);
    EXPECT_TRUE(std::equal(bytes.view().begin(), bytes.view().end(), expected.begin() + 100, expected.end()));
    EXPECT_EQ(run(log_->blob_size("empty")).value(), 0U);
    EXPECT_TRUE(run(log_->read_blob("index.0001", 10, 5)).value().empty());
    EXPECT_EQ(log_->bytes_used(), 5010U);
    reopen();
  }
  ASSERT_OK(run(log_->remove_blob("checkpoint-1")));
  ASSERT_OK(run(log_->remove_blob("checkpoint-1")));
  EXPECT_FAILS(ErrorCode::not_found, run(log_->blob_size("checkpoint-1")));
  reopen();
  EXPECT_EQ(run(log_->list_blobs()).value(), (std::vector<std::string>{"empty", "index.0001"}));
}

TEST_P(LogStoreContract, counts_bytes) {
  open();
  EXPECT_EQ(log_->bytes_used(), 0U);
  for (uint64_t number = 1; number <= 3; ++number) {
    ASSERT_OK(run(log_->create_segment(number, 1 << 20)));
    ASSERT_OK(append(test_pattern(number, 1000)));
  }
  ASSERT_OK(run(log_->put_blob("b", Bytes::copy(test_pattern(7, 50)))));
  ASSERT_OK(run(log_->put_blob("b", Bytes::copy(test_pattern(7, 70)))));
  ASSERT_OK(run(log_->remove_segment(1)));
  ASSERT_OK(run(log_->truncate(3, 10)));
  ASSERT_OK(run(log_->sync()));
  EXPECT_EQ(log_->bytes_used(), 1000U + 10 + 70);
  reopen();
  EXPECT_EQ(log_->bytes_used(), 1000U + 10 + 70);
  ASSERT_OK(run(log_->truncate(2, 0)));
  ASSERT_OK(run(log_->remove_blob("b")));
  EXPECT_EQ(log_->bytes_used(), 0U);
}

TEST_P(LogStoreContract, lists_and_removes_logs) {
  EXPECT_TRUE(run(store().list()).value().empty());
  LogId other{Uuid{{9}}, 0};
  LogId lane{id_.stream, 1};
  open();
  ASSERT_OK(run(log_->create_segment(1, 0)));
  ASSERT_OK(append(test_pattern(1, 10)));
  ASSERT_OK(run(log_->sync()));
  ASSERT_OK(run(store().open(other, 1)));
  ASSERT_OK(run(store().open(lane, 1)));
  EXPECT_EQ(run(store().list()).value(), (std::vector<LogId>{id_, lane, other}));
  ASSERT_OK(run(store().remove(id_)));
  ASSERT_OK(run(store().remove(id_)));
  EXPECT_FAILS(ErrorCode::not_found, append(test_pattern(1, 10)));
  EXPECT_FAILS(ErrorCode::not_found, run(log_->read(1, 0, 1, ReadPattern::sequential)));
  EXPECT_EQ(run(store().list()).value(), (std::vector<LogId>{lane, other}));
  log_.reset();
  harness_->restart();
  EXPECT_EQ(run(store().list()).value(), (std::vector<LogId>{lane, other}));
  epoch_ = 0;  // removed and created again: a new log
  open();
  EXPECT_TRUE(log_->segments().empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, LogStoreContract, testing::ValuesIn(log_store_engines()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace distributary
