#include "apps/tool_surroundings.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "apps/clusters_file.h"
#include "cluster/identity.h"

namespace distributary {
namespace {

std::string operating_system_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

void StandardOutput::out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void StandardOutput::error(std::string_view text) {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

Result<ToolSurroundings> ToolSurroundings::make(const admin::Arguments& general) {
  ToolSurroundings made;
  TRY(made.map_, load_clusters_file(general.text("clusters")));
  made.user_ = general.text("user", operating_system_user());
  if (!is_principal_name(made.user_)) {
    return fail(ErrorCode::invalid_argument,
                "-user cannot be '" + made.user_ + "': a user name has no blanks and none of ! & | ( )");
  }
  made.world_ = make_real_world();
  std::string directory = general.text("identity", environment("DISTRIBUTARY_IDENTITY"));
  if (!directory.empty()) {
    TRY(made.identity_, made.executor().run(load_identity(made.world_->world().files, directory)));
  }
  return made;
}

admin::CommandLineSetting ToolSurroundings::setting(const std::string& program) const {
  return admin::CommandLineSetting{.world = world_->world(),
                                   .map = map_,
                                   .identity = identity_ ? &*identity_ : nullptr,
                                   .program = program,
                                   .user = user_,
                                   .terminal = ::isatty(STDOUT_FILENO) == 1};
}

}  // namespace distributary
