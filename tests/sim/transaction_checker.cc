// What readers of committed records must see in a simulated run.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "model/record.h"
#include "model/record_batch_builder.h"
#include "sim/simulation.h"

namespace distributary::sim {
namespace {

// Drops what a client would: control batches, and from where a transaction that was aborted begins the batches of its
// producer, up to the marker that says so.
class CommittedFilter {
 public:
  explicit CommittedFilter(std::vector<AbortedTransaction> aborted) : aborted_(std::move(aborted)) {}
  // Of all batches, in order.
  bool keeps(const RecordBatchView& batch) {
    for (const AbortedTransaction& one : aborted_) {
      if (one.first >= begun_ && one.first < batch.next_offset()) aborting_.insert(one.producer_id);
    }
    begun_ = batch.next_offset();
    if (batch.control()) {
      if (ends_aborted(batch)) aborting_.erase(batch.producer_id());
      return false;
    }
    return !batch.transactional() || !aborting_.contains(batch.producer_id());
  }

 private:
  std::vector<AbortedTransaction> aborted_;
  Offset begun_ = 0;  // of those before it is known
  std::set<int64_t> aborting_;
};

}  // namespace

bool ends_aborted(const RecordBatchView& batch) {
  if (!batch.control()) return false;
  auto end = parse_control_batch(batch);
  return end && !end->committed;
}

Task<bool> Simulation::read_committed(const SimCluster::Borrowed& stream, TopicPartition partition,
                                      std::vector<std::string>& values) {
  for (Offset from = 0;;) {
    auto fetched = co_await stream->fetch(partition, from, 1 << 16, true, true);
    if (!fetched) co_return false;
    if (fetched->batches.empty()) co_return true;
    Offset end = RecordBatchView::parse(fetched->batches.back())->next_offset();
    CommittedFilter filter(stream->state().transactions().aborted(partition, from, end));
    for (const Piece& bytes : fetched->batches) {
      auto batch = RecordBatchView::parse(bytes);
      if (!filter.keeps(*batch)) continue;
      auto reader = RecordReader::open(*batch, 1 << 20);
      for (auto record = reader->next(); record && *record; record = reader->next())
        values.push_back(std::string(as_text(*(*record)->value)));
    }
    from = end;
  }
}

Task<Simulation::Values> Simulation::committed_contents(SimCluster& cluster) {
  Values all;
  SimCluster::Borrowed stream = co_await cluster.stream();
  if (!stream) co_return all;
  for (int topic = 0; topic < kTopics; ++topic) {
    const Topic* found = stream->state().topic_named(fmt::format("topic{}", topic));
    if (found == nullptr) continue;
    TopicUuid id = found->id;
    for (int p = 0; p < kPartitions; ++p) {
      TopicPartition partition{id, static_cast<PartitionIndex>(p)};
      bool read = co_await read_committed(stream, partition, all[{topic, p}]);
      if (!read) all.erase({topic, p});  // the node died meanwhile
    }
  }
  co_return all;
}

// At any time: nothing of a transaction that was aborted, or whose commit nobody has asked for.
Task<void> Simulation::check_committed_now(SimCluster& cluster) {
  Values all = co_await committed_contents(cluster);
  for (const auto& [place, values] : all) {
    for (const std::string& value : values) {
      auto of = transaction_of_.find(value);
      if (of == transaction_of_.end()) continue;
      Fate fate = fates_[of->second];
      if (fate == Fate::committed || fate == Fate::committing) continue;
      broken(fmt::format("{}: '{}' is shown as committed and is not", cluster.cluster(), value));
    }
  }
  ++checks_;
}

// In the end: everything of committed transactions, once and in both places, and their positions.
Task<void> Simulation::check_transactions_at_end() {
  const std::vector<SimCluster*> clusters{&source_, &replica_};
  for (SimCluster* cluster : clusters) {
    co_await check_committed_now(*cluster);
    Values all = co_await committed_contents(*cluster);
    std::map<std::string, int> times;
    for (const auto& [place, values] : all) {
      for (const std::string& value : values) ++times[value];
    }
    for (const auto& [value, transaction] : transaction_of_) {
      if (fates_[transaction] == Fate::committed && times[value] != 1)
        broken(fmt::format("{}: '{}' was committed and is there {} times", cluster->cluster(), value, times[value]));
    }
    SimCluster::Borrowed stream = co_await cluster->stream();
    if (!stream) continue;
    if (!stream->state().transactions().open().empty()) broken("a transaction is open at the end");
    const Topic* topic = stream->state().topic_named("topic0");
    for (const auto& [group, position] : moved_) {
      const Cursor* cursor = topic == nullptr ? nullptr : stream->state().cursor(group, {topic->id, 0});
      const Offset there = cursor == nullptr ? 0 : cursor->offset;
      if (there != position)
        broken(fmt::format("{}: group '{}' is at {}, its last transaction committed {}", cluster->cluster(), group,
                           there, position));
    }
  }
}

}  // namespace distributary::sim
