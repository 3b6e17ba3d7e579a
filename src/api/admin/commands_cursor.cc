// stream cursor list, delete.
#include <algorithm>
#include <map>
#include <set>

#include "api/admin/admin_context.h"
#include "api/admin/commands.h"
#include "api/admin/stream_figures.h"
#include "broker/cursor_removal.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

// What the options of both commands name.
struct Filter {
  std::string group;  // empty: every group
  std::optional<TopicUuid> topic;
  std::optional<PartitionIndex> partition;

  bool matches(const GroupCursor& cursor) const {
    return (group.empty() || cursor.group == group) && (!topic || cursor.partition.topic == *topic) &&
           (!partition || cursor.partition.partition == *partition);
  }
};

Result<Filter> parse_filter(const AdminCall& call, const Stream& stream) {
  Filter filter;
  filter.group = call.arguments.text("consumergroup");
  if (auto number = call.arguments.number("partition")) {
    if (!call.arguments.has("topic")) return fail(ErrorCode::invalid_argument, "-partition goes with -topic only");
    filter.partition = static_cast<PartitionIndex>(*number);
  }
  if (call.arguments.has("topic")) {
    TRY(const Topic* topic, find_topic(stream, call.path.path, call.arguments.text("topic")));
    filter.topic = topic->id;
    if (filter.partition && *filter.partition >= topic->partitions.size()) {
      return fail(ErrorCode::invalid_argument, "-partition cannot be " + std::to_string(*filter.partition) +
                                                   ": topic " + quoted(topic->name) + " has " +
                                                   std::to_string(topic->partitions.size()) + " partitions, from 0");
    }
  }
  return filter;
}

std::vector<GroupCursor> matching(const Stream& stream, const Filter& filter) {
  std::vector<GroupCursor> cursors = all_cursors(stream.state());
  std::erase_if(cursors, [&](const GroupCursor& cursor) { return !filter.matches(cursor); });
  return cursors;
}

struct Lag {
  WallMillis producer_time = 0;
  WallMillis consumer_time = 0;
  int64_t millis = 0;
};

Task<Result<Lag>> find_lag(Stream& stream, GroupCursor cursor, PartitionState state) {
  Lag lag;
  if (state.next == state.log_start) co_return lag;
  CO_TRY(auto latest, co_await stream.find_latest_time(cursor.partition));
  if (latest) lag.producer_time = latest->timestamp;
  if (cursor.offset >= state.next) {
    lag.consumer_time = lag.producer_time;
    co_return lag;
  }
  Offset from = std::max(cursor.offset, state.log_start);
  CO_TRY(lag.consumer_time, co_await time_at(stream, cursor.partition, from));
  lag.millis = std::max<int64_t>(0, lag.producer_time - lag.consumer_time);
  co_return lag;
}

Task<Result<Records>> list_cursors(AdminCall& call) {
  std::string path = call.path.path;
  CO_TRY(StreamHandle handle, co_await call.context.catalog.stream(std::move(path)));
  Stream& stream = *handle->stream;
  CO_TRY(Filter filter, parse_filter(call, stream));
  Records records;
  for (const GroupCursor& cursor : matching(stream, filter)) {
    const Topic* topic = stream.state().topic(cursor.partition.topic);
    if (!topic || cursor.partition.partition >= topic->partitions.size()) continue;
    std::string name = topic->name;
    PartitionState state = topic->partitions[cursor.partition.partition];
    GroupCursor copy = cursor;
    CO_TRY(Lag lag, co_await find_lag(stream, std::move(copy), state));
    records.push_back({{"consumergroup", cursor.group},
                       {"topic", name},
                       {"partitionid", cursor.partition.partition},
                       {"produceroffset", state.next - 1},
                       {"committedoffset", cursor.offset},
                       {"producertimestamp", record_time(lag.producer_time)},
                       {"consumertimestamp", record_time(lag.consumer_time)},
                       {"consumerlagmillis", lag.millis}});
  }
  co_return records;
}

Task<Result<Records>> delete_cursors(AdminCall& call) {
  std::string path = call.path.path;
  CO_TRY(StreamHandle handle, co_await call.context.catalog.stream(std::move(path)));
  Stream& stream = *handle->stream;
  CO_TRY(Filter filter, parse_filter(call, stream));
  std::map<std::string, std::set<TopicPartition>> by_group;
  for (const GroupCursor& cursor : matching(stream, filter)) by_group[cursor.group].insert(cursor.partition);
  Lsn last = 0;
  std::string kept;
  for (const auto& [group, partitions] : by_group) {
    const CursorFilter wanted = [&chosen = partitions](const TopicPartition& partition) {
      return chosen.contains(partition);
    };
    CO_TRY(CursorRemoval removal, remove_cursors(stream, group, wanted));
    last = std::max(last, removal.lsn);
    if (removal.kept_others) kept = kept_fault(removal, group).message;
  }
  if (last > 0) {
    CO_TRY_STATUS(co_await stream.wait_acknowledged(last));
  }
  if (!kept.empty()) co_return fail(ErrorCode::not_owner, kept);
  co_return Records();
}

}  // namespace

std::vector<Command> cursor_commands() {
  std::vector<OptionSpec> options{
      {.name = "path", .type = OptionType::stream, .help = "path of the stream", .required = true},
      {.name = "consumergroup", .type = OptionType::text, .help = "only this consumer group"},
      {.name = "topic", .type = OptionType::text, .help = "only this topic"},
      {.name = "partition",
       .type = OptionType::number,
       .help = "only this partition of the topic",
       .max = kPartitionsPerTopicMax},
  };
  return {
      {.words = {"stream", "cursor", "list"},
       .help = "lists committed cursors; committedoffset is the next message to read",
       .options = options,
       .action = StreamAction::read_topics,
       .handler = list_cursors},
      {.words = {"stream", "cursor", "delete"},
       .help = "deletes the committed cursors that match",
       .options = options,
       .action = StreamAction::delete_cursors,
       .handler = delete_cursors},
  };
}

}  // namespace distributary::admin
