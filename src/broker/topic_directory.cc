#include "broker/topic_directory.h"

#include <fmt/format.h>

#include "base/log.h"
#include "model/printable.h"

namespace distributary {
namespace {

constexpr size_t kHomesMax = 1'000'000;  // guesses kept; all are dropped when there are more
const Logger topic_directory_logger("broker");

}  // namespace

Task<Result<StreamHandle>> TopicDirectory::stream(std::string path) { return catalog_.stream(std::move(path)); }

Task<Result<StreamHandle>> TopicDirectory::stream_with(TopicUuid topic) {
  auto home = homes_.find(topic);
  if (home != homes_.end()) {
    Uuid guess = home->second;
    Result<StreamHandle> handle = co_await catalog_.stream_by_uuid(guess);
    if (handle && (*handle)->stream->state().topic(topic) != nullptr) co_return handle;
  }
  std::vector<std::string> paths = catalog_.paths();
  for (const std::string& path : paths) {
    std::string copy = path;
    Result<StreamHandle> handle = co_await catalog_.stream(std::move(copy));
    if (!handle || (*handle)->stream->state().topic(topic) == nullptr) continue;
    if (homes_.size() >= kHomesMax) homes_.clear();
    homes_[topic] = (*handle)->record.uuid;
    co_return handle;
  }
  co_return fail(ErrorCode::not_found, "no stream here has a topic with the id " + to_string(topic));
}

Task<std::vector<StreamHandle>> TopicDirectory::streams(const Caller& caller) {
  std::vector<StreamHandle> out;
  std::vector<std::string> paths = catalog_.paths();
  for (const std::string& path : paths) {
    std::string copy = path;
    Result<StreamHandle> handle = co_await catalog_.stream(std::move(copy));
    if (!handle) {
      if (handle.error().code != ErrorCode::not_found) {
        topic_directory_logger.warn("a stream is left out of a list",
                                    {{"stream", path}, {"error", handle.error().message}});
      }
      continue;
    }
    if (check(caller, (*handle)->record)) out.push_back(std::move(*handle));
  }
  co_return out;
}

Task<Result<StreamHandle>> TopicLookup::stream_at(std::string path) {
  for (const auto& [known, handle] : seen_) {
    if (known == path) co_return handle;
  }
  std::string copy = path;
  Result<StreamHandle> handle = co_await directory_.stream(std::move(copy));
  seen_.emplace_back(std::move(path), handle);
  co_return handle;
}

Task<FoundTopic> TopicLookup::find(TopicReference reference) {
  FoundTopic out;
  Result<StreamHandle> handle = StreamHandle();
  if (reference.by_id()) {
    handle = co_await directory_.stream_with(reference.id);
    if (!handle) {
      out.fault = {KafkaError::unknown_topic_id, handle.error().message};
      co_return out;
    }
  } else {
    Result<TopicPlace> place = directory_.names().parse(reference.name);
    if (!place) {
      out.fault = fault_of(place.error(), Subject::topic);
      co_return out;
    }
    out.name = std::move(place->topic);
    handle = co_await stream_at(std::move(place->stream_path));
    if (!handle) {
      out.fault = fault_of(handle.error(), Subject::topic);
      co_return out;
    }
  }
  Status allowed = directory_.check(caller_, (*handle)->record);
  if (!allowed) {
    out.fault = fault_of(allowed.error(), Subject::topic);
    co_return out;
  }
  out.stream = std::move(*handle);
  const StreamState& state = out.stream->stream->state();
  out.topic = reference.by_id() ? state.topic(reference.id) : state.topic_named(out.name);
  if (out.topic == nullptr) {
    out.fault = {KafkaError::unknown_topic_or_partition,
                 fmt::format("the stream {} has no topic {}", out.stream->record.path, quoted(out.name))};
  } else if (out.name.empty()) {
    out.name = out.topic->name;
  }
  co_return out;
}

Fault check_partition(const Topic& topic, int32_t partition) {
  if (partition >= 0 && static_cast<size_t>(partition) < topic.partitions.size()) return {};
  return {KafkaError::unknown_topic_or_partition,
          fmt::format("the topic {} has {} partitions; there is no partition {}", topic.name, topic.partitions.size(),
                      partition)};
}

Fault check_leader_epoch(const Topic& topic, LeaderEpoch believed) {
  if (believed < 0 || believed == topic.leader_epoch) return {};
  std::string message =
      fmt::format("the topic {} is at leader epoch {}, not {}", topic.name, topic.leader_epoch, believed);
  return {believed < topic.leader_epoch ? KafkaError::fenced_leader_epoch : KafkaError::unknown_leader_epoch,
          std::move(message)};
}

LeaderEpoch leader_epoch_at(const Topic& topic, PartitionIndex partition, Offset offset) {
  LeaderEpoch epoch = 0;
  for (const LeaderEpochStart& start : topic.epoch_starts) {
    if (partition < start.starts.size() && start.starts[partition] > offset) break;
    epoch = start.epoch;
  }
  return epoch;
}

}  // namespace distributary
