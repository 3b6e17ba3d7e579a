// Random work, a power cut at a random moment, and a look at what is left, again and again over one disk. Whatever was
// acknowledged as durable must be there, byte for byte; whatever was not may be there or not, but a blob only as a
// whole.
#include <map>

#include "io/sim/sim_random.h"
#include "storage/log_store_harness.h"

namespace distributary {
namespace {

using Content = std::vector<uint8_t>;

// What the test knows of the log.
struct Model {
  struct Segment {
    Content bytes;  // all that an append was begun with, in order
    size_t durable = 0;
    SegmentNumber last = 0;  // of those that it stands for
  };
  std::map<SegmentNumber, Segment> segments;
  struct Rewriting {  // under way: the old ones or the new one
    SegmentNumber first = 0;
    Segment segment;
  };
  std::optional<Rewriting> rewriting;
  RewriteNumber rewrites = 0;
  SegmentNumber durable_through = 0;                                 // segments up to here must be there
  std::optional<SegmentNumber> being_removed;                        // may be there or not
  std::map<std::string, std::vector<std::optional<Content>>> blobs;  // any of these; the last one was asked for last
  void adopt_rewrite() {
    auto first = segments.find(rewriting->first);
    segments.erase(first, segments.upper_bound(rewriting->segment.last));
    segments[rewriting->first] = rewriting->segment;
    rewriting.reset();
  }
  bool cutting = false;  // a truncation was under way: `cut` or what was before
  SegmentNumber cut_segment = 0;
  size_t cut_bytes = 0;
};

class Workload {
 public:
  Workload(Log& log, Model& model, Random& random) : log_(log), model_(model), random_(random) {}

  Task<Status> run() {
    Status status;
    while (status) status = co_await step();
    co_return status;  // by the power cut
  }

 private:
  Task<Status> step() {
    if (model_.segments.empty()) co_return co_await create();
    switch (random_.below(13)) {
      case 12: co_return co_await rewrite();
      case 0: co_return co_await create();
      case 1: co_return co_await remove_oldest();
      case 2: co_return co_await put_blob();
      case 3: co_return co_await remove_blob();
      case 4: co_return co_await truncate();
      case 5:
      case 6:
      case 7: co_return co_await sync();
      default: co_return co_await append();
    }
  }

  Task<Status> create() {
    SegmentNumber number = model_.segments.empty() ? 1 : model_.segments.rbegin()->second.last + 1;
    model_.segments[number].last = number;
    co_return co_await log_.create_segment(number, 64 << 10);
  }

