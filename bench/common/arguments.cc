#include "common/arguments.h"

#include <fmt/core.h>

#include <charconv>
#include <cstdio>

namespace distributary::bench {

Arguments::Arguments(int count, char** words) {
  for (int i = 0; i < count; ++i) {
    std::string word = words[i];
    size_t equals = word.find('=');
    if (equals == std::string::npos) throw Failure("'" + word + "' is not of the form name=value");
    values_[word.substr(0, equals)] = word.substr(equals + 1);
  }
}

const std::string& Arguments::text(const std::string& name) const {
  auto found = values_.find(name);
  if (found == values_.end()) throw Failure("'" + name + "=' is missing");
  return found->second;
}

std::string Arguments::text(const std::string& name, const std::string& otherwise) const {
  return has(name) ? text(name) : otherwise;
}

uint64_t Arguments::number(const std::string& name) const {
  const std::string& value = text(name);
  uint64_t result = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (error != std::errc() || end != value.data() + value.size())
    throw Failure("'" + name + "=" + value + "' is no whole number");
  return result;
}

uint64_t Arguments::number(const std::string& name, uint64_t otherwise) const {
  return has(name) ? number(name) : otherwise;
}

double Arguments::real(const std::string& name, double otherwise) const {
  return has(name) ? std::stod(text(name)) : otherwise;
}

int run_command(int count, char** words, const std::map<std::string, void (*)(const Arguments&)>& commands) {
  if (count < 2 || !commands.contains(words[1])) {
    fmt::print(stderr, "usage: {} COMMAND [name=value ...]; commands:", words[0]);
    for (const auto& [name, _] : commands) fmt::print(stderr, " {}", name);
    fmt::print(stderr, "\n");
    return 2;
  }
  try {
    commands.at(words[1])(Arguments(count - 2, words + 2));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{} {}: {}\n", std::string_view(words[0]).substr(std::string_view(words[0]).rfind('/') + 1),
               words[1], error.what());
    return 1;
  }
}

}  // namespace distributary::bench
