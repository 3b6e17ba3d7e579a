// Arguments of the programs that ./x bench runs: words of the form name=value. What is missing or no number throws.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

namespace distributary::bench {

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Arguments {
 public:
  Arguments(int count, char** words);
  const std::string& text(const std::string& name) const;
  std::string text(const std::string& name, const std::string& otherwise) const;
  uint64_t number(const std::string& name) const;
  uint64_t number(const std::string& name, uint64_t otherwise) const;
  double real(const std::string& name, double otherwise) const;
  bool has(const std::string& name) const { return values_.contains(name); }
  bool flag(const std::string& name) const { return number(name, 0) != 0; }

 private:
  std::map<std::string, std::string> values_;
};

// Runs `command` of a program and says what went wrong on standard error; the process's status.
int run_command(int count, char** words, const std::map<std::string, void (*)(const Arguments&)>& commands);

}  // namespace distributary::bench
