#include "sim/simulation.h"

#include <fmt/core.h>

#include "base/check.h"
#include "model/record_batch_builder.h"
#include "wire/kafka/init_producer_id.h"
#include "wire/kafka/offset_commit.h"
#include "wire/kafka/produce.h"

namespace distributary::sim {
namespace {

const std::string kSourceRoot(64, 'a');
const std::string kReplicaRoot(64, 'b');
constexpr Duration kLoadTime = std::chrono::seconds(12);

const std::string kSource = fmt::format("/mapr/sanfrancisco{}", kStreamPath);
const std::string kReplica = fmt::format("/mapr/newyork{}", kStreamPath);

ClusterMap cluster_map() {
  std::string text = fmt::format(
      "sanfrancisco secure=false root={} gateways=sf:{} sf:{}\n"
      "newyork secure=false root={} gateways=ny:{} ny:{}\n",
      kSourceRoot, kGatewayPort, kAdminPort, kReplicaRoot, kGatewayPort, kAdminPort);
  auto map = ClusterMap::parse(text, "the simulation");
  CHECK(map.has_value());
  return std::move(*map);
}

}  // namespace

Simulation::Simulation(uint64_t seed)
    : sim_(seed),
      map_(cluster_map()),
      source_(sim_, "sanfrancisco", "sf", map_, kSourceRoot),
      replica_(sim_, "newyork", "ny", map_, kReplicaRoot) {
  sim_.add_host("client");
  client_world_ = &sim_.start("client");
  remote_ = std::make_unique<admin::RemoteClusters>(*client_world_, map_, nullptr);
  if (random(2) == 0) sim_.network().settings.max_delay = std::chrono::milliseconds(1 + random(40));
  if (random(3) == 0) sim_.network().settings.reset_probability = 0.0005;
  async_ = random(3) == 0;
  // A third begins with several connections, a third gets them when the way is long and there is a backlog.
  if (random(3) == 0) source_.link.connections_at_once = static_cast<uint16_t>(2 + random(4));
  if (random(2) == 0) sim_.network().settings.window = 4u << 10;
  const bool in_memory = random(2) == 0;  // what was written once is not read again to be sent
  for (const char* host : {"sf", "ny"}) sim_.disk(host).settings.in_memory = in_memory;
}

Simulation::~Simulation() = default;

Order order(std::string cluster, const std::string& words) {
  Order made{std::move(cluster), {}, {}};
  for (size_t at = 0; at < words.size();) {
    size_t end = std::min(words.find(' ', at), words.size());
    made.words.push_back(words.substr(at, end - at));
    at = end + 1;
  }
  return made;
}

std::string Simulation::topic_name(int topic) { return fmt::format("{}:topic{}", kStreamPath, topic); }

Task<void> Simulation::pause(Duration at_most) {
  Duration span(static_cast<int64_t>(random(static_cast<uint64_t>(at_most.count()))));
  (void)co_await sleep_for(sim_.executor(), span);
}

std::vector<std::string> Simulation::run() {
  sim_.executor().run(scenario(), std::chrono::hours(2));
  return broken_;
}

Task<void> Simulation::scenario() {
  Status source_started = co_await source_.start();
  Status replica_started = co_await replica_.start();
  CHECK(source_started && replica_started);
  co_await create_source();
  TaskScope scope(sim_.executor());
  for (int i = 0; i < kProducers; ++i) scope.spawn(produce());
  for (int i = 0; i < kTransactors; ++i) scope.spawn(transact(i));
  scope.spawn(commit());
  scope.spawn(delete_records());
  scope.spawn(make_and_delete_topics());
  scope.spawn(purge());
  scope.spawn(procedure());
  scope.spawn(break_things());
  scope.spawn(check_repeatedly());
  (void)co_await sleep_for(sim_.executor(), kLoadTime);
  loading_ = false;
  breaking_ = false;
  co_await scope.join();
  co_await settle();
  co_await source_.stop();
  co_await replica_.stop();
}

Task<void> Simulation::create_source() {
  Order create = order("sanfrancisco", "stream create").with("path", kSource);
  if (async_) create = create.with("durability", "async");
  co_await admin(create);
  for (int topic = 0; topic <= kTrimmedTopic; ++topic) {
    Order make = order("sanfrancisco", "stream topic create").with("path", kSource);
    make.with("topic", fmt::format("topic{}", topic)).with("partitions", std::to_string(kPartitions));
    co_await admin(make);
  }
  co_await create_compacted_topic();
}

// Runs a command until it succeeds: the cluster may be down. What has happened already counts as success.
Task<void> Simulation::admin(Order order) {
  for (int tries = 0; tries < 600; ++tries) {
    auto done = co_await remote_->call(order.cluster, order.words, order.options, user_, false);
    if (done || done.error().code == ErrorCode::already_exists) co_return;
    if (tries == 599)
      broken(fmt::format("a command failed for ever: {}: {}", order.words.back(), done.error().message));
    co_await pause(std::chrono::milliseconds(400));
  }
}

Task<void> Simulation::procedure() {
  co_await pause(std::chrono::seconds(1));
  Order create = order("newyork", "stream create").with("path", kReplica).with("copymetafrom", kSource);
  co_await admin(create);
  co_await pause(std::chrono::seconds(1));
  Order add = order("sanfrancisco", "stream replica add").with("path", kSource).with("replica", kReplica);
  add.with("paused", "true");
  co_await admin(add);
  co_await pause(std::chrono::seconds(1));
  Order agree = order("newyork", "stream upstream add").with("path", kReplica).with("upstream", kSource);
  co_await admin(agree);
  co_await pause(std::chrono::seconds(1));
  if (random(2) == 0) {
    Order copy = order("sanfrancisco", "stream copy start").with("path", kSource).with("dst", kReplica);
    co_await admin(copy);
    co_await pause(std::chrono::seconds(1));
  }
  Order resume = order("sanfrancisco", "stream replica resume").with("path", kSource).with("replica", kReplica);
  Order hold = order("sanfrancisco", "stream replica pause").with("path", kSource).with("replica", kReplica);
  co_await admin(resume);
  procedure_done_ = true;
  while (loading_) {
    co_await pause(std::chrono::seconds(3));
    if (random(3) != 0) continue;
    co_await admin(hold);
    co_await pause(std::chrono::seconds(1));
    co_await admin(resume);
  }
}

Task<int64_t> Simulation::producer_id(SimClient& client) {
  while (loading_) {
    kafka::InitProducerIdRequest request;
    request.transactional_id.reset();
    auto response = co_await client.call<kafka::InitProducerIdResponse>(request, 4);
    if (response && response->error_code == kafka::ErrorCode::none) co_return response->producer_id;
    co_await pause(std::chrono::milliseconds(300));
  }
  co_return -1;
}

Task<void> Simulation::produce() {
  SimClient client(*client_world_, Address{"sf", kKafkaPort});
  int64_t id = co_await producer_id(client);
  std::map<Place, int32_t> sequences;
  while (loading_) {
    Place place{static_cast<int>(random(kCompactedTopic + 1)), static_cast<int>(random(kPartitions))};
    std::vector<std::string> values;
    for (uint64_t n = 1 + random(6); n > 0; --n) {
      values.push_back(fmt::format("value {} {}", values_made_++, std::string(random(200), 'x')));
    }
    bool sent = co_await send(client, place, id, sequences[place], values);
    if (!sent) co_return;
    sequences[place] += static_cast<int32_t>(values.size());
    co_await pause(std::chrono::milliseconds(30));
  }
}

// Sends one batch until it is acknowledged, as an idempotent producer does. False: the run is over.
Task<bool> Simulation::send(SimClient& client, Place place, int64_t producer_id, int32_t sequence,
                            std::vector<std::string> values) {
  RecordBatchBuilder builder;
  builder.producer(producer_id, 0, sequence);
  for (const std::string& value : values) {
    const Update update = update_of(place, value);
    builder.add({.key = update.key, .value = update.value, .timestamp = sim_.executor().wall_now()});
    unanswered_[place].insert(update.key);
  }
  std::vector<uint8_t> batch = builder.build();
  std::string name = topic_name(place.topic);
  while (loading_ || breaking_ || under_way_ > 0) {
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 3000;
    kafka::ProduceRequest::TopicData topic;
    topic.name = name;
    kafka::ProduceRequest::PartitionData partition;
    partition.index = place.partition;
    partition.records = ByteView(batch);
    topic.partition_data.push_back(partition);
    request.topic_data.push_back(topic);
    auto response = co_await client.call<kafka::ProduceResponse>(request, 9);
    if (response && response->responses.size() == 1) {
      auto& answer = response->responses[0].partition_responses[0];
      if (answer.error_code == kafka::ErrorCode::none) {
        note_acknowledged(place, answer.base_offset, values);
        forget_unanswered(place, values);
        co_return true;
      }
      bool wrong = answer.error_code == kafka::ErrorCode::out_of_order_sequence_number;
      if (wrong)
        broken(fmt::format("producer {}: sequence {} is out of order: acknowledged records were lost", producer_id,
                           sequence));
      if (wrong) co_return false;
    }
    co_await pause(std::chrono::milliseconds(200));
  }
  co_return false;
}

void Simulation::note_acknowledged(Place place, Offset base, const std::vector<std::string>& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string shown = update_of(place, values[i]).shown();
    auto [known, is_new] = acknowledged_[place].try_emplace(base + static_cast<Offset>(i), shown);
    if (!is_new && known->second != shown) {
      broken(fmt::format("offset {} of {} partition {} was acknowledged for two records", known->first,
                         topic_name(place.topic), place.partition));
    }
    acknowledged_count_ += is_new;
  }
}

