// What the contract tests of io/ run on: a simulated world or the real one. One test body, both implementations.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "io/task.h"
#include "io/task_scope.h"
#include "io/world.h"

namespace distributary::contract {

enum class Kind { sim, real };
inline auto kinds() { return testing::Values(Kind::sim, Kind::real); }

class Harness {
 public:
  virtual ~Harness() = default;
  virtual World& world() = 0;
  virtual void run(Task<void> task) = 0;       // to its end
  virtual std::string directory() = 0;         // empty, for this test alone
  virtual std::string host() = 0;              // where this node listens
  virtual const TlsIdentity& identity() = 0;   // of this node
  virtual std::string root_fingerprint() = 0;  // of that identity
};

std::unique_ptr<Harness> make_harness(Kind kind);

// The base of all contract suites.
class Contract : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Harness> harness = make_harness(GetParam());
  World& world = harness->world();
};

inline std::string kind_name(const testing::TestParamInfo<Kind>& info) {
  return info.param == Kind::sim ? "Sim" : "Real";
}

// The value, or the end of the test program: for what a test needs and does not test.
template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "unexpected error: %s\n", result.error().message.c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

template <class T>
void expect_error(const Result<T>& result, ErrorCode code, std::string_view part_of_message = {}) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(to_string(result.error().code), to_string(code)) << result.error().message;
  EXPECT_NE(result.error().message.find(part_of_message), std::string::npos) << result.error().message;
}

}  // namespace distributary::contract
