// Who asks, and what for. The listener makes a Caller per connection and sets the action of each request from the API's
// row in the permission table; the broker asks the Authorizer whenever it has found a stream that the request is about.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "cluster/catalog.h"
#include "cluster/permissions.h"
#include "model/access_expression.h"

namespace distributary {

struct Caller {
  Principal principal;  // the user is empty when nobody has authenticated
  std::string client_id;
  std::string client_host;
  std::optional<StreamAction> action;  // what is about to be done with streams; nullopt: nothing that needs permission
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // permission_denied says who lacks what.
  virtual Status check(const Principal& principal, const StreamRecord& stream, StreamAction action) = 0;
  // For what concerns the cluster and no stream of its own: quotas.
  virtual Status check_administrator(const Principal& principal) = 0;
};

// For a listener without security.
class AllowAll final : public Authorizer {
 public:
  Status check(const Principal&, const StreamRecord&, StreamAction) override { return {}; }
  Status check_administrator(const Principal&) override { return {}; }
};

// Decides by the expressions of the stream, and by the names of the administrators.
class StreamPermissions final : public Authorizer {
 public:
  explicit StreamPermissions(std::vector<std::string> administrators = {})
      : administrators_(std::move(administrators)) {}
  Status check(const Principal& principal, const StreamRecord& stream, StreamAction action) override {
    return check_allowed(principal, stream, action);
  }
  Status check_administrator(const Principal& principal) override {
    if (std::ranges::find(administrators_, principal.user) != administrators_.end()) return {};
    return fail(ErrorCode::permission_denied, "user '" + principal.user + "' is not an administrator of the cluster");
  }

 private:
  std::vector<std::string> administrators_;
};

}  // namespace distributary
