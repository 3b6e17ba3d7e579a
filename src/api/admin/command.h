// Commands as data. Each is declared once, in commands_*.cc; from the declaration come the command line, REST, usage
// text, completion and the reference page.
//
// A declaration is a constant of the program; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/admin/record.h"
#include "cluster/permissions.h"
#include "io/task.h"
#include "model/access_expression.h"
#include "model/path.h"

namespace distributary::admin {

enum class OptionType : uint8_t {
  text,
  stream,   // a stream's path, with or without /mapr/<cluster>
  number,   // whole, between min and max
  boolean,  // true or false
  flag,     // present or not; true or false may follow
  choice,   // one of `choices`
  access,   // an access control expression
};

struct OptionSpec {
  std::string name;  // without dashes; also the REST parameter
  OptionType type = OptionType::text;
  std::string help;
  bool required = false;
  std::string default_text = "";  // as documented: the handler decides what it means not to give the option
  std::vector<std::string> choices = {};
  int64_t min = 0;
  int64_t max = INT64_MAX;
};
// -path, which most commands need; `help` says of which stream.
OptionSpec path_option(const char* help = "path of the stream");

// Options that have been checked against their declarations: getters need no error.
class Arguments {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  bool has(const std::string& name) const { return values_.contains(name); }
  std::optional<std::string> find(const std::string& name) const;
  std::string text(const std::string& name, std::string fallback = "") const;
  std::optional<int64_t> number(const std::string& name) const;
  std::optional<bool> boolean(const std::string& name) const;
  bool flag(const std::string& name) const { return boolean(name).value_or(false); }
  // As pairs again, for another cluster.
  Pairs pairs() const { return {values_.begin(), values_.end()}; }
  void set(std::string name, std::string value) { values_[std::move(name)] = std::move(value); }
  void erase(const std::string& name) { values_.erase(name); }

 private:
  std::map<std::string, std::string> values_;
};

struct AdminContext;

// One run of a command.
struct AdminCall {
  AdminContext& context;
  Principal principal;
  Arguments arguments;
  StreamPath path;  // what -path names, when the command has such an option: in this cluster
};

using Handler = Task<Result<Records>> (*)(AdminCall& call);

struct Command {
  std::vector<std::string> words;  // stream replica add
  std::string help;                // one line, no full stop
  std::vector<OptionSpec> options;
  std::optional<StreamAction> action;  // on the stream of -path; checked before the handler runs
  Handler handler = nullptr;
  bool internal = false;  // spoken between clusters; not in usage and documentation

  std::string name() const;  // words with blanks
  const OptionSpec* option(std::string_view name) const;
};

// Checks options given as pairs. Errors (invalid_argument) name the option, the value and what is allowed.
Result<Arguments> check_arguments(const Command& command, const Arguments::Pairs& given);
// Every stream named in the form that means the same in any cluster: /mapr/<cluster>/<path>. `cluster`: that of paths
// without one.
Arguments::Pairs with_full_paths(const Command& command, const Arguments& arguments, const std::string& cluster);
// What may be given, in words: "a whole number from 0 to 5", "true or false".
std::string allowed_values(const OptionSpec& option);

// All commands, in the order of the reference page.
class CommandTable {
 public:
  static const CommandTable& instance();
  // What `mapr` offers: tools that call several commands. They have no handlers.
  static const CommandTable& tools();
  explicit CommandTable(std::vector<Command> commands);

  const std::vector<Command>& commands() const { return commands_; }
  const Command* find(const std::vector<std::string>& words) const;
  // Commands whose words begin with `words`, without the internal ones.
  std::vector<const Command*> below(const std::vector<std::string>& words) const;

 private:
  std::vector<Command> commands_;
};

}  // namespace distributary::admin
