// Transactional producers of the simulation: they commit, abort, die without a word and are late.
#include <fmt/core.h>

#include "model/record_batch_builder.h"
#include "sim/simulation.h"
#include "wire/kafka/add_partitions_to_txn.h"
#include "wire/kafka/end_txn.h"
#include "wire/kafka/init_producer_id.h"
#include "wire/kafka/produce.h"
#include "wire/kafka/txn_offset_commit.h"

namespace distributary::sim {
namespace {

constexpr int32_t kLongTimeoutMs = 60'000;
constexpr int32_t kShortTimeoutMs = 1'500;  // shorter than a node is away: some are aborted by the server

}  // namespace

// What an error means for the transaction. Anything that may be tried again is `over` only when the load has ended.
Simulation::Step Simulation::judge(Transactor& as, kafka::ErrorCode error, const char* what) {
  using kafka::ErrorCode;
  if (error == ErrorCode::none) return Step::done;
  if (error == ErrorCode::producer_fenced || error == ErrorCode::invalid_producer_epoch) return Step::fenced;
  bool again = error == ErrorCode::concurrent_transactions || error == ErrorCode::coordinator_not_available ||
               error == ErrorCode::not_leader_or_follower || error == ErrorCode::request_timed_out ||
               error == ErrorCode::kafka_storage_error || error == ErrorCode::unknown_topic_or_partition;
  if (!again) broken(fmt::format("{} of {} epoch {}: {}", what, as.id, as.epoch, kafka::to_string(error)));
  return Step::over;
}

// A new process: what the old one left open is aborted.
Task<void> Simulation::begin(Transactor& as) {
  kafka::InitProducerIdRequest request;
  request.transactional_id = as.id;
  request.transaction_timeout_ms = random(3) == 0 ? kShortTimeoutMs : kLongTimeoutMs;
  for (int tries = 0; tries < 600; ++tries) {
    auto response = co_await as.client.call<kafka::InitProducerIdResponse>(request, 4);
    if (response && response->error_code == kafka::ErrorCode::none) {
      as.producer_id = response->producer_id;
      as.epoch = response->producer_epoch;
      as.sequences.clear();
      co_return;
    }
    co_await pause(std::chrono::milliseconds(300));
  }
  broken(fmt::format("{} could not begin", as.id));
}

Task<Simulation::Step> Simulation::add_partition(Transactor& as, Place place) {
  kafka::AddPartitionsToTxnRequest request;
  request.transactional_id = as.id;
  request.producer_id = as.producer_id;
  request.producer_epoch = as.epoch;
  request.topics = {{topic_name(place.topic), {place.partition}}};
  while (load_goes_on()) {
    auto response = co_await as.client.call<kafka::AddPartitionsToTxnResponse>(request, 3);
    if (response && !response->results_by_topic.empty()) {
      kafka::ErrorCode error = response->results_by_topic[0].results_by_partition[0].partition_error_code;
      Step step = judge(as, error, "AddPartitionsToTxn");
      if (step != Step::over) co_return step;
    }
    co_await pause(std::chrono::milliseconds(200));
  }
  co_return Step::over;
}

Task<Simulation::Step> Simulation::send_in(Transactor& as, Place place) {
  if (!as.second_flow) {
    Step added = co_await add_partition(as, place);
    if (added != Step::done) co_return added;
  }
  RecordBatchBuilder builder;
  builder.producer(as.producer_id, as.epoch, as.sequences[place]).transactional();
  std::vector<std::string> values;
  for (uint64_t n = 1 + random(4); n > 0; --n) {
    values.push_back(fmt::format("value {} of transaction {}", values_made_++, as.transaction));
    const Update update = update_of(place, values.back());
    builder.add({.key = update.key, .value = update.value, .timestamp = sim_.executor().wall_now()});
    if (place.topic < kTopics) transaction_of_[values.back()] = as.transaction;
  }
  std::vector<uint8_t> batch = builder.build();
  std::string name = topic_name(place.topic);
  while (load_goes_on()) {
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 3000;
    request.transactional_id = as.id;
    kafka::ProduceRequest::TopicData topic;
    topic.name = name;
    topic.partition_data.push_back({place.partition, ByteView(batch)});
    request.topic_data.push_back(topic);
    auto response = co_await as.client.call<kafka::ProduceResponse>(request, as.second_flow ? 12 : 9);
    if (response && response->responses.size() == 1) {
      auto& answer = response->responses[0].partition_responses[0];
      Step step = judge(as, answer.error_code, "Produce");
      if (step == Step::done) {
        note_acknowledged(place, answer.base_offset, values);
        for (size_t i = 0; place.topic == kCompactedTopic && i < values.size(); ++i)
          transaction_at_[place][answer.base_offset + static_cast<Offset>(i)] = as.transaction;
        as.sequences[place] += static_cast<int32_t>(values.size());
      }
      if (step != Step::over) co_return step;
    }
    co_await pause(std::chrono::milliseconds(200));
  }
  co_return Step::over;
}

Task<Simulation::Step> Simulation::move_position(Transactor& as) {
  kafka::TxnOffsetCommitRequest request;
  request.transactional_id = as.id;
  request.group_id = fmt::format("movers {}", as.number);
  request.producer_id = as.producer_id;
  request.producer_epoch = as.epoch;
  request.topics = {{topic_name(0), {{.partition_index = 0, .committed_offset = as.next_position}}}};
  while (load_goes_on()) {
    auto response = co_await as.client.call<kafka::TxnOffsetCommitResponse>(request, as.second_flow ? 5 : 3);
    if (response && !response->topics.empty()) {
      Step step = judge(as, response->topics[0].partitions[0].error_code, "TxnOffsetCommit");
      if (step != Step::over) co_return step;
    }
    co_await pause(std::chrono::milliseconds(200));
  }
  co_return Step::over;
}

// Until it is known how it ended; faults end, so this does.
Task<Simulation::Step> Simulation::end(Transactor& as, bool commit) {
  kafka::EndTxnRequest request;
  request.transactional_id = as.id;
  request.producer_id = as.producer_id;
  request.producer_epoch = as.epoch;
  request.committed = commit;
  if (commit) fates_[as.transaction] = Fate::committing;
  for (int tries = 0; tries < 600; ++tries) {
    auto response = co_await as.client.call<kafka::EndTxnResponse>(request, as.second_flow ? 5 : 3);
    Step step = response ? judge(as, response->error_code, "EndTxn") : Step::over;
    if (step == Step::done && as.second_flow) {
      as.producer_id = response->producer_id;
      as.epoch = response->producer_epoch;
      as.sequences.clear();
    }
    if (step == Step::done) fates_[as.transaction] = commit ? Fate::committed : Fate::aborted;
    if (step == Step::fenced) fates_[as.transaction] = Fate::aborted;  // it took too long
    if (step != Step::over) co_return step;
    if (!broken_.empty()) co_return Step::over;
    co_await pause(std::chrono::milliseconds(200));
  }
  broken(fmt::format("transaction {} of {} could not be ended", as.transaction, as.id));
  co_return Step::over;
}

Task<Simulation::Step> Simulation::one_transaction(Transactor& as) {
  as.next_position = as.position;
  for (uint64_t n = 1 + random(4); n > 0; --n) {
    Place place{static_cast<int>(random(kCompactedTopic + 1)), static_cast<int>(random(kPartitions))};
    Step sent = co_await send_in(as, place);
    if (sent != Step::done) co_return sent;
    co_await pause(std::chrono::milliseconds(60));
  }
  if (random(2) == 0) {
    ++as.next_position;
    Step moved = co_await move_position(as);
    if (moved != Step::done) co_return moved;
  }
  if (random(10) == 0) co_await pause(std::chrono::milliseconds(2 * kShortTimeoutMs));
  if (random(6) == 0) co_return Step::fenced;  // it dies without a word
  const bool commit = random(4) != 0;
  Step ended = co_await end(as, commit);
  if (ended == Step::done && commit) as.position = as.next_position;
  co_return ended;
}

// What an earlier process of the same id still has under way must not count any more.
Task<void> Simulation::try_as_zombie(Transactor& as, int16_t old_epoch) {
  kafka::EndTxnRequest request;
  request.transactional_id = as.id;
  request.producer_id = as.producer_id;
  request.producer_epoch = old_epoch;
  request.committed = true;
  auto response = co_await as.client.call<kafka::EndTxnResponse>(request, as.second_flow ? 5 : 3);
  if (response && response->error_code == kafka::ErrorCode::none)
    broken(fmt::format("{}: epoch {} could commit although epoch {} has begun", as.id, old_epoch, as.epoch));
}

Task<void> Simulation::transact(int number) {
  Transactor as(*client_world_);
  as.number = number;
  as.id = fmt::format("{}:transactor {}", kStreamPath, number);
  as.second_flow = random(2) == 0;
  co_await begin(as);
  while (loading_) {
    as.transaction = fates_.size();
    fates_.push_back(Fate::pending);
    Step step = co_await one_transaction(as);
    if (step == Step::done) continue;
    // The next process: whatever was not committed is aborted by its beginning.
    if (fates_[as.transaction] == Fate::pending) fates_[as.transaction] = Fate::aborted;
    const int16_t old_epoch = as.epoch;
    co_await begin(as);
    if (random(2) == 0) co_await try_as_zombie(as, old_epoch);
  }
  moved_[fmt::format("movers {}", number)] = as.position;
}

}  // namespace distributary::sim
