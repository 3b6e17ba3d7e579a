// What every engine of metadata must do.
#include "storage/meta_store.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "io/sim/sim_executor.h"
#include "io/sim/sim_random.h"
#include "storage/local/sqlite_meta_store.h"
#include "storage/log_store_harness.h"
#include "storage/memory/memory_meta_store.h"

namespace distributary {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "meta-store-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct MetaHarness {
  virtual ~MetaHarness() = default;
  SimExecutor executor;
  std::unique_ptr<MetaStore> store;
  virtual void restart() = 0;
};

struct MemoryMetaHarness final : MetaHarness {
  MemoryMetaHarness() { restart(); }
  void restart() override { store = std::make_unique<MemoryMetaStore>(executor, meta); }
  MemoryMeta meta;
};

struct SqliteMetaHarness final : MetaHarness {
  SqliteMetaHarness() { restart(); }
  ~SqliteMetaHarness() override { store.reset(); }
  void restart() override {
    store.reset();
    auto opened = executor.run(SqliteMetaStore::open(executor, pool, directory.file("meta.db")));
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store = std::move(*opened);
  }
  TemporaryDirectory directory;
  SimRandom random{1};
  SimBlockingPool pool{random, std::chrono::milliseconds(1)};
};

template <class Harness>
std::unique_ptr<MetaHarness> make() {
  return std::make_unique<Harness>();
}
struct Engine {
  const char* name;
  std::unique_ptr<MetaHarness> (*make)();
};

class MetaStoreContract : public testing::TestWithParam<Engine> {
 protected:
  template <class T>
  T run(Task<T> task) {
    return harness_->executor.run(std::move(task));
  }
  MetaStore& store() { return *harness_->store; }
  Status put(std::string key, std::string value) {
    MetaBatch batch;
    batch.put(std::move(key), std::move(value));
    return run(store().apply(std::move(batch)));
  }
  std::string get(const std::string& key) {
    auto value = run(store().get(key));
    EXPECT_TRUE(value.has_value());
    return value && *value ? **value : "(none)";
  }
  std::vector<std::string> keys(const std::string& prefix, const std::string& after, size_t limit) {
    std::vector<std::string> found;
    auto entries = run(store().scan(prefix, after, limit));
    EXPECT_TRUE(entries.has_value());
    if (entries) {
      for (const MetaEntry& each : *entries) found.push_back(each.key);
    }
    return found;
  }

  std::unique_ptr<MetaHarness> harness_ = GetParam().make();
};

using Keys = std::vector<std::string>;

TEST_P(MetaStoreContract, keeps_what_was_put) {
  std::string binary("\0\xff\n'\"", 5);
  EXPECT_EQ(get("a"), "(none)");
  ASSERT_OK(put("a", "1"));
  ASSERT_OK(put("empty", ""));
  ASSERT_OK(put(binary, binary));
  ASSERT_OK(put("a", "2"));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(get("a"), "2");
    EXPECT_EQ(get("empty"), "");
    EXPECT_EQ(get(binary), binary);
    harness_->restart();
  }
  MetaBatch batch;
  batch.remove("a").remove("never there");
  ASSERT_OK(run(store().apply(std::move(batch))));
  EXPECT_EQ(get("a"), "(none)");
}

TEST_P(MetaStoreContract, scans_in_order) {
  for (const char* key : {"s/b", "s/a", "t", "s/", "s", "s/a\xff", "s/c", "r", "s0"}) ASSERT_OK(put(key, key));
  EXPECT_EQ(keys("s/", "", 100), (Keys{"s/", "s/a", "s/a\xff", "s/b", "s/c"}));
  EXPECT_EQ(keys("s/", "s/", 100), (Keys{"s/a", "s/a\xff", "s/b", "s/c"}));
  EXPECT_EQ(keys("s/", "s/a", 2), (Keys{"s/a\xff", "s/b"}));
  EXPECT_EQ(keys("s/", "s/bb", 100), (Keys{"s/c"}));
  EXPECT_EQ(keys("s/", "s/c", 100), Keys{});
  EXPECT_EQ(keys("s/", "a", 1), (Keys{"s/"}));
  EXPECT_EQ(keys("", "s/c", 100), (Keys{"s0", "t"}));
  EXPECT_EQ(keys("s/", "", 0), Keys{});
  EXPECT_EQ(keys("x", "", 100), Keys{});
  EXPECT_EQ(run(store().scan("t", "", 1)).value(), (std::vector<MetaEntry>{{"t", "t"}}));
}

