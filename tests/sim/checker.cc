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
    if (random(8) == 0) co_await check_tables(random(2) == 0 ? source_ : replica_, false);
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

Task<std::map<Simulation::Place, Simulation::Content>> Simulation::contents(SimCluster& cluster) {
  std::map<Place, Content> all;
  SimCluster::Borrowed handle = co_await cluster.stream();
  if (!handle) co_return all;
  for (int topic = 0; topic <= kTrimmedTopic; ++topic) {
    const Topic* found = handle->state().topic_named(fmt::format("topic{}", topic));
    if (found == nullptr) continue;
    TopicUuid id = found->id;
    for (int p = 0; p < kPartitions; ++p) {
      TopicPartition partition{id, static_cast<PartitionIndex>(p)};
      all[{topic, p}] = co_await content(handle, partition);
    }
  }
  co_return all;
}

Task<Simulation::Content> Simulation::content(SimCluster::Borrowed stream, TopicPartition partition) {
  Content content;
  content.log_start = stream->state().topic(partition.topic)->partitions[partition.partition].log_start;
  Offset next = content.log_start;
  for (;;) {
    auto fetched = co_await stream->fetch(partition, next, 1 << 16, true);
    if (!fetched) broken(fmt::format("{}", fetched.error().message));
    if (!fetched) co_return content;
    // A control batch too, if it is the last: a reader at the end finds it.
    if (fetched->batches.empty() && next < fetched->high_watermark)
      broken(fmt::format("nothing from offset {} on is there, and the end is {}", next, fetched->high_watermark));
    if (fetched->batches.empty()) co_return content;
    for (const Piece& bytes : fetched->batches) {
      auto batch = RecordBatchView::parse(bytes);
      // The end of a committed transaction goes with a rewrite, which each stream makes when it likes.
      if (ends_aborted(*batch))
        content.records[batch->base_offset()] = fmt::format("an end at {}", batch->base_offset());
      auto reader = RecordReader::open(*batch, 1 << 20);
      for (auto record = reader->next(); !batch->control() && record && *record; record = reader->next()) {
        if ((*record)->offset < next) continue;
        content.records[(*record)->offset] = std::string(as_text(*(*record)->value));
      }
      next = batch->next_offset();
    }
  }
}

// What was acknowledged is there, unless it was deleted; what was deleted is not.
void Simulation::check_records(const Content& content, Place place) {
  if (content.log_start > deleting_[place] || content.log_start < deleted_[place]) {
    broken(fmt::format("{} partition {} begins at offset {}; deleted was up to {}", topic_name(place.topic),
                       place.partition, content.log_start, deleted_[place]));
  }
  for (const auto& [offset, value] : acknowledged_[place]) {
    if (offset < content.log_start) continue;
    auto found = content.records.find(offset);
    if (found == content.records.end() || found->second != value)
      broken(fmt::format("acknowledged offset {} of {} partition {} was lost or changed", offset,
                         topic_name(place.topic), place.partition));
  }
  std::map<std::string, int> times;
  for (const auto& [offset, value] : content.records) {
    if (++times[value] == 2) broken(fmt::format("'{}' is there twice", value.substr(0, 20)));
  }
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
  for (int topic = 0; topic <= kTrimmedTopic; ++topic) {
    for (int partition = 0; partition < kPartitions; ++partition)
      check_records(at_source[{topic, partition}], {topic, partition});
  }
  co_await check_transactions_at_end();
  co_await check_tables(source_, true);
  if (same) co_await check_tables(replica_, true);
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
