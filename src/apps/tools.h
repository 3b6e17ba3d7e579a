// The command-line tools. Each takes what follows the program's name and gives the exit status.
#pragma once

#include <string>
#include <vector>

namespace distributary {

int run_maprcli(const std::vector<std::string>& arguments);
int run_mapr(const std::vector<std::string>& arguments);

}  // namespace distributary
