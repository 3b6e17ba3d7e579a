#include "broker/topic_pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "model/printable.h"

namespace distributary {

TopicPattern::TopicPattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
TopicPattern::TopicPattern(TopicPattern&&) noexcept = default;
TopicPattern& TopicPattern::operator=(TopicPattern&&) noexcept = default;
TopicPattern::~TopicPattern() = default;

Result<TopicPattern> TopicPattern::parse(const std::string& expression) {
  if (expression.size() > kPatternBytesMax) {
    return fail(ErrorCode::too_large, fmt::format("a regular expression of {} bytes; at most {} are allowed",
                                                  expression.size(), kPatternBytesMax));
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryMax);
  auto compiled = std::make_unique<re2::RE2>(expression, options);
  if (!compiled->ok()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the regular expression {} is not one of RE2: {}", quoted(expression), compiled->error()));
  }
  return TopicPattern(std::move(compiled));
}

bool TopicPattern::matches(std::string_view name) const {
  return re2::RE2::FullMatch(re2::StringPiece(name.data(), name.size()), *compiled_);
}

}  // namespace distributary
