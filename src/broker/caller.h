// Who asks, and what for. The listener makes a Caller per connection and sets the permission of each request from the API's row in the permission table; the
// broker asks the Authorizer whenever it has found the stream that a request is about.
#pragma once

#include <string>

#include "cluster/catalog.h"
#include "model/access_expression.h"

namespace distributary {

// What an API needs on each stream that it touches: the expressions of the stream's settings.
enum class Permission {
  none,      // open to every caller
  describe,  // to see that a topic is there: any of the others
  produce,
  consume,
  topic,  // create, change and delete topics
};
std::string_view to_string(Permission permission);

struct Caller {
  Principal principal;  // the user is empty when nobody has authenticated
  std::string client_id;
  std::string client_host;
  Permission permission = Permission::none;
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual bool allowed(const Principal& principal, Permission permission, const StreamRecord& stream) = 0;
};

// For a listener without security.
class AllowAll final : public Authorizer {
 public:
  bool allowed(const Principal&, Permission, const StreamRecord&) override { return true; }
};

// Decides by the expressions of the stream. The admin permission includes all others.
class StreamPermissions final : public Authorizer {
 public:
  bool allowed(const Principal& principal, Permission permission, const StreamRecord& stream) override;
};

}  // namespace distributary
