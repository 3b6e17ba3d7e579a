// What is written from the declarations of commands: usage, shell completion, the reference page.
//
// Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "api/admin/command.h"

namespace distributary::admin {

// Of one command: synopsis, what it does, its options.
std::string usage(const Command& command, const std::string& program);
// The commands that begin with `words`, one per line with what they do. Empty when there are none.
std::string overview(const CommandTable& table, const std::vector<std::string>& words, const std::string& program);
// The command that was probably meant, or empty.
std::string suggestion(const CommandTable& table, const std::vector<std::string>& words);
// A script for bash: `source <(maprcli completion bash)`.
std::string bash_completion();
// docs/commands.md.
std::string reference_page();

}  // namespace distributary::admin
