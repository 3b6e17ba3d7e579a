// The command line: from words to a command, its options, the call and what is printed. Programs give it a world and an
// output; so do tests.
//
// Threads: the executor's thread only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/admin/command.h"
#include "api/admin/remote_clusters.h"
#include "cluster/cluster_map.h"
#include "io/world.h"

namespace distributary::admin {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

class Output {
 public:
  virtual ~Output() = default;
  virtual void out(std::string_view text) = 0;
  virtual void error(std::string_view text) = 0;
};

// -json, -clusters, -identity, -user, -help: of every command.
std::vector<OptionSpec> general_options();

struct CommandLine {
  std::vector<std::string> words;
  Arguments::Pairs options;  // of the command
  Arguments general;
};
// Splits what follows the program's name: words up to the first option, then `-option value`, `--option value` and bare
// flags. Errors: invalid_argument.
Result<CommandLine> parse_command_line(const CommandTable& table, const std::vector<std::string>& arguments);

// What a command line needs of its surroundings.
struct CommandLineSetting {
  World& world;
  const ClusterMap& map;
  const TlsIdentity* identity;  // null: none
  std::string program;          // as people call it
  std::string user;             // in whose name
  bool terminal = false;        // the output is a terminal

  RemoteClusters remote() const;
};

// Help, or nothing when the line asks for a command to be run: then `exit` is not set.
struct HelpAnswer {
  std::optional<int> exit;
};
HelpAnswer answer_help(const CommandTable& table, const std::vector<std::string>& arguments, const std::string& program,
                       Output& output);

// Runs one command of the table on the cluster that it belongs to and prints the answer. Gives the exit status.
Task<int> run_command(CommandLineSetting setting, CommandLine line, Output& output);

}  // namespace distributary::admin