TEST_P(MetaStoreContract, applies_all_or_nothing) {
  ASSERT_OK(put("a", "1"));
  MetaBatch good;
  good.require("a", "1").require("b", std::nullopt).put("a", "2").put("b", "1");
  ASSERT_OK(run(store().apply(good)));
  EXPECT_FAILS(ErrorCode::conflict, run(store().apply(good)));
  MetaBatch present;
  present.require("b", std::nullopt).put("c", "1");
  EXPECT_FAILS(ErrorCode::conflict, run(store().apply(present)));
  MetaBatch absent;
  absent.require("nothing", "").put("c", "1");
  EXPECT_FAILS(ErrorCode::conflict, run(store().apply(absent)));
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(get("b"), "1");
  EXPECT_EQ(get("c"), "(none)");
  MetaBatch in_order;
  in_order.put("d", "1").remove("d").put("e", "1").put("e", "2");
  ASSERT_OK(run(store().apply(std::move(in_order))));
  EXPECT_EQ(get("d"), "(none)");
  EXPECT_EQ(get("e"), "2");
}

TEST_P(MetaStoreContract, holds_the_limits) {
  ASSERT_OK(put(std::string(kMaxMetaKey, 'k'), std::string(kMaxMetaValue, 'v')));
  EXPECT_EQ(get(std::string(kMaxMetaKey, 'k')).size(), kMaxMetaValue);
  EXPECT_FAILS(ErrorCode::too_large, put(std::string(kMaxMetaKey + 1, 'k'), ""));
  EXPECT_FAILS(ErrorCode::too_large, put("k", std::string(kMaxMetaValue + 1, 'v')));
  EXPECT_FAILS(ErrorCode::invalid_argument, put("", "v"));
}

Task<void> increment(MetaStore& store, int times, int& conflicts) {
  for (int done = 0; done < times;) {
    Result<std::optional<std::string>> now = co_await store.get("counter");
    if (!now) co_return;
    int value = *now ? std::stoi(**now) : 0;
    MetaBatch batch;
    batch.require("counter", *now).put("counter", std::to_string(value + 1));
    Status applied = co_await store.apply(std::move(batch));
    applied ? ++done : ++conflicts;
  }
}

TEST_P(MetaStoreContract, loses_no_update_when_many_compete) {
  TaskScope scope(harness_->executor);
  int conflicts = 0;
  for (int i = 0; i < 5; ++i) scope.spawn(increment(store(), 10, conflicts));
  ASSERT_TRUE(harness_->executor.run_until_true([&] { return scope.size() == 0; }));
  EXPECT_EQ(get("counter"), "50");
}

Task<void> watch(MetaStore& store, std::string prefix, uint64_t seen, SteadyTime deadline,
                 std::optional<Status>& ended) {
  std::stop_token unstoppable;
  ended = co_await store.wait_change(std::move(prefix), seen, deadline, unstoppable);
}

