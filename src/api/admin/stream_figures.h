// Figures about topics and cursors that several commands show.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/task.h"
#include "stream/stream.h"

namespace distributary::admin {

// The topic of this name, or not_found that names stream and topic.
Result<const Topic*> find_topic(const Stream& stream, const std::string& stream_path, const std::string& name);
// Of every group, by topic and partition: the committed position that counts.
struct GroupCursor {
  std::string group;
  TopicPartition partition;
  Offset offset = 0;
};
std::vector<GroupCursor> all_cursors(const StreamState& state);

// Time of the message at `offset`: that of its batch, as precise as the batch's header. 0 when there is none.
Task<Result<WallMillis>> time_at(Stream& stream, TopicPartition partition, Offset offset);

}  // namespace distributary::admin
