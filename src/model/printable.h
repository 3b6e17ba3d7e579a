// What text from outside may hold when it becomes a name, and how to quote it in a message.
#pragma once

#include <string>
#include <string_view>

namespace distributary {

// Well-formed UTF-8 without control characters, line separators and direction overrides, which would let a name look
// like another one on a terminal.
bool is_printable(std::string_view text);

// 'text' in single quotes, with what is not printable as \xNN, cut after `bytes_max` bytes.
std::string quoted(std::string_view text, size_t bytes_max = 120);

}  // namespace distributary
