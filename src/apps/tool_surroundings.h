// What the command-line tools need of the real world: standard output, the user, the clusters file and the identity.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/admin/command_line.h"
#include "io/real/real_world.h"

namespace distributary {

class StandardOutput final : public admin::Output {
 public:
  void out(std::string_view text) override;
  void error(std::string_view text) override;
};

class ToolSurroundings {
 public:
  // `general`: the options of every command. Errors name the file or directory that is missing.
  static Result<ToolSurroundings> make(const admin::Arguments& general);
  admin::CommandLineSetting setting(const std::string& program) const;
  RealExecutor& executor() { return world_->executor(); }

 private:
  std::unique_ptr<RealWorld> world_;
  ClusterMap map_;
  std::optional<TlsIdentity> identity_;
  std::string user_;
};

}  // namespace distributary
