// The declarations of all commands, by family. Each function is in the commands_*.cc of its name.
#pragma once

#include <vector>

#include "api/admin/command.h"

namespace distributary::admin {

std::vector<Command> stream_commands();
std::vector<Command> topic_commands();
std::vector<Command> cursor_commands();
std::vector<Command> replica_commands();
std::vector<Command> upstream_commands();
std::vector<Command> gateway_commands();
std::vector<Command> job_commands();

std::vector<Command> all_commands();
// Of the program `mapr`.
std::vector<Command> tool_commands();

}  // namespace distributary::admin
