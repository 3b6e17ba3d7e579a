// CHECK(condition): programmer errors only. Stays on in release builds; prints the place and aborts. Never use it for
// bad input, disk or network: those are Result.
#pragma once

namespace distributary {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}

#define CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::distributary::check_failed(#condition, __FILE__, __LINE__))
