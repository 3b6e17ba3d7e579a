#include "wire/kafka/list_partition_reassignments.h"

#include "api/kafka/handlers.h"

namespace distributary {

// None is ever in progress: a reassignment to the node that has the partition is done at once, and there is no other.
Task<Result<KafkaAnswer>> handle_list_partition_reassignments(const KafkaRequest& request) {
  CO_TRY(kafka::ListPartitionReassignmentsRequest asked,
         decode_request<kafka::ListPartitionReassignmentsRequest>(request));
  (void)asked;
  co_return encode_answer(request, kafka::ListPartitionReassignmentsResponse{});
}

}  // namespace distributary
