// What the contract suite needs of an engine under test: the store, ending and beginning again, power cuts, and faults
// on demand. Every engine has one (log_store_harnesses_test.cc); a new engine needs only that to be held against the
// whole suite.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>

#include "io/task_scope.h"
#include "storage/log_store.h"

namespace distributary {

class LogStoreHarness {
 public:
  virtual ~LogStoreHarness() = default;
  virtual Executor& executor() = 0;
  virtual LogStore& store() = 0;
  // Lets the loop run until `condition` holds.
  virtual void run_until(const std::function<bool()>& condition) = 0;

  // The process ends and starts again; the machine does not. All Logs have been destroyed before.
  virtual void restart() = 0;
  // False: cannot be done with this engine, and the tests that need it skip.
  virtual bool can_fail() const { return false; }
  // The power fails. Logs still there answer `cancelled`; destroy them, then call `restart`.
  virtual void crash() {}
  virtual void fail_syncs(bool) {}                         // from now on, or no more
  virtual void fail_appends(bool) {}                       // the same
  virtual void set_free_space(std::optional<uint64_t>) {}  // bytes; none: plenty

  template <class T>
  T run(Task<T> task) {
    TaskScope scope(executor());
    std::optional<T> value;
    scope.spawn(keep(std::move(task), value));
    run_until([&scope] { return scope.size() == 0; });
    return std::move(*value);
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& into) {
    T value = co_await task;
    into.emplace(std::move(value));
  }
};

struct LogStoreEngine {
  const char* name;
  std::unique_ptr<LogStoreHarness> (*make)(uint64_t seed);
};
std::vector<LogStoreEngine> log_store_engines();

// Bytes that differ from place to place and from seed to seed.
std::vector<uint8_t> test_pattern(uint64_t seed, size_t size);

#define ASSERT_OK(...)                                                             \
  do {                                                                             \
    auto assert_ok_result = (__VA_ARGS__);                                         \
    ASSERT_TRUE(assert_ok_result.has_value()) << assert_ok_result.error().message; \
  } while (false)
#define EXPECT_FAILS(code_, ...)                                                                                       \
  do {                                                                                                                 \
    auto expect_fails_result = (__VA_ARGS__);                                                                          \
    EXPECT_FALSE(expect_fails_result.has_value());                                                                     \
    if (!expect_fails_result) {                                                                                        \
      EXPECT_EQ(to_string(expect_fails_result.error().code), to_string(code_)) << expect_fails_result.error().message; \
    }                                                                                                                  \
  } while (false)

}  // namespace distributary
