// stream topic create, edit, delete, list, info.
#include <algorithm>

#include "api/admin/admin_context.h"
#include "api/admin/commands.h"
#include "api/admin/stream_figures.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

OptionSpec topic_option() {
  return {.name = "topic", .type = OptionType::text, .help = "name of the topic", .required = true};
}
OptionSpec timestamp_option(const char* fallback) {
  return {.name = "timestamptype",
          .type = OptionType::choice,
          .help = "whose time messages carry: the producer's or the server's",
          .default_text = fallback,
          .choices = {"createtime", "logappendtime"}};
}

Task<Result<StreamHandle>> open_stream(AdminCall& call) {
  std::string path = call.path.path;
  co_return co_await call.context.catalog.stream(std::move(path));
}

Task<Result<Records>> acknowledged(Stream& stream, Lsn lsn) {
  CO_TRY_STATUS(co_await stream.wait_acknowledged(lsn));
  co_return Records();
}

Task<Result<Records>> create_topic(AdminCall& call) {
  std::string name = call.arguments.text("topic");
  CO_TRY_STATUS(check_topic_name(name));
  CO_TRY(StreamHandle handle, co_await open_stream(call));
  const StreamSettings& settings = handle->record.settings;
  auto partitions = static_cast<uint32_t>(call.arguments.number("partitions").value_or(settings.default_partitions));
  TopicSettings own;
  if (auto word = call.arguments.find("timestamptype")) {
    CO_TRY(own.timestamp_type, parse_timestamp_type(*word));
  }
  if (handle->stream->state().topic_named(name)) {
    co_return fail(ErrorCode::already_exists, "topic " + quoted(name) + " exists already in stream " + call.path.path);
  }
  CO_TRY(Stream::CreatedTopic created, handle->stream->create_topic(name, partitions, settings.timestamp_type, own));
  co_return co_await acknowledged(*handle->stream, created.lsn);
}

Task<Result<Records>> edit_topic(AdminCall& call) {
  CO_TRY(StreamHandle handle, co_await open_stream(call));
  CO_TRY(const Topic* topic, find_topic(*handle->stream, call.path.path, call.arguments.text("topic")));
  auto present = static_cast<uint32_t>(topic->partitions.size());
  TopicAltered change{present, topic->timestamp_type, topic->own_settings()};
  change.partitions = static_cast<uint32_t>(call.arguments.number("partitions").value_or(present));
  if (auto word = call.arguments.find("timestamptype")) {
    CO_TRY(change.settings.timestamp_type, parse_timestamp_type(*word));
  }
  if (change.partitions < present) {
    co_return fail(ErrorCode::invalid_argument, "-partitions cannot be " + std::to_string(change.partitions) +
                                                    ": topic " + quoted(topic->name) + " has " +
                                                    std::to_string(present) + " and their number can only grow");
  }
  if (handle->record.settings.is_changelog && change.partitions != present) {
    co_return fail(ErrorCode::invalid_argument,
                   "-partitions cannot be changed: stream " + call.path.path + " is a changelog");
  }
  TopicUuid id = topic->id;
  CO_TRY(Lsn lsn, handle->stream->alter_topic(id, change));
  co_return co_await acknowledged(*handle->stream, lsn);
}

Task<Result<Records>> delete_topic(AdminCall& call) {
  CO_TRY(StreamHandle handle, co_await open_stream(call));
  CO_TRY(const Topic* topic, find_topic(*handle->stream, call.path.path, call.arguments.text("topic")));
  TopicUuid id = topic->id;
  CO_TRY(Lsn lsn, handle->stream->delete_topic(id));
  co_return co_await acknowledged(*handle->stream, lsn);
}

uint64_t messages(const PartitionState& partition) {
  return static_cast<uint64_t>(partition.next - partition.log_start);
}

uint64_t messages(const Topic& topic) {
  uint64_t count = 0;
  for (const PartitionState& partition : topic.partitions) count += messages(partition);
  return count;
}

// Sizes are kept for the whole stream, whose log is one; a topic's and a partition's are its share of the messages.
struct Sizes {
  explicit Sizes(const Stream& stream) : physical(stream.bytes_on_disk()), logical(stream.logical_bytes()) {
    for (const auto& [name, ordinal] : stream.state().names()) {
      if (const Topic* topic = stream.state().topic_at(ordinal)) total += messages(*topic);
    }
  }
  uint64_t share(uint64_t bytes, uint64_t count) const {
    if (total == 0) return 0;
    return static_cast<uint64_t>(static_cast<double>(bytes) * static_cast<double>(count) / static_cast<double>(total));
  }
  uint64_t physical;
  uint64_t logical;
  uint64_t total = 0;
};

struct CursorSummary {
  uint64_t groups = 0;
  uint64_t max_lag = 0;
};

CursorSummary summarise(const std::vector<GroupCursor>& cursors, const Topic& topic) {
  CursorSummary summary;
  std::string last_group;
  for (const GroupCursor& cursor : cursors) {
    if (cursor.partition.topic != topic.id || cursor.partition.partition >= topic.partitions.size()) continue;
    if (summary.groups == 0 || cursor.group != last_group) ++summary.groups;
    last_group = cursor.group;
    Offset end = topic.partitions[cursor.partition.partition].next;
    summary.max_lag = std::max(summary.max_lag, static_cast<uint64_t>(std::max<Offset>(0, end - cursor.offset)));
  }
  return summary;
}

