// TopicPattern: a regular expression over topic names, as consumers subscribe with it (RE2's syntax), or over
// transactional ids, as they are listed. A name matches as a whole. Matching takes time linear in the name, and memory
// within kPatternMemoryMax, whatever the expression is.
//
// Pure value; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace re2 {
class RE2;
}

namespace distributary {

inline constexpr size_t kPatternBytesMax = 4096;
inline constexpr int64_t kPatternMemoryMax = 1 << 20;  // of a compiled expression and its caches, in bytes

class TopicPattern {
 public:
  // Errors: invalid_argument says what is wrong with the expression; too_large.
  static Result<TopicPattern> parse(const std::string& expression);
  TopicPattern(TopicPattern&&) noexcept;
  TopicPattern& operator=(TopicPattern&&) noexcept;
  ~TopicPattern();
  bool matches(std::string_view name) const;

 private:
  explicit TopicPattern(std::unique_ptr<re2::RE2> compiled);
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace distributary
