// Who may do what with a stream. One table, one function: everything that opens a way to a stream asks here.
//
// Pure functions; any thread.
#pragma once

#include <string_view>

#include "base/error.h"
#include "cluster/stream_record.h"
#include "model/access_expression.h"

namespace distributary {

enum class StreamAction : uint8_t {
  edit_stream,  // settings and expressions
  delete_stream,
  purge_stream,
  read_settings,  // `stream info`; the expressions themselves need see_permissions
  see_permissions,
  change_topics,  // create, edit, delete
  read_topics,    // lists and figures of topics, cursors, assignments
  delete_cursors,
  produce,
  consume,  // fetch, and commit cursors
  delete_records,
  add_replica,
  change_replicas,   // edit, pause, resume, remove, list
  change_upstreams,  // add, remove, list
  copy_from,         // source of a copy or a comparison
  copy_to,           // destination of a copy
};
inline constexpr size_t kStreamActionCount = 16;

std::string_view to_string(StreamAction action);
// In words: "adminperm and copyperm"; "one of adminperm, consumeperm".
std::string required_permissions(StreamAction action);

bool is_allowed(const Principal& principal, const StreamSettings& settings, StreamAction action);
// permission_denied names the user, the stream, the action and the permissions that would allow it.
Status check_allowed(const Principal& principal, const StreamRecord& record, StreamAction action);

}  // namespace distributary
