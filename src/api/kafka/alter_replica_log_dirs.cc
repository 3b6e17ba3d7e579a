#include "wire/kafka/alter_replica_log_dirs.h"

#include "api/kafka/handlers.h"
#include "api/kafka/log_dir.h"

namespace distributary {
namespace {

// Everything is in the one directory already, and there is no other.
kafka::ErrorCode answer(const TopicDescription& topic, int32_t partition, const std::string& path) {
  if (path != kLogDirectory) return kafka::ErrorCode::log_dir_not_found;
  if (!topic.fault.ok()) return to_wire(topic.fault);
  const bool known = partition >= 0 && partition < static_cast<int32_t>(topic.partitions);
  return known ? kafka::ErrorCode::none : kafka::ErrorCode::unknown_topic_or_partition;
}

std::vector<TopicReference> topics_of(const kafka::AlterReplicaLogDirsRequest& asked) {
  std::vector<TopicReference> out;
  for (const kafka::AlterReplicaLogDirsRequest::Dir& dir : asked.dirs) {
    for (const kafka::AlterReplicaLogDirsRequest::Topic& topic : dir.topics) out.push_back({topic.name, {}});
  }
  return out;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_alter_replica_log_dirs(const KafkaRequest& request) {
  CO_TRY(kafka::AlterReplicaLogDirsRequest asked, decode_request<kafka::AlterReplicaLogDirsRequest>(request));
  const bool allowed = static_cast<bool>(request.broker().directory().check_administrator(request.caller));
  std::vector<TopicDescription> topics =
      co_await request.broker().topics().describe(topics_of(asked), false, request.caller, request.stop);
  kafka::AlterReplicaLogDirsResponse response;
  size_t next = 0;
  for (const kafka::AlterReplicaLogDirsRequest::Dir& dir : asked.dirs) {
    for (const kafka::AlterReplicaLogDirsRequest::Topic& topic : dir.topics) {
      const TopicDescription& found = topics[next++];
      auto& out = response.results.emplace_back();
      out.topic_name = topic.name;
      for (const int32_t partition : topic.partitions) {
        out.partitions.push_back(
            {partition, allowed ? answer(found, partition, dir.path) : kafka::ErrorCode::cluster_authorization_failed});
      }
    }
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
