#include "api/kafka/handlers.h"
#include "api/kafka/log_dir.h"
#include "wire/kafka/describe_log_dirs.h"

namespace distributary {
namespace {

// The partitions of one request, by topic. Unknown ones are left out, as Kafka does.
Task<std::vector<TopicSizes>> find_sizes(const KafkaRequest& request, const kafka::DescribeLogDirsRequest& asked) {
  LogSizes& sizes = request.broker().log_sizes();
  if (!asked.topics) co_return co_await sizes.all(request.caller, request.stop);
  std::vector<SizeQuery> queries;
  for (const auto& topic : *asked.topics) queries.push_back({TopicReference{topic.topic, {}}, topic.partitions});
  co_return co_await sizes.find(queries, request.caller);
}

}  // namespace

Task<Result<KafkaAnswer>> handle_describe_log_dirs(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeLogDirsRequest asked, decode_request<kafka::DescribeLogDirsRequest>(request));
  std::vector<TopicSizes> sizes = co_await find_sizes(request, asked);
  kafka::DescribeLogDirsResponse response;
  kafka::DescribeLogDirsResponse::LogDir& directory = response.results.emplace_back();
  directory.log_dir = kLogDirectory;
  for (TopicSizes& topic : sizes) {
    if (!topic.fault.ok() && directory.error_code == kafka::ErrorCode::none)
      directory.error_code = to_wire(topic.fault);
    if (topic.partitions.empty()) continue;
    auto& out = directory.topics.emplace_back();
    out.name = std::move(topic.name);
    for (const TopicSizes::Partition& partition : topic.partitions)
      out.partitions.push_back({partition.index, static_cast<int64_t>(partition.bytes), 0, false});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
