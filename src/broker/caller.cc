#include "broker/caller.h"

namespace distributary {

std::string_view to_string(Permission permission) {
  switch (permission) {
    case Permission::none:
      return "none";
    case Permission::describe:
      return "describe";
    case Permission::produce:
      return "produceperm";
    case Permission::consume:
      return "consumeperm";
    case Permission::topic:
      return "topicperm";
  }
  return "?";
}

bool StreamPermissions::allowed(const Principal& principal, Permission permission, const StreamRecord& stream) {
  const StreamSettings& settings = stream.settings;
  auto may = [&principal](const AccessExpression& expression) { return expression.allows(principal); };
  switch (permission) {
    case Permission::none:
      return true;
    case Permission::produce:
      return may(settings.produce_permission) || may(settings.admin_permission);
    case Permission::consume:
      return may(settings.consume_permission) || may(settings.admin_permission);
    case Permission::topic:
      return may(settings.topic_permission) || may(settings.admin_permission);
    case Permission::describe:
      return may(settings.produce_permission) || may(settings.consume_permission) || may(settings.topic_permission) ||
             may(settings.admin_permission);
  }
  return false;
}

}  // namespace distributary
