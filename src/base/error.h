// Errors as values. Every operation that can fail because of the world (disk, network, input) returns Result<T>; the
// caller cannot drop it silently. Bugs are not errors: they CHECK (base/check.h) and abort.
//
// Callers branch on the code only. The message is for people: it says what failed, where, and what to do next. Each
// level may prepend one phrase with `context`.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace distributary {

enum class ErrorCode {
  invalid_argument,   // the caller's input is wrong; the message names the option or field and what is allowed
  not_found,          // the named thing does not exist
  already_exists,     // the named thing exists and must not
  permission_denied,  // authenticated, but not allowed
  unauthenticated,    // who is asking could not be established
  unsupported,        // a version, type or feature this build does not know
  out_of_range,       // an offset, LSN or position outside what is kept
  too_large,          // a named limit is exceeded
  corrupt,            // bytes do not match their checksum or format: damage
  conflict,           // a precondition (compare-and-set, expected position, state) does not hold
  fenced,             // a newer owner, epoch or producer exists
  storage_full,       // no space; produce is refused until space returns
  io,                 // the operating system refused an operation
  unavailable,        // the other side cannot be reached or is not ready; retry may help
  timed_out,          // the deadline passed
  cancelled,          // the waiting was stopped on purpose
  closed,             // the connection or object was closed by the other side
  not_owner,          // the topic is owned by another stream; the message names it
  diverged,           // two histories disagree; stop and name it
  gap,                // needed history is no longer there; stop and name it
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string message;

  // Prepends "phrase: " to the message.
  Error context(std::string_view phrase) const;
};

inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(const tl::unexpected<Error>& error) : tl::expected<T, Error>(error) {}
  Result(tl::unexpected<Error>&& error) : tl::expected<T, Error>(std::move(error)) {}
};

using Status = Result<void>;

}  // namespace distributary

#define DISTRIBUTARY_CONCAT_INNER(a, b) a##b
#define DISTRIBUTARY_CONCAT(a, b) DISTRIBUTARY_CONCAT_INNER(a, b)

// TRY(auto x, expression): early return of the error, else x is the value. TRY_STATUS for Result<void>.
#define DISTRIBUTARY_TRY(temporary, declaration, ret, ...)                \
  auto temporary = (__VA_ARGS__);                                         \
  if (!temporary) ret ::distributary::fail(std::move(temporary).error()); \
  declaration = std::move(*temporary)
#define TRY(declaration, ...) \
  DISTRIBUTARY_TRY(DISTRIBUTARY_CONCAT(try_result_, __COUNTER__), declaration, return, __VA_ARGS__)
// The coroutine forms: CO_TRY(auto x, co_await expression).
#define CO_TRY(declaration, ...) \
  DISTRIBUTARY_TRY(DISTRIBUTARY_CONCAT(try_result_, __COUNTER__), declaration, co_return, __VA_ARGS__)

#define DISTRIBUTARY_TRY_STATUS(temporary, ret, ...)                        \
  do {                                                                      \
    auto temporary = (__VA_ARGS__);                                         \
    if (!temporary) ret ::distributary::fail(std::move(temporary).error()); \
  } while (false)
#define TRY_STATUS(...) DISTRIBUTARY_TRY_STATUS(DISTRIBUTARY_CONCAT(try_status_, __COUNTER__), return, __VA_ARGS__)
#define CO_TRY_STATUS(...) \
  DISTRIBUTARY_TRY_STATUS(DISTRIBUTARY_CONCAT(try_status_, __COUNTER__), co_return, __VA_ARGS__)
