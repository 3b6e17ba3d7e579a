// The compacted topic of a simulated run, and what must hold for it.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>

#include "model/record.h"
#include "sim/simulation.h"
#include "wire/kafka/create_topics.h"

namespace distributary::sim {
namespace {

constexpr uint64_t kKeys = 7;
constexpr uint64_t kTombstoneEvery = 5;

}  // namespace

Simulation::Update Simulation::update_of(Place place, const std::string& value) {
  if (place.topic != kCompactedTopic) return {"key", value};
  const uint64_t number = std::strtoull(value.c_str() + value.find(' '), nullptr, 10);  // "value <number> ..."
  Update update{fmt::format("key {}", number % kKeys), value};
  if (number % kTombstoneEvery == 0) update.value.reset();
  return update;
}

kafka::CreateTopicsRequest Simulation::compacted_topic_request() {
  kafka::CreateTopicsRequest request;
  request.timeout_ms = 3000;
  kafka::CreateTopicsRequest::Topic topic;
  topic.name = topic_name(kCompactedTopic);
  topic.num_partitions = kPartitions;
  topic.replication_factor = 1;
  topic.configs = {{"cleanup.policy", "compact"},
                   {"delete.retention.ms", std::to_string(random(2) * 500)},
                   {"min.compaction.lag.ms", std::to_string(random(2) * 300)}};
  request.topics.push_back(topic);
  return request;
}

Task<void> Simulation::create_compacted_topic() {
  SimClient client(*client_world_, Address{"sf", kKafkaPort});
  const kafka::CreateTopicsRequest request = compacted_topic_request();
  for (int tries = 0; tries < 100; ++tries) {
    auto response = co_await client.call<kafka::CreateTopicsResponse>(request, 7);
    bool answered = response && response->topics.size() == 1;
    if (answered && response->topics[0].error_code == kafka::ErrorCode::none) co_return;
    if (answered && response->topics[0].error_code == kafka::ErrorCode::topic_already_exists) co_return;
    co_await pause(std::chrono::milliseconds(300));
  }
  broken("the compacted topic could not be created");
}

// As a reader of committed records sees it. Gives how far that is; -1: the node died meanwhile.
Task<Offset> Simulation::read_table(const SimCluster::Borrowed& stream, TopicPartition partition, Table& table) {
  for (Offset from = 0;;) {
    auto fetched = co_await stream->fetch(partition, from, 1 << 16, true, true);
    if (!fetched) co_return -1;
    if (fetched->batches.empty()) co_return fetched->last_stable;
    const Offset end = RecordBatchView::parse(fetched->batches.back())->next_offset();
    add_committed(stream->state().transactions().aborted(partition, from, end), fetched->batches, table);
    if (end <= from) {
      broken(fmt::format("a fetch from offset {} of the compacted topic gave what lies before it", from));
      co_return -1;
    }
    from = end;
  }
}

void Simulation::add_committed(const std::vector<AbortedTransaction>& aborted, const std::vector<Piece>& batches,
                               Table& table) {
  for (const Piece& bytes : batches) {
    auto batch = RecordBatchView::parse(bytes);
    const bool dropped = batch->transactional() && std::ranges::any_of(aborted, [&](const AbortedTransaction& one) {
                           return one.producer_id == batch->producer_id() && one.first <= batch->base_offset() &&
                                  batch->base_offset() < one.marker;
                         });
    if (batch->control() || dropped) continue;
    auto reader = RecordReader::open(*batch, 1 << 20);
    for (auto record = reader->next(); record && *record; record = reader->next()) {
      Update update{std::string(as_text(*(*record)->key)), std::nullopt};
      if ((*record)->value) update.value = std::string(as_text(*(*record)->value));
      table[(*record)->offset] = std::move(update);
    }
  }
}

// Of each key the newest record below `end` that counts: acknowledged, and of no transaction unless that is committed.
Simulation::Newest Simulation::newest_acknowledged(Place place, Offset end) const {
  Newest newest;
  auto acknowledged = acknowledged_.find(place);
  auto transactions = transaction_at_.find(place);
  if (acknowledged == acknowledged_.end()) return newest;
  for (const auto& [offset, shown] : acknowledged->second) {
    if (offset >= end) break;
    if (transactions != transaction_at_.end()) {
      auto of = transactions->second.find(offset);
      if (of != transactions->second.end() && fates_[of->second] != Fate::committed) continue;
    }
    newest[key_of(shown)] = offset;
  }
  return newest;
}

std::string Simulation::key_of(const std::string& shown) {
  const std::string tombstone = "tombstone of ";
  if (shown.starts_with(tombstone)) return shown.substr(tombstone.size());
  return update_of({kCompactedTopic, 0}, shown).key;
}

// What is shown is what was written, and counts. In the end: the newest of each key is there, unless it is a tombstone.
void Simulation::check_table(const std::string& where, Place place, Offset end, const Table& table, bool at_end) {
  Newest newest;
  for (const auto& [offset, update] : table) {
    newest[update.key] = offset;
    auto known = acknowledged_[place].find(offset);
    if (known != acknowledged_[place].end() && known->second != update.shown())
      broken(fmt::format("{}: offset {} of the compacted topic was changed", where, offset));
    auto of = transaction_at_[place].find(offset);
    if (of == transaction_at_[place].end()) continue;
    const Fate fate = fates_[of->second];
    if (fate != Fate::committed && fate != Fate::committing)
      broken(fmt::format("{}: '{}' is shown as committed and is not", where, update.shown()));
  }
  for (const auto& [key, offset] : newest_acknowledged(place, end)) {
    auto found = newest.find(key);
    if (found != newest.end() && found->second < offset)
      broken(fmt::format("{}: of '{}' offset {} was acknowledged, and {} is the newest", where, key, offset,
                         found->second));
    const bool may_be_gone =
        !at_end || unanswered_[place].contains(key) || acknowledged_[place].at(offset).starts_with("tombstone");
    if (found == newest.end() && !may_be_gone)
      broken(fmt::format("{}: the newest record of '{}', at offset {}, was lost", where, key, offset));
  }
}

Task<void> Simulation::check_tables(SimCluster& cluster, bool at_end) {
  SimCluster::Borrowed stream = co_await cluster.stream();
  if (!stream) co_return;
  const Topic* topic = stream->state().topic_named(fmt::format("topic{}", kCompactedTopic));
  if (topic == nullptr) co_return;
  const TopicUuid id = topic->id;
  for (int p = 0; p < kPartitions; ++p) {
    const Place place{kCompactedTopic, p};
    Table table;
    const TopicPartition partition{id, static_cast<PartitionIndex>(p)};
    const Offset end = co_await read_table(stream, partition, table);
    if (end >= 0) check_table(cluster.cluster(), place, end, table, at_end);
  }
  ++checks_;
}

}  // namespace distributary::sim
