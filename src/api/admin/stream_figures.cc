#include "api/admin/stream_figures.h"

#include "model/printable.h"
#include "model/record_batch.h"

namespace distributary::admin {

Result<const Topic*> find_topic(const Stream& stream, const std::string& stream_path, const std::string& name) {
  const Topic* topic = stream.state().topic_named(name);
  if (!topic) return fail(ErrorCode::not_found, "there is no topic " + quoted(name) + " in stream " + stream_path);
  return topic;
}

std::vector<GroupCursor> all_cursors(const StreamState& state) {
  std::vector<GroupCursor> cursors;
  for (const auto& [group, partitions] : state.cursors()) {
    for (const auto& [partition, slots] : partitions) {
      const Cursor* cursor = state.cursor(group, partition);
      if (cursor) cursors.push_back({group, partition, cursor->offset});
    }
  }
  return cursors;
}

Task<Result<WallMillis>> time_at(Stream& stream, TopicPartition partition, Offset offset) {
  auto fetched = co_await stream.fetch(partition, offset, 1, true);
  if (!fetched && fetched.error().code == ErrorCode::out_of_range) co_return WallMillis{0};
  if (!fetched) co_return fail(fetched.error());
  if (fetched->batches.empty()) co_return WallMillis{0};
  CO_TRY(RecordBatchView batch, RecordBatchView::parse(fetched->batches.front()));
  bool last = offset >= batch.last_offset();
  co_return last ? batch.max_timestamp() : batch.base_timestamp();
}

}  // namespace distributary::admin
