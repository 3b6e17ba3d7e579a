#include "api/kafka/handlers.h"
#include "wire/kafka/find_coordinator.h"

namespace distributary {
namespace {

enum KeyType : int8_t { group = 0, transaction = 1 };

Fault check_key(int8_t type) {
  if (type == group || type == transaction) return {};
  return {KafkaError::invalid_request, "the key type is none that is served here"};
}

}  // namespace

// Every group and every transactional id is coordinated by the node that is asked.
Task<Result<KafkaAnswer>> handle_find_coordinator(const KafkaRequest& request) {
  CO_TRY(kafka::FindCoordinatorRequest asked, decode_request<kafka::FindCoordinatorRequest>(request));
  const KafkaListenerOptions& options = request.service.options;
  const Fault fault = check_key(asked.key_type);
  kafka::FindCoordinatorResponse::Coordinator found;
  found.error_code = to_wire(fault);
  found.error_message = message_of(fault);
  found.node_id = fault.ok() ? options.node_id : -1;
  found.host = fault.ok() ? options.advertised.host : std::string();
  found.port = fault.ok() ? options.advertised.port : -1;
  kafka::FindCoordinatorResponse response;
  response.error_code = found.error_code;
  response.error_message = found.error_message;
  response.node_id = found.node_id;
  response.host = found.host;
  response.port = found.port;
  response.coordinators.reserve(asked.coordinator_keys.size());
  for (std::string& key : asked.coordinator_keys) {
    found.key = std::move(key);
    response.coordinators.push_back(found);
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
