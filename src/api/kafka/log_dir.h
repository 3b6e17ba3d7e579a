// What clients are shown of where records are kept: one directory. Every stream has one log, wherever its engine keeps
// it.
#pragma once

namespace distributary {

inline constexpr const char* kLogDirectory = "/streams";

}  // namespace distributary
