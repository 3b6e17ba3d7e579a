// What dies in a simulated run, and the rewriting that gives its space back.
#include <fmt/core.h>

#include "model/record_batch_builder.h"
#include "sim/simulation.h"

namespace distributary::sim {

// DeleteRecords on one topic: what lies below may go, what lies above must stay.
Task<void> Simulation::delete_records() {
  while (loading_) {
    co_await pause(std::chrono::milliseconds(800));
    Place place{kTrimmedTopic, static_cast<int>(random(kPartitions))};
    if (acknowledged_[place].empty()) continue;
    Offset last = acknowledged_[place].rbegin()->first;
    Offset to = last - static_cast<Offset>(random(20));
    SimCluster::Borrowed source = co_await source_.stream();
    if (!source || to <= deleting_[place]) continue;
    const Topic* topic = source->state().topic_named(fmt::format("topic{}", place.topic));
    if (topic == nullptr) continue;
    deleting_[place] = to;
    auto lsn = source->delete_records({topic->id, static_cast<PartitionIndex>(place.partition)}, to);
    if (!lsn) continue;
    Status durable = co_await source->wait_durable(*lsn);
    if (durable) deleted_[place] = to;
  }
}

// Topics that come, are filled and go.
Task<void> Simulation::make_and_delete_topics() {
  while (loading_) {
    co_await pause(std::chrono::milliseconds(500));
    SimCluster::Borrowed source = co_await source_.stream();
    if (!source) continue;
    auto topic = source->create_topic(fmt::format("gone{}", topics_made_++), 2, TimestampType::create_time);
    Lsn last = topic ? topic->lsn : 0;
    for (uint64_t i = 5 + random(60); topic && i > 0; --i) {
      std::vector<uint8_t> batch = RecordBatchBuilder().add({.value = std::string(random(1500), 'g')}).build();
      auto appended = source->append_batch({topic->id, static_cast<PartitionIndex>(random(2))}, batch);
      if (appended) last = appended->lsn;
      if (random(4) == 0) (void)co_await source->wait_durable(last);
    }
    if (!topic) continue;
    co_await pause(std::chrono::milliseconds(300));
    auto deleted = source->delete_topic(topic->id);
    if (deleted) (void)co_await source->wait_durable(*deleted);
  }
}

Task<void> Simulation::purge() {
  while (loading_) {
    co_await pause(std::chrono::milliseconds(1200));
    SimCluster& cluster = random(2) == 0 ? source_ : replica_;
    SimCluster::Borrowed stream = co_await cluster.stream();
    if (!stream) continue;
    stream->start_purge();
    SimCluster::Borrowed source = co_await source_.stream();
    if (source) rewritten_ = rewritten_ || source->rewritten_until(source->origin()) > 0;
  }
}

}  // namespace distributary::sim
