#include "api/kafka/consumer_blobs.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/sync_group.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_sync_group(const KafkaRequest& request) {
  CO_TRY(kafka::SyncGroupRequest asked, decode_request<kafka::SyncGroupRequest>(request));
  SyncRequest sync;
  sync.claim = {std::move(asked.group_id), std::move(asked.member_id), std::move(asked.group_instance_id),
                asked.generation_id};
  sync.protocol_type = std::move(asked.protocol_type);
  sync.protocol_name = std::move(asked.protocol_name);
  sync.assignments.reserve(asked.assignments.size());
  for (auto& assignment : asked.assignments) {
    sync.assignments.emplace_back(std::move(assignment.member_id), std::move(assignment.assignment));
  }
  CO_TRY(SyncAnswer synced, co_await request.broker().groups().sync(std::move(sync), request.gone));
  kafka::SyncGroupResponse response;
  response.error_code = to_wire(synced.error);
  response.protocol_type = std::move(synced.protocol_type);
  response.protocol_name = std::move(synced.protocol_name);
  response.assignment = std::move(synced.assignment);
  if (synced.unwritten) {
    CO_TRY(response.assignment, write_classic_assignment(*synced.unwritten));
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
