#include <algorithm>
#include <array>

#include "api/kafka/handlers.h"
#include "broker/topic_pattern.h"
#include "wire/kafka/list_transactions.h"

namespace distributary {
namespace {

// All that the protocol knows; those that never occur here find nothing.
constexpr std::array<std::string_view, 7> kStates = {kTransactionEmpty,   kTransactionOngoing, kTransactionCommitted,
                                                     kTransactionAborted, "PrepareCommit",     "PrepareAbort",
                                                     "PrepareEpochFence"};

bool wanted(const kafka::ListTransactionsRequest& asked, const TransactionDescription& one, WallMillis now) {
  const auto& states = asked.state_filters;
  const auto& producers = asked.producer_id_filters;
  if (!states.empty() && std::ranges::find(states, one.state) == states.end()) return false;
  if (!producers.empty() && std::ranges::find(producers, one.producer_id) == producers.end()) return false;
  if (asked.duration_filter < 0) return true;
  return one.started >= 0 && now - one.started > asked.duration_filter;
}

// A null or empty pattern stands for all. False: it is no regular expression.
bool read_pattern(const kafka::ListTransactionsRequest& asked, std::optional<TopicPattern>& out) {
  if (!asked.transactional_id_pattern || asked.transactional_id_pattern->empty()) return true;
  Result<TopicPattern> parsed = TopicPattern::parse(*asked.transactional_id_pattern);
  if (parsed) out.emplace(std::move(*parsed));
  return parsed.has_value();
}

void add_wanted(const kafka::ListTransactionsRequest& asked, const std::optional<TopicPattern>& pattern, WallMillis now,
                std::vector<TransactionDescription>& all, kafka::ListTransactionsResponse& response) {
  for (TransactionDescription& one : all) {
    if (!wanted(asked, one, now) || (pattern && !pattern->matches(one.id))) continue;
    response.transaction_states.push_back({std::move(one.id), one.producer_id, std::string(one.state)});
  }
}

}  // namespace

Task<Result<KafkaAnswer>> handle_list_transactions(const KafkaRequest& request) {
  CO_TRY(kafka::ListTransactionsRequest asked, decode_request<kafka::ListTransactionsRequest>(request));
  kafka::ListTransactionsResponse response;
  std::optional<TopicPattern> pattern;
  if (!read_pattern(asked, pattern)) {
    response.error_code = kafka::ErrorCode::invalid_regular_expression;
    co_return encode_answer(request, response);
  }
  std::vector<TransactionDescription> all = co_await request.broker().transaction_admin().list(request.caller);
  for (const std::string& state : asked.state_filters) {
    if (std::ranges::find(kStates, state) == kStates.end()) response.unknown_state_filters.push_back(state);
  }
  add_wanted(asked, pattern, request.broker().world().clock().wall_now(), all, response);
  co_return encode_answer(request, response);
}

}  // namespace distributary
