#include <array>

#include "api/kafka/handlers.h"
#include "model/printable.h"
#include "wire/kafka/describe_client_quotas.h"

namespace distributary {
namespace {

enum MatchType : int8_t { exact = 0, by_default = 1, any = 2 };

struct ComponentFilter {
  std::array<const kafka::DescribeClientQuotasRequest::Component*, kQuotaEntityTypes> of{};
  bool strict = false;
};

Result<ComponentFilter> read_filter(const kafka::DescribeClientQuotasRequest& asked) {
  ComponentFilter filter;
  filter.strict = asked.strict;
  for (const kafka::DescribeClientQuotasRequest::Component& component : asked.components) {
    std::optional<QuotaEntityType> type = parse_quota_entity_type(component.entity_type);
    if (!type) {
      return fail(ErrorCode::unsupported, "there are no quotas of a " + quoted(component.entity_type) +
                                              "; of user, client-id and ip there are");
    }
    const kafka::DescribeClientQuotasRequest::Component*& place = filter.of[static_cast<size_t>(*type)];
    if (place != nullptr)
      return fail(ErrorCode::invalid_argument, "the filter has its " + component.entity_type + " twice");
    place = &component;
    const bool named = component.match.has_value() && !component.match->empty();
    if (component.match_type < exact || component.match_type > any || named != (component.match_type == exact)) {
      return fail(ErrorCode::invalid_argument, "the filter of " + component.entity_type +
                                                   " must be a name (0), the default (1) or any (2), and only the "
                                                   "first has a name");
    }
  }
  return filter;
}

bool matches(const ComponentFilter& filter, const QuotaEntity& entity) {
  for (size_t i = 0; i < kQuotaEntityTypes; ++i) {
    const kafka::DescribeClientQuotasRequest::Component* wanted = filter.of[i];
    const std::optional<std::string>& name = entity.names[i];
    if (wanted == nullptr) {
      if (filter.strict && name) return false;
      continue;
    }
    if (!name) return false;
    if (wanted->match_type == exact && *name != *wanted->match) return false;
    if (wanted->match_type == by_default && !name->empty()) return false;
  }
  return true;
}

kafka::DescribeClientQuotasResponse::Entry describe(const QuotaEntity& entity, const QuotaLimits& limits) {
  kafka::DescribeClientQuotasResponse::Entry out;
  for (size_t i = 0; i < kQuotaEntityTypes; ++i) {
    const std::optional<std::string>& name = entity.names[i];
    if (!name) continue;
    out.entity.push_back({std::string(to_string(static_cast<QuotaEntityType>(i))),
                          name->empty() ? std::nullopt : std::optional<std::string>(*name)});
  }
  for (const auto& [key, limit] : limits) out.values.push_back({std::string(to_string(key)), limit});
  return out;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_describe_client_quotas(const KafkaRequest& request) {
  CO_TRY(kafka::DescribeClientQuotasRequest asked, decode_request<kafka::DescribeClientQuotasRequest>(request));
  kafka::DescribeClientQuotasResponse response;
  Status allowed = request.broker().directory().check_administrator(request.caller);
  Result<ComponentFilter> filter = read_filter(asked);
  Fault fault;
  if (!allowed) {
    fault = {KafkaError::cluster_authorization_failed, allowed.error().message};
  } else if (!filter) {
    const bool unsupported = filter.error().code == ErrorCode::unsupported;
    fault = {unsupported ? KafkaError::unsupported_version : KafkaError::invalid_request, filter.error().message};
  }
  response.error_code = to_wire(fault);
  response.error_message = message_of(fault);
  if (!fault.ok()) {
    response.entries.reset();
    co_return encode_answer(request, response);
  }
  response.entries.emplace();
  for (const auto& [entity, limits] : request.broker().quotas().table().all()) {
    if (matches(*filter, entity)) response.entries->push_back(describe(entity, limits));
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
