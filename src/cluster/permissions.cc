#include "cluster/permissions.h"

#include <array>

#include "base/check.h"
#include "model/printable.h"

namespace distributary {
namespace {

enum Permission : unsigned { produce = 1, consume = 2, topic = 4, copy = 8, admin = 16 };
constexpr unsigned kAnyReader = admin | consume | produce | topic;

struct PermissionWord {
  Permission permission;
  const char* word;
  AccessExpression StreamSettings::*expression;
};
constexpr std::array<PermissionWord, 5> kWords{{
    {admin, "adminperm", &StreamSettings::admin_permission},
    {consume, "consumeperm", &StreamSettings::consume_permission},
    {copy, "copyperm", &StreamSettings::copy_permission},
    {produce, "produceperm", &StreamSettings::produce_permission},
    {topic, "topicperm", &StreamSettings::topic_permission},
}};

// `all` are needed together; else any of `any`; else all of `alternative`, when there are any.
struct Rule {
  StreamAction action;
  const char* words;  // "user x may not <words>"
  unsigned all;
  unsigned any = 0;
  unsigned alternative = 0;
};
constexpr std::array<Rule, kStreamActionCount> kRules{{
    {StreamAction::edit_stream, "edit", admin},
    {StreamAction::delete_stream, "delete", admin},
    {StreamAction::purge_stream, "purge", admin},
    {StreamAction::read_settings, "read the settings of", 0, kAnyReader | copy},
    {StreamAction::see_permissions, "see the permissions of", admin},
    {StreamAction::change_topics, "create, edit or delete topics of", topic},
    {StreamAction::read_topics, "read the topics and cursors of", 0, kAnyReader},
    {StreamAction::delete_cursors, "delete cursors of", 0, admin | consume},
    {StreamAction::produce, "produce to", produce},
    {StreamAction::consume, "consume from", consume},
    {StreamAction::delete_records, "delete records of", topic},
    {StreamAction::add_replica, "add replicas to", admin | copy},
    {StreamAction::change_replicas, "administer the replicas of", admin},
    {StreamAction::change_upstreams, "administer the upstreams of", admin},
    {StreamAction::copy_from, "copy from", 0, consume | copy},
    {StreamAction::copy_to, "copy to", 0, copy, produce | consume | topic},
}};

const Rule& rule(StreamAction action) {
  const Rule& found = kRules[static_cast<size_t>(action)];
  CHECK(found.action == action);
  return found;
}

unsigned granted(const Principal& principal, const StreamSettings& settings) {
  unsigned permissions = 0;
  for (const PermissionWord& word : kWords) {
    if ((settings.*word.expression).allows(principal)) permissions |= word.permission;
  }
  return permissions;
}

std::string list(unsigned permissions, const char* between) {
  std::string out;
  for (const PermissionWord& word : kWords) {
    if (permissions & word.permission) out += (out.empty() ? "" : between) + std::string(word.word);
  }
  return out;
}

bool holds(const Rule& rule, unsigned permissions) {
  if (rule.all) return (permissions & rule.all) == rule.all;
  if (permissions & rule.any) return true;
  return rule.alternative && (permissions & rule.alternative) == rule.alternative;
}

}  // namespace

std::string_view to_string(StreamAction action) { return rule(action).words; }

std::string required_permissions(StreamAction action) {
  const Rule& found = rule(action);
  if (found.all) return list(found.all, " and ");
  std::string any = list(found.any, " or ");
  return found.alternative ? any + ", or " + list(found.alternative, " and ") : any;
}

bool is_allowed(const Principal& principal, const StreamSettings& settings, StreamAction action) {
  return holds(rule(action), granted(principal, settings));
}

Status check_allowed(const Principal& principal, const StreamRecord& record, StreamAction action) {
  if (is_allowed(principal, record.settings, action)) return {};
  std::string user = principal.user.empty() ? "an unnamed user" : "user " + quoted(principal.user);
  return fail(ErrorCode::permission_denied, user + " may not " + rule(action).words + " stream " + record.path +
                                                "; it needs " + required_permissions(action));
}

}  // namespace distributary
