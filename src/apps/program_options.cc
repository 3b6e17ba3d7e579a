#include "apps/program_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace distributary {

Result<ProgramOptions> ProgramOptions::parse(const std::vector<ProgramOption>& declared,
                                             const std::vector<std::string>& arguments) {
  ProgramOptions options;
  for (const ProgramOption& option : declared) options.values_[option.name] = option.default_value;
  for (size_t i = 0; i < arguments.size(); i += 2) {
    std::string name = arguments[i].substr(std::min(arguments[i].find_first_not_of('-'), arguments[i].size()));
    bool known = arguments[i].starts_with('-') && options.values_.contains(name);
    if (!known) {
      return fail(ErrorCode::invalid_argument, fmt::format("there is no option '{}'", arguments[i]));
    }
    if (i + 1 == arguments.size()) return fail(ErrorCode::invalid_argument, fmt::format("-{} needs a value", name));
    options.values_[name] = arguments[i + 1];
  }
  for (const ProgramOption& option : declared) {
    if (option.required && options.values_[option.name].empty()) {
      return fail(ErrorCode::invalid_argument, fmt::format("-{} is required: {}", option.name, option.help));
    }
  }
  return options;
}

const std::string& ProgramOptions::text(const std::string& name) const {
  auto found = values_.find(name);
  CHECK(found != values_.end());
  return found->second;
}

Result<uint64_t> ProgramOptions::number(const std::string& name, uint64_t min, uint64_t max) const {
  const std::string& value = text(name);
  uint64_t number = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || number < min || number > max) {
    return fail(ErrorCode::invalid_argument, fmt::format("-{} '{}': a number from {} to {}", name, value, min, max));
  }
  return number;
}

Result<bool> ProgramOptions::boolean(const std::string& name) const {
  const std::string& value = text(name);
  if (value == "true") return true;
  if (value == "false") return false;
  return fail(ErrorCode::invalid_argument, fmt::format("-{} '{}': true or false", name, value));
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  return std::ranges::any_of(arguments, [](const std::string& argument) {
    return argument == "-help" || argument == "--help" || argument == "-h";
  });
}

std::string usage(const std::string& command, const std::vector<ProgramOption>& declared) {
  std::string out = "usage: distributary " + command;
  size_t width = 0;
  for (const ProgramOption& option : declared) {
    if (option.required) out += fmt::format(" -{} VALUE", option.name);
    width = std::max(width, option.name.size());
  }
  out += " [-OPTION VALUE]...\n";
  for (const ProgramOption& option : declared) {
    std::string given = option.default_value.empty() ? "" : fmt::format(" (default {})", option.default_value);
    out += fmt::format("  -{:<{}}  {}{}\n", option.name, width, option.help, given);
  }
  return out;
}

}  // namespace distributary