Task<Result<Records>> list_topics(AdminCall& call) {
  CO_TRY(StreamHandle handle, co_await open_stream(call));
  const StreamState& state = handle->stream->state();
  Sizes sizes(*handle->stream);
  std::vector<GroupCursor> cursors = all_cursors(state);
  Records records;
  for (const auto& [name, ordinal] : state.names()) {
    const Topic* topic = state.topic_at(ordinal);
    if (!topic) continue;
    CursorSummary summary = summarise(cursors, *topic);
    records.push_back({{"topic", name},
                       {"partitions", static_cast<uint64_t>(topic->partitions.size())},
                       {"consumers", summary.groups},
                       {"physicalsize", sizes.share(sizes.physical, messages(*topic))},
                       {"logicalsize", sizes.share(sizes.logical, messages(*topic))},
                       {"maxlag", summary.max_lag}});
  }
  co_return records;
}

struct SlowestCursor {
  bool any = false;
  Offset offset = 0;
};

SlowestCursor slowest(const std::vector<GroupCursor>& cursors, const TopicPartition& partition) {
  SlowestCursor slowest;
  for (const GroupCursor& cursor : cursors) {
    if (cursor.partition != partition) continue;
    slowest.offset = slowest.any ? std::min(slowest.offset, cursor.offset) : cursor.offset;
    slowest.any = true;
  }
  return slowest;
}

struct PartitionFigures {
  PartitionIndex index = 0;
  PartitionState state;
  SlowestCursor cursor;
  WallMillis min_time = 0;
  WallMillis max_time = 0;
  WallMillis cursor_time = 0;
};

Task<Status> find_times(Stream& stream, TopicPartition partition, PartitionFigures& figures) {
  if (figures.state.log_start == figures.state.next) co_return Status{};
  CO_TRY(figures.min_time, co_await time_at(stream, partition, figures.state.log_start));
  CO_TRY(auto latest, co_await stream.find_latest_time(partition));
  figures.max_time = latest ? latest->timestamp : figures.min_time;
  if (figures.cursor.any && figures.cursor.offset < figures.state.next) {
    Offset from = std::max(figures.cursor.offset, figures.state.log_start);
    CO_TRY(figures.cursor_time, co_await time_at(stream, partition, from));
  }
  co_return Status{};
}

Task<Result<Records>> topic_info(AdminCall& call) {
  CO_TRY(StreamHandle handle, co_await open_stream(call));
  Stream& stream = *handle->stream;
  CO_TRY(const Topic* topic, find_topic(stream, call.path.path, call.arguments.text("topic")));
  TopicUuid id = topic->id;
  std::string type(to_string(topic->timestamp_type));
  Sizes sizes(stream);
  std::vector<GroupCursor> cursors = all_cursors(stream.state());
  std::vector<PartitionFigures> partitions;
  for (uint32_t i = 0; i < topic->partitions.size(); ++i) {
    TopicPartition partition{id, i};
    partitions.push_back({.index = i, .state = topic->partitions[i], .cursor = slowest(cursors, partition)});
  }
  Records records;  // the topic may go while times are looked up: `topic` is not used from here on
  for (PartitionFigures& p : partitions) {
    TopicPartition partition{id, p.index};
    CO_TRY_STATUS(co_await find_times(stream, partition, p));
    records.push_back({{"partitionid", p.index},
                       {"physicalsize", sizes.share(sizes.physical, messages(p.state))},
                       {"logicalsize", sizes.share(sizes.logical, messages(p.state))},
                       {"maxoffset", p.state.next - 1},
                       {"minoffsetacrossconsumers", p.cursor.any ? p.cursor.offset : Offset{0}},
                       {"mintimestamp", record_time(p.min_time)},
                       {"maxtimestamp", record_time(p.max_time)},
                       {"mintimestampacrossconsumers", record_time(p.cursor_time)},
                       {"fid", to_string(id) + "." + std::to_string(p.index)},
                       {"master", call.context.host},
                       {"servers", call.context.host},
                       {"timestamptype", type}});
  }
  co_return records;
}

}  // namespace

std::vector<Command> topic_commands() {
  OptionSpec partitions{.name = "partitions",
                        .type = OptionType::number,
                        .help = "number of partitions",
                        .default_text = "the stream's defaultpartitions",
                        .min = 1,
                        .max = kPartitionsPerTopicMax};
  OptionSpec more_partitions = partitions;
  more_partitions.help = "new number of partitions, which may only grow";
  more_partitions.default_text = "";
  return {
      {.words = {"stream", "topic", "create"},
       .help = "creates a topic",
       .options = {path_option(), topic_option(), partitions, timestamp_option("the stream's defaulttimestamptype")},
       .action = StreamAction::change_topics,
       .handler = create_topic},
      {.words = {"stream", "topic", "edit"},
       .help = "changes a topic; what is not named stays",
       .options = {path_option(), topic_option(), more_partitions, timestamp_option("")},
       .action = StreamAction::change_topics,
       .handler = edit_topic},
      {.words = {"stream", "topic", "delete"},
       .help = "deletes a topic with its messages",
       .options = {path_option(), topic_option()},
       .action = StreamAction::change_topics,
       .handler = delete_topic},
      {.words = {"stream", "topic", "info"},
       .help = "shows the partitions of a topic; sizes are shares of the stream's, by number of messages",
       .options = {path_option(), topic_option()},
       .action = StreamAction::read_topics,
       .handler = topic_info},
      {.words = {"stream", "topic", "list"},
       .help = "lists the topics of a stream; maxlag is in messages, sizes are shares of the stream's",
       .options = {path_option()},
       .action = StreamAction::read_topics,
       .handler = list_topics},
  };
}

}  // namespace distributary::admin
