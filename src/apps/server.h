// The commands `distributary init` and `distributary server`: the real world around a Node.
#pragma once

#include <string>
#include <vector>

namespace distributary {

// Each gives the exit status: 0, 1 when it failed, 2 for wrong usage. Messages go to standard error.
int run_init(const std::vector<std::string>& arguments);
int run_server(const std::vector<std::string>& arguments);

}  // namespace distributary
