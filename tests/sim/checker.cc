// What must hold in a simulated run.
#include <fmt/core.h>

#include "model/record.h"
#include "sim/simulation.h"

namespace distributary::sim {

void Simulation::broken(std::string what) {
  if (broken_.size() < 10) broken_.push_back(std::move(what));
}

Task<void> Simulation::check_repeatedly() {
  while (loading_ || breaking_ || under_way_ > 0) {
    co_await pause(std::chrono::milliseconds(100));
    co_await check_prefix();
    if (random(8) == 0) co_await check_committed_now(random(2) == 0 ? source_ : replica_);
  }
}

// Everything that the replica has is in the source, in the same order, and durable there: the chain hashes agree.
Task<void> Simulation::check_prefix() {
  SimCluster::Borrowed replica = co_await replica_.stream();
  SimCluster::Borrowed source = co_await source_.stream();
  if (!replica || !source || source->failure() || replica->failure()) co_return;
  for (const auto& [origin, position] : OriginPositions(replica->state().origins())) {
    OriginPosition at_source = source->state().origin(origin);
    if (position.lsn > at_source.lsn) {
      broken(fmt::format("the replica has LSN {} of origin {}, its source only {}", position.lsn, to_string(origin),
                         at_source.lsn));
      co_return;
    }
    auto chain = co_await source->chain_at(origin, position.lsn);
    if (!chain) co_return;  // the node died meanwhile
    ++checks_;
    if (!*chain || **chain != position.chain) {
      broken(fmt::format("the replica's history of origin {} differs from its source's at LSN {}", to_string(origin),
                         position.lsn));
    }
  }
}

Task<bool> Simulation::caught_up() {
  SimCluster::Borrowed replica = co_await replica_.stream();
  SimCluster::Borrowed source = co_await source_.stream();
  if (!procedure_done_ || !replica || !source) co_return false;
  const Stream& from = *source.handle->stream;
  const Stream& to = *replica.handle->stream;
  bool durable = from.durable_lsn() == from.last_lsn() && to.durable_lsn() == to.last_lsn();
  co_return durable&& from.state().origins() == to.state().origins();
}

Task<std::map<Simulation::Place, std::vector<std::string>>> Simulation::contents(SimCluster& cluster) {
  std::map<Place, std::vector<std::string>> all;
  SimCluster::Borrowed handle = co_await cluster.stream();
  if (!handle) co_return all;
  for (int topic = 0; topic < kTopics; ++topic) {
    const Topic* found = handle->state().topic_named(fmt::format("topic{}", topic));
    if (found == nullptr) continue;
    TopicUuid id = found->id;
    for (int p = 0; p < kPartitions; ++p) {
      std::vector<std::string>& values = all[{topic, p}];
      TopicPartition partition{id, static_cast<PartitionIndex>(p)};
      for (;;) {
        auto fetched = co_await handle->fetch(partition, static_cast<Offset>(values.size()), 1 << 16, true);
        if (!fetched) {
          broken(fmt::format("{}: {}", cluster.cluster(), fetched.error().message));
          break;
        }
        if (fetched->batches.empty()) break;
        for (const Bytes& bytes : fetched->batches) {
          auto batch = RecordBatchView::parse(bytes);
          if (batch->control() && batch->base_offset() == static_cast<Offset>(values.size())) {
            values.push_back(fmt::format("the end of a transaction at {}", batch->base_offset()));
            continue;
          }
          auto reader = RecordReader::open(*batch, 1 << 20);
          for (auto record = reader->next(); record && *record; record = reader->next()) {
            if ((*record)->offset < static_cast<Offset>(values.size())) continue;
            values.push_back(std::string(as_text(*(*record)->value)));
          }
        }
      }
    }
  }
  co_return all;
}

Task<void> Simulation::check_end() {
  bool same = co_await caught_up();
  if (!same) broken("the replica did not catch up within two minutes after the last fault");
  SimCluster::Borrowed replica = co_await replica_.stream();
  SimCluster::Borrowed source = co_await source_.stream();
  if (!replica || !source) co_return broken("a stream cannot be opened at the end");
  if (same && !replica->state().same_as(source->state())) broken("the states of the two streams differ at the end");
  for (const SimCluster::Borrowed& handle : {replica, source}) {
    for (const Damage& damage : handle->damage()) broken("damage without a fault that explains it: " + damage.what);
  }
  auto at_source = co_await contents(source_);
  auto at_replica = co_await contents(replica_);
  if (same && at_source != at_replica) broken("the records of the two streams differ at the end");
  for (const auto& [place, records] : acknowledged_) {
    const std::vector<std::string>& values = at_source[place];
    for (const auto& [offset, value] : records) {
      bool kept = offset < static_cast<Offset>(values.size()) && values[static_cast<size_t>(offset)] == value;
      if (!kept)
        broken(fmt::format("acknowledged offset {} of {} partition {} was lost or changed", offset,
                           topic_name(place.topic), place.partition));
    }
    std::map<std::string, int> times;
    for (const std::string& value : values) {
      if (++times[value] == 2) broken(fmt::format("'{}' is there twice", value.substr(0, 20)));
    }
  }
  co_await check_transactions_at_end();
  for (const auto& [place, offset] : committed_) {
    const Topic* topic = replica->state().topic_named(fmt::format("topic{}", place.topic));
    if (topic == nullptr) continue;
    const Cursor* cursor =
        replica->state().cursor("readers", {topic->id, static_cast<PartitionIndex>(place.partition)});
    if (same && (cursor == nullptr || cursor->offset < offset))
      broken(fmt::format("the committed position {} did not reach the replica", offset));
  }
}

}  // namespace distributary::sim
