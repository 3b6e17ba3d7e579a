#include "api/kafka/api_registry.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/describe_cluster.h"

namespace distributary {
namespace {
constexpr int8_t kBrokers = 1;  // endpoint type
}

Task<Result<KafkaAnswer>> handle_describe_cluster(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeClusterRequest asked, decode_request<kafka::DescribeClusterRequest>(request));
  const KafkaListenerOptions& options = request.service.options;
  kafka::DescribeClusterResponse response;
  response.endpoint_type = asked.endpoint_type;
  if (asked.endpoint_type != kBrokers) {
    response.error_code = kafka::ErrorCode::mismatched_endpoint_type;
    response.error_message = "this address serves clients of brokers (endpoint type 1)";
    co_return encode_answer(request, response);
  }
  response.cluster_id = options.cluster_id;
  response.controller_id = options.node_id;
  response.brokers.push_back({options.node_id, options.advertised.host, options.advertised.port, std::nullopt, false});
  if (asked.include_cluster_authorized_operations) response.cluster_authorized_operations = cluster_operations(request);
  co_return encode_answer(request, response);
}

}  // namespace distributary
