// The engines that the contract suite is run with.
#include <stdlib.h>

#include <filesystem>

#include "io/real/real_blocking_pool.h"
#include "io/real/real_executor.h"
#include "io/real/real_file_system.h"
#include "io/sim/sim_disk.h"
#include "io/sim/sim_executor.h"
#include "io/sim/sim_file_system.h"
#include "storage/local/local_log_store.h"
#include "storage/log_store_harness.h"
#include "storage/memory/memory_log_store.h"

namespace distributary {

std::vector<uint8_t> test_pattern(uint64_t seed, size_t size) {
  std::vector<uint8_t> bytes(size);
  SimRandom(seed, "pattern").fill(bytes);
  return bytes;
}

namespace {

class MemoryHarness final : public LogStoreHarness {
 public:
  explicit MemoryHarness(uint64_t seed) : random_(seed), store_(std::make_unique<MemoryLogStore>(executor_, logs_)) {
    logs_.sync_time = std::chrono::milliseconds(1);
  }
  Executor& executor() override { return executor_; }
  LogStore& store() override { return *store_; }
  void run_until(const std::function<bool()>& condition) override { ASSERT_TRUE(executor_.run_until_true(condition)); }
  void restart() override { store_ = std::make_unique<MemoryLogStore>(executor_, logs_); }
  bool can_fail() const override { return true; }
  void crash() override { logs_.crash(&random_); }
  void fail_syncs(bool on) override { logs_.fail_next_sync = on ? std::optional(ErrorCode::io) : std::nullopt; }
  void fail_appends(bool on) override { logs_.fail_next_append = on ? std::optional(ErrorCode::io) : std::nullopt; }
  void set_free_space(std::optional<uint64_t> bytes) override {
    logs_.capacity = bytes ? logs_.bytes_used() + *bytes : UINT64_MAX;
  }

 private:
  SimExecutor executor_;
  SimRandom random_;
  MemoryLogs logs_;
  std::unique_ptr<MemoryLogStore> store_;
};

class SimLocalHarness final : public LogStoreHarness {
 public:
  explicit SimLocalHarness(uint64_t seed) : disk_(seed, "disk"), random_(seed, "crash") { restart(); }
  Executor& executor() override { return executor_; }
  LogStore& store() override { return *store_; }
  void run_until(const std::function<bool()>& condition) override { ASSERT_TRUE(executor_.run_until_true(condition)); }
  void restart() override {
    store_.reset();
    if (files_) disk_.close_all();
    files_ = std::make_unique<SimFileSystem>(disk_, executor_);
    LocalLogOptions options{.root = "/data/store", .open_files = 4};
    Result<std::unique_ptr<LocalLogStore>> started = run(LocalLogStore::start(executor_, *files_, std::move(options)));
    ASSERT_TRUE(started.has_value()) << started.error().message;
    store_ = std::move(*started);
  }
  bool can_fail() const override { return true; }
  void crash() override { disk_.crash(random_); }
  void fail_syncs(bool on) override { disk_.settings.sync_error = on ? 1 : 0; }
  void fail_appends(bool on) override { disk_.settings.write_error = on ? 1 : 0; }
  void set_free_space(std::optional<uint64_t> bytes) override {
    uint64_t used = disk_.settings.capacity - disk_.free_bytes();
    disk_.settings.capacity = bytes ? used + *bytes : SimDiskSettings().capacity;
  }

 private:
  SimExecutor executor_;
  SimDisk disk_;
  SimRandom random_;
  std::unique_ptr<SimFileSystem> files_;
  std::unique_ptr<LocalLogStore> store_;
};

// Files of the operating system, in a directory that goes with the test. Power cuts and faults it leaves to the
// simulated disk.
class RealLocalHarness final : public LogStoreHarness {
 public:
  RealLocalHarness(uint64_t) {
    std::string pattern = (std::filesystem::temp_directory_path() / "log-store-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
    restart();
  }
  ~RealLocalHarness() override {
    store_.reset();
    std::filesystem::remove_all(root_);
  }
  Executor& executor() override { return executor_; }
  LogStore& store() override { return *store_; }
  void run_until(const std::function<bool()>& condition) override {
    ASSERT_TRUE(executor_.run(poll(executor_, condition)).has_value());
  }
  void restart() override {
    store_.reset();
    LocalLogOptions options{.root = root_, .open_files = 4};
    Result<std::unique_ptr<LocalLogStore>> started = run(LocalLogStore::start(executor_, files_, std::move(options)));
    ASSERT_TRUE(started.has_value()) << started.error().message;
    store_ = std::move(*started);
  }

 private:
  static Task<Status> poll(Executor& executor, const std::function<bool()>& condition) {
    SteadyTime deadline = executor.clock().now() + std::chrono::seconds(60);
    std::stop_token unstoppable;
    while (!condition()) {
      if (executor.clock().now() > deadline) co_return fail(ErrorCode::timed_out, "the condition never held");
      CO_TRY_STATUS(co_await sleep_for(executor, std::chrono::microseconds(50), unstoppable));
    }
    co_return Status{};
  }

  std::string root_;
  RealExecutor executor_;
  RealBlockingPool pool_{2};
  RealBlockingPool reads_{2};
  RealFileSystem files_{executor_, pool_, reads_};
  std::unique_ptr<LocalLogStore> store_;
};

template <class Harness>
std::unique_ptr<LogStoreHarness> make(uint64_t seed) {
  return std::make_unique<Harness>(seed);
}

}  // namespace

std::vector<LogStoreEngine> log_store_engines() {
  return {
      {"memory", make<MemoryHarness>}, {"local_sim", make<SimLocalHarness>}, {"local_real", make<RealLocalHarness>}};
}

}  // namespace distributary
