#include "api/kafka/handlers.h"
#include "model/printable.h"
#include "wire/kafka/alter_client_quotas.h"

namespace distributary {
namespace {

Result<QuotaEntity> read_entity(const std::vector<kafka::AlterClientQuotasRequest::EntityPart>& parts) {
  QuotaEntity entity;
  for (const kafka::AlterClientQuotasRequest::EntityPart& part : parts) {
    std::optional<QuotaEntityType> type = parse_quota_entity_type(part.entity_type);
    if (!type) {
      return fail(ErrorCode::invalid_argument,
                  "there are no quotas of a " + quoted(part.entity_type) + "; of user, client-id and ip there are");
    }
    if (entity[*type]) {
      return fail(ErrorCode::invalid_argument, "the entity names its " + part.entity_type + " twice");
    }
    if (part.entity_name && part.entity_name->empty()) {
      return fail(ErrorCode::invalid_argument,
                  "the " + part.entity_type + " is empty; for the default, give no name (null)");
    }
    entity[*type] = part.entity_name.value_or("");
  }
  return entity;
}

// A user may list an entity once in a request only: what would count is not clear otherwise.
Task<Status> alter(const KafkaRequest& request, const kafka::AlterClientQuotasRequest::Entry& entry, bool validate_only,
                   std::vector<QuotaEntity>& seen) {
  CO_TRY(QuotaEntity entity, read_entity(entry.entity));
  for (const QuotaEntity& other : seen) {
    if (other == entity) co_return fail(ErrorCode::invalid_argument, "the request has this entity twice");
  }
  seen.push_back(entity);
  std::vector<QuotaChange> changes;
  for (const kafka::AlterClientQuotasRequest::Operation& op : entry.ops) {
    changes.push_back({op.key, op.remove ? std::nullopt : std::optional<double>(op.value)});
  }
  QuotaTable& table = request.broker().quotas().table();
  co_return co_await table.change(std::move(entity), std::move(changes), validate_only);
}

Fault fault_of_change(const Error& error) {
  if (error.code == ErrorCode::invalid_argument) return {KafkaError::invalid_request, error.message};
  return fault_of(error, error.code == ErrorCode::conflict ? Subject::topic : Subject::storage);
}

}  // namespace

Task<Result<KafkaAnswer>> handle_alter_client_quotas(const KafkaRequest& request) {
  CO_TRY(kafka::AlterClientQuotasRequest asked, decode_request<kafka::AlterClientQuotasRequest>(request));
  kafka::AlterClientQuotasResponse response;
  Status allowed = request.broker().directory().check_administrator(request.caller);
  std::vector<QuotaEntity> seen;
  for (const kafka::AlterClientQuotasRequest::Entry& entry : asked.entries) {
    Fault fault;
    if (!allowed) {
      fault = {KafkaError::cluster_authorization_failed, allowed.error().message};
    } else {
      Status done = co_await alter(request, entry, asked.validate_only, seen);
      if (!done) fault = fault_of_change(done.error());
    }
    kafka::AlterClientQuotasResponse::Entry& out = response.entries.emplace_back();
    out.error_code = to_wire(fault);
    out.error_message = message_of(fault);
    for (const kafka::AlterClientQuotasRequest::EntityPart& part : entry.entity)
      out.entity.push_back({part.entity_type, part.entity_name});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
