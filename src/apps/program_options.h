// Options of the server program, `-name value`, declared as data: from it come parsing, checks and the usage text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"

namespace distributary {

struct ProgramOption {
  std::string name;
  std::string help;
  std::string default_value;
  bool required = false;
};

class ProgramOptions {
 public:
  // `arguments`: what follows the command. invalid_argument names the option and what is allowed. `--name` works too.
  static Result<ProgramOptions> parse(const std::vector<ProgramOption>& declared,
                                      const std::vector<std::string>& arguments);
  const std::string& text(const std::string& name) const;
  // invalid_argument names option, value and range.
  Result<uint64_t> number(const std::string& name, uint64_t min, uint64_t max) const;
  Result<bool> boolean(const std::string& name) const;

 private:
  std::map<std::string, std::string> values_;
};

// Whether they ask how the command is used: -help, --help or -h, wherever it stands.
bool asks_for_help(const std::vector<std::string>& arguments);
std::string usage(const std::string& command, const std::vector<ProgramOption>& declared);

}  // namespace distributary
