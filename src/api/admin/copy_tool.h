// `mapr copystream`: starts the copy at the source's cluster and shows how it goes on until it has ended.
//
// Threads: the executor's thread only.
#pragma once

#include "api/admin/command_line.h"

namespace distributary::admin {

inline constexpr Duration kCopyPollInterval = std::chrono::milliseconds(500);
// The job goes on in the server while it cannot be asked; so long we keep asking.
inline constexpr Duration kCopySilenceLimit = std::chrono::minutes(2);

// `line`: a parsed command line of CommandTable::tools(). Gives the exit status.
Task<int> run_copystream(CommandLineSetting setting, CommandLine line, Output& output);

// What is printed while a job runs, from its record. One line without its end.
std::string progress_line(const Record& job, bool bar);

}  // namespace distributary::admin
