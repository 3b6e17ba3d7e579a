// maprcli: every command of the table; and what is written from the table.
#include "api/admin/command_help.h"
#include "api/admin/command_line.h"
#include "api/admin/envelope.h"
#include "apps/tool_surroundings.h"
#include "apps/tools.h"

namespace distributary {

int run_maprcli(const std::vector<std::string>& arguments) {
  using Words = std::vector<std::string>;
  StandardOutput output;
  if (arguments == Words{"completion", "bash"}) {
    output.out(admin::bash_completion());
    return admin::kExitOk;
  }
  if (arguments == Words{"docs", "commands"}) {
    output.out(admin::reference_page());
    return admin::kExitOk;
  }
  const admin::CommandTable& table = admin::CommandTable::instance();
  if (auto help = admin::answer_help(table, arguments, "maprcli", output); help.exit) return *help.exit;
  auto line = admin::parse_command_line(table, arguments);
  if (!line) return admin::kExitUsage;  // answer_help has said why
  auto surroundings = ToolSurroundings::make(line->general);
  if (!surroundings) {
    output.error(admin::to_error_line(surroundings.error()) + "\n");
    return admin::kExitFailed;
  }
  return surroundings->executor().run(admin::run_command(surroundings->setting("maprcli"), std::move(*line), output));
}

}  // namespace distributary