void Simulation::forget_unanswered(Place place, const std::vector<std::string>& values) {
  std::multiset<std::string>& keys = unanswered_[place];
  for (const std::string& value : values) keys.erase(keys.find(update_of(place, value).key));
}

// A consumer group that commits positions of what has been acknowledged.
Task<void> Simulation::commit() {
  SimClient client(*client_world_, Address{"sf", kKafkaPort});
  while (loading_) {
    co_await pause(std::chrono::milliseconds(300));
    Place place{static_cast<int>(random(kTopics)), static_cast<int>(random(kPartitions))};
    if (acknowledged_[place].empty()) continue;
    Offset offset = acknowledged_[place].rbegin()->first + 1;
    kafka::OffsetCommitRequest request;
    request.group_id = "readers";
    kafka::OffsetCommitRequest::Topic topic;
    topic.name = topic_name(place.topic);
    kafka::OffsetCommitRequest::Partition partition;
    partition.partition_index = place.partition;
    partition.committed_offset = offset;
    topic.partitions.push_back(partition);
    request.topics.push_back(topic);
    auto response = co_await client.call<kafka::OffsetCommitResponse>(request, 8);
    bool done = response && response->topics.size() == 1 && response->topics[0].partitions.size() == 1 &&
                response->topics[0].partitions[0].error_code == kafka::ErrorCode::none;
    if (done) committed_[place] = offset;
  }
}

// All faults are over: everything must come to rest, identical.
Task<void> Simulation::settle() {
  sim_.network().heal_all();
  sim_.network().settings.reset_probability = 0;
  for (int i = 0; i < 1200; ++i) {
    bool same = co_await caught_up();
    if (same) break;
    (void)co_await sleep_for(sim_.executor(), std::chrono::milliseconds(100));
  }
  co_await check_end();
}

}  // namespace distributary::sim