  Task<Status> append() {
    Content piece(1 + random_.below(random_.below(8) == 0 ? 20'000 : 900));
    random_.fill(piece);
    Content& bytes = model_.segments.rbegin()->second.bytes;
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    Bytes data(std::move(piece));
    co_return co_await log_.append(std::move(data));
  }

  Task<Status> sync() {
    std::map<SegmentNumber, size_t> sizes;
    for (const auto& [number, segment] : model_.segments) sizes[number] = segment.bytes.size();
    CO_TRY_STATUS(co_await log_.sync());
    for (auto [number, size] : sizes) model_.segments[number].durable = size;
    model_.durable_through = sizes.rbegin()->first;
    co_return Status{};
  }

  Task<Status> remove_oldest() {
    if (model_.segments.size() < 3) co_return Status{};
    SegmentNumber oldest = model_.segments.begin()->first;
    model_.being_removed = oldest;
    CO_TRY_STATUS(co_await log_.remove_segment(oldest));
    model_.segments.erase(oldest);
    model_.being_removed.reset();
    co_return Status{};
  }

  // Sealed and durable neighbours become one segment with other bytes.
  Task<Status> rewrite() {
    if (model_.segments.size() < 2) co_return Status{};
    CO_TRY_STATUS(co_await sync());
    auto first = std::next(model_.segments.begin(), random_.below(model_.segments.size() - 1));
    auto last = first;
    if (std::next(last, 2) != model_.segments.end() && random_.below(2) == 0) ++last;
    Content content(random_.below(9000));
    random_.fill(content);
    RewriteNumber number = ++model_.rewrites;
    CO_TRY_STATUS(co_await log_.begin_rewrite(first->first, last->second.last, number));
    Bytes data = Bytes::copy(content);
    CO_TRY_STATUS(co_await log_.append_rewrite(std::move(data)));
    if (random_.below(4) == 0) co_return co_await log_.abandon_rewrite();
    size_t size = content.size();
    model_.rewriting = Model::Rewriting{first->first, Model::Segment{std::move(content), size, last->second.last}};
    CO_TRY_STATUS(co_await log_.commit_rewrite());
    model_.adopt_rewrite();
    co_return co_await log_.remove_replaced();
  }

  Task<Status> truncate() {
    if (random_.below(4) != 0) co_return Status{};
    auto at = std::next(model_.segments.begin(), random_.below(model_.segments.size()));
    model_.cutting = true;
    model_.cut_segment = at->first;
    model_.cut_bytes = random_.below(at->second.bytes.size() + 1);
    CO_TRY_STATUS(co_await log_.truncate(model_.cut_segment, model_.cut_bytes));
    model_.cutting = false;
    model_.segments.erase(std::next(at), model_.segments.end());
    at->second.bytes.resize(model_.cut_bytes);
    at->second.durable = model_.cut_bytes;
    model_.durable_through = at->first;
    co_return Status{};
  }

  Task<Status> put_blob() {
    std::string name = "blob-" + std::to_string(random_.below(3));
    Content content(random_.below(5000));
    random_.fill(content);
    auto& versions = model_.blobs[name];
    if (versions.empty()) versions.push_back(std::nullopt);
    versions.push_back(content);
    Bytes data(std::move(content));
    CO_TRY_STATUS(co_await log_.put_blob(name, std::move(data)));
    versions.erase(versions.begin(), versions.end() - 1);
    co_return Status{};
  }

  Task<Status> remove_blob() {
    std::string name = "blob-" + std::to_string(random_.below(3));
    auto& versions = model_.blobs[name];
    versions.push_back(std::nullopt);
    CO_TRY_STATUS(co_await log_.remove_blob(name));
    versions.erase(versions.begin(), versions.end() - 1);
    co_return Status{};
  }

  Log& log_;
  Model& model_;
  Random& random_;
};

Content all_of(LogStoreHarness& harness, Log& log, const SegmentInfo& segment) {
  Result<Bytes> bytes = harness.run(log.read(segment.number, 0, segment.bytes, ReadPattern::sequential));
  EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
  if (!bytes) return {};
  return Content(bytes->view().begin(), bytes->view().end());
}

size_t common_prefix(const Content& a, const Content& b) {
  auto [end, unused] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return end - a.begin();
}

// A truncation under way takes segments from the end, one by one, then bytes: what it may have taken need not be there.
void forget_what_was_being_cut(Model& model) {
  if (!std::exchange(model.cutting, false)) return;
  model.durable_through = std::min(model.durable_through, model.cut_segment);
  Model::Segment& cut = model.segments[model.cut_segment];
  cut.durable = std::min(cut.durable, model.cut_bytes);
}

void check_segments(LogStoreHarness& harness, Log& log, Model& model) {
  std::map<SegmentNumber, Content> found;
  for (const SegmentInfo& each : log.segments()) found[each.number] = all_of(harness, log, each);
  forget_what_was_being_cut(model);
  for (const SegmentInfo& each : log.segments()) {
    bool new_one = model.rewriting && each.rewrite == model.rewrites && each.number == model.rewriting->first;
    if (new_one) model.adopt_rewrite();
    model.rewrites = std::max(model.rewrites, each.rewrite);
  }
  model.rewriting.reset();
  if (model.being_removed && !found.contains(*model.being_removed)) model.segments.erase(*model.being_removed);
  model.being_removed.reset();
  for (const auto& [number, expected] : model.segments) {
    if (number > model.durable_through) break;
    ASSERT_TRUE(found.contains(number)) << "segment " << number << " was lost";
    ASSERT_GE(common_prefix(found[number], expected.bytes), expected.durable) << "of segment " << number;
  }
  std::map<SegmentNumber, Model::Segment> now;
  for (auto& [number, bytes] : found) {
    ASSERT_TRUE(model.segments.contains(number)) << "segment " << number << " came back";
    ASSERT_TRUE(now.empty() || now.rbegin()->second.last + 1 == number) << "a gap before segment " << number;
    now[number] = Model::Segment{bytes, bytes.size(), model.segments[number].last};  // what an open shows is durable
  }
  model.segments = std::move(now);
  model.durable_through = model.segments.empty() ? 0 : model.segments.rbegin()->first;
}

void check_blobs(LogStoreHarness& harness, Log& log, Model& model) {
  for (auto& [name, versions] : model.blobs) {
    if (versions.empty()) versions.push_back(std::nullopt);
    std::optional<Content> found;
    Result<Bytes> bytes = harness.run(log.read_blob(name, 0, 1 << 20));
    if (bytes) found = Content(bytes->view().begin(), bytes->view().end());
    if (!bytes) {
      ASSERT_EQ(bytes.error().code, ErrorCode::not_found) << bytes.error().message;
    }
    bool known = std::find(versions.begin(), versions.end(), found) != versions.end();
    ASSERT_TRUE(known) << name << " is neither the old one nor a new one";
    versions = {found};
  }
}

class LogStoreCrash : public testing::TestWithParam<LogStoreEngine> {
 protected:
  // The power fails after `span`.
  static void fail_power(LogStoreHarness& harness, Duration span, bool& failed) {
    SteadyTime when = harness.executor().clock().now() + span;
    harness.executor().call_at(when, [&harness, &failed] {
      harness.crash();
      failed = true;
    });
  }

  // Opens the log, checks it and works on it until the power fails.
  void live(LogStoreHarness& harness, StorageEpoch epoch, Model& model, Random& random) {
    Result<std::unique_ptr<Log>> log = harness.run(harness.store().open(kId, epoch));
    ASSERT_TRUE(log.has_value()) << log.error().message;
    check_segments(harness, **log, model);
    if (HasFatalFailure()) return;
    check_blobs(harness, **log, model);
    if (HasFatalFailure()) return;
    bool failed = false;
    fail_power(harness, std::chrono::microseconds(random.below(60'000)), failed);
    Workload workload(**log, model, random);
    Status ended = harness.run(workload.run());
    ASSERT_TRUE(failed) << ended.error().message;
  }

  void fail_while_opening(LogStoreHarness& harness, StorageEpoch epoch, Random& random) {
    bool failed = false;
    fail_power(harness, std::chrono::microseconds(random.below(8'000)), failed);
    Result<std::unique_ptr<Log>> log = harness.run(harness.store().open(kId, epoch));
    if (!log) {
      EXPECT_EQ(log.error().code, ErrorCode::cancelled) << log.error().message;
    }
    harness.run_until([&] { return failed; });
  }

  static constexpr LogId kId{Uuid{{1}}, 0};
};

TEST_P(LogStoreCrash, keeps_all_that_was_acknowledged) {
  constexpr uint64_t kSeeds = 40;
  constexpr int kRounds = 6;
  uint64_t survived = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::unique_ptr<LogStoreHarness> harness = GetParam().make(seed);
    if (!harness->can_fail()) GTEST_SKIP() << "this engine cannot lose power in a test";
    SimRandom random(seed, "work");
    Model model;
    StorageEpoch epoch = 0;
    for (int round = 1; round <= kRounds; ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      bool opening = random.below(4) == 0;
      opening ? fail_while_opening(*harness, ++epoch, random) : live(*harness, ++epoch, model, random);
      if (HasFatalFailure()) return;
      harness->restart();
      for (const auto& [number, segment] : model.segments) survived += segment.durable;
    }
  }
  EXPECT_GT(survived, 1'000'000U);  // else the test has tested nothing
}

INSTANTIATE_TEST_SUITE_P(Engines, LogStoreCrash, testing::ValuesIn(log_store_engines()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace distributary
