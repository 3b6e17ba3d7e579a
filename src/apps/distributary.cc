// The program `distributary`. Called as `maprcli` or `mapr` (links to the same file) it is that tool.
#include <fmt/core.h>

#include <filesystem>
#include <string>
#include <vector>

#include "apps/server.h"
#include "apps/tools.h"

namespace {

constexpr const char* kUsage =
    "usage: distributary init ...     makes the identity of a new cluster\n"
    "       distributary server ...   runs a node\n"
    "       distributary <command>    any command of maprcli, for example: distributary stream info -path /activity\n"
    "       distributary mapr ...     copystream\n"
    "Options of a command: distributary <command> -help\n";

}  // namespace

int main(int count, char** values) {
  std::vector<std::string> arguments(values + 1, values + count);
  std::string name = std::filesystem::path(values[0]).filename().string();
  if (name == "maprcli") return distributary::run_maprcli(arguments);
  if (name == "mapr") return distributary::run_mapr(arguments);
  if (arguments.empty() || arguments[0] == "-help" || arguments[0] == "--help" || arguments[0] == "help") {
    fmt::print("{}", kUsage);
    return arguments.empty() ? 2 : 0;
  }
  std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (arguments[0] == "init") return distributary::run_init(rest);
  if (arguments[0] == "server") return distributary::run_server(rest);
  if (arguments[0] == "mapr") return distributary::run_mapr(rest);
  return distributary::run_maprcli(arguments);
}
