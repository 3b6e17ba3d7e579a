// mapr: the utilities. copystream.
#include "api/admin/command_line.h"
#include "api/admin/copy_tool.h"
#include "api/admin/envelope.h"
#include "apps/tool_surroundings.h"
#include "apps/tools.h"

namespace distributary {

int run_mapr(const std::vector<std::string>& arguments) {
  StandardOutput output;
  const admin::CommandTable& table = admin::CommandTable::tools();
  if (auto help = admin::answer_help(table, arguments, "mapr", output); help.exit) return *help.exit;
  auto line = admin::parse_command_line(table, arguments);
  if (!line) return admin::kExitUsage;  // answer_help has said why
  auto surroundings = ToolSurroundings::make(line->general);
  if (!surroundings) {
    output.error(admin::to_error_line(surroundings.error()) + "\n");
    return admin::kExitFailed;
  }
  return surroundings->executor().run(admin::run_copystream(surroundings->setting("mapr"), std::move(*line), output));
}

}  // namespace distributary