TEST_P(MetaStoreContract, wakes_who_waits_for_a_change) {
  uint64_t seen = store().version("s/");
  TaskScope scope(harness_->executor);
  std::optional<Status> all, below, other;
  SteadyTime soon = harness_->executor.now() + std::chrono::seconds(10);
  scope.spawn(watch(store(), "", store().version(""), kNever, all));
  scope.spawn(watch(store(), "s/", seen, kNever, below));
  scope.spawn(watch(store(), "t/", store().version("t/"), soon, other));
  harness_->executor.run_ready();
  EXPECT_FALSE(all || below || other);
  MetaBatch refused;
  refused.require("x", "y").put("s/a", "1");
  EXPECT_FAILS(ErrorCode::conflict, run(store().apply(std::move(refused))));
  EXPECT_FALSE(all || below || other);
  EXPECT_EQ(store().version("s/"), seen);
  ASSERT_OK(put("s/a", "1"));
  harness_->executor.run_ready();
  ASSERT_TRUE(all && below);
  EXPECT_TRUE(all->has_value() && below->has_value());
  EXPECT_FALSE(other);
  EXPECT_GT(store().version("s/"), seen);
  ASSERT_OK(run(store().wait_change("s/", seen, kNever, {})));  // has changed already
  seen = store().version("s/");
  MetaBatch removal;
  removal.remove("s/a");
  ASSERT_OK(run(store().apply(std::move(removal))));
  EXPECT_GT(store().version("s/"), seen);
  harness_->executor.run_until(soon);
  ASSERT_TRUE(other);
  EXPECT_FAILS(ErrorCode::timed_out, *other);
}

TEST_P(MetaStoreContract, lends) {
  using std::chrono::seconds;
  ASSERT_OK(run(store().take_lease("l", "one", seconds(10))));
  EXPECT_FAILS(ErrorCode::conflict, run(store().take_lease("l", "two", seconds(10))));
  EXPECT_FAILS(ErrorCode::conflict, run(store().release_lease("l", "two")));
  ASSERT_OK(run(store().take_lease("m", "two", seconds(10))));
  harness_->executor.run_for(seconds(8));
  ASSERT_OK(run(store().take_lease("l", "one", seconds(10))));
  harness_->restart();
  harness_->executor.run_for(seconds(8));
  EXPECT_FAILS(ErrorCode::conflict, run(store().take_lease("l", "two", seconds(10))));
  harness_->executor.run_for(seconds(3));
  ASSERT_OK(run(store().release_lease("l", "two")));  // it has run out
  ASSERT_OK(run(store().take_lease("l", "two", seconds(10))));
  EXPECT_FAILS(ErrorCode::conflict, run(store().take_lease("l", "one", seconds(10))));
  ASSERT_OK(run(store().release_lease("l", "two")));
  ASSERT_OK(run(store().take_lease("l", "one", seconds(10))));
  ASSERT_OK(run(store().release_lease("never taken", "one")));
}

INSTANTIATE_TEST_SUITE_P(Engines, MetaStoreContract,
                         testing::Values(Engine{"memory", make<MemoryMetaHarness>},
                                         Engine{"sqlite", make<SqliteMetaHarness>}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(SqliteMetaStore, names_damage_and_a_second_user) {
  SqliteMetaHarness harness;
  std::string path = harness.directory.file("meta.db");
  EXPECT_FAILS(ErrorCode::unavailable,
               harness.executor.run(SqliteMetaStore::open(harness.executor, harness.pool, path)));
  harness.store.reset();
  EXPECT_FAILS(ErrorCode::io,
               harness.executor.run(SqliteMetaStore::open(harness.executor, harness.pool, path + "/no/such")));
  std::filesystem::remove(path + "-wal");
  std::ofstream(path, std::ios::trunc) << std::string(8192, 'x');
  EXPECT_FAILS(ErrorCode::corrupt, harness.executor.run(SqliteMetaStore::open(harness.executor, harness.pool, path)));
}

// The process dies without closing anything: what was acknowledged is in the files.
TEST(SqliteMetaStore, needs_no_clean_end) {
  SqliteMetaHarness harness;
  MetaBatch batch;
  batch.put("a", "1");
  ASSERT_OK(harness.executor.run(harness.store->apply(std::move(batch))));
  std::filesystem::copy(harness.directory.file("meta.db"), harness.directory.file("copy.db"));
  std::filesystem::copy(harness.directory.file("meta.db-wal"), harness.directory.file("copy.db-wal"));
  auto copy =
      harness.executor.run(SqliteMetaStore::open(harness.executor, harness.pool, harness.directory.file("copy.db")));
  ASSERT_TRUE(copy.has_value()) << copy.error().message;
  EXPECT_EQ(harness.executor.run((*copy)->get("a")).value(), "1");
}

}  // namespace
}  // namespace distributary
