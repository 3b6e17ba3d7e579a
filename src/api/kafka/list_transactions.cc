#include <algorithm>
#include <array>

#include "api/kafka/handlers.h"
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

}  // namespace

Task<Result<KafkaAnswer>> handle_list_transactions(const KafkaRequest& request) {
  CO_TRY(kafka::ListTransactionsRequest asked, decode_request<kafka::ListTransactionsRequest>(request));
  std::vector<TransactionDescription> all = co_await request.broker().transaction_admin().list(request.caller);
  kafka::ListTransactionsResponse response;
  for (const std::string& state : asked.state_filters) {
    if (std::ranges::find(kStates, state) == kStates.end()) response.unknown_state_filters.push_back(state);
  }
  const WallMillis now = request.broker().world().clock().wall_now();
  for (TransactionDescription& one : all) {
    if (!wanted(asked, one, now)) continue;
    response.transaction_states.push_back({std::move(one.id), one.producer_id, std::string(one.state)});
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
