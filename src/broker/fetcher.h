// Fetcher: gives consumers record batches as stored, waiting until there is enough. The bytes are shared with the
// stream's buffers, never copied.
//
// An answer comes at once when any partition has a fault or `min_bytes` are there; else when they arrive, or after
// `max_wait`. Partitions are filled in the order asked for, up to `max_bytes` in all; the first one that has something
// gives at least one whole batch, however large (KIP-74).
//
// Threads: the executor's. Names borrow from the request, which outlives the call.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <vector>

#include "broker/advance_watch.h"
#include "broker/context.h"

namespace distributary {

struct FetchRequest {
  struct Partition {
    int32_t partition = 0;
    Offset offset = 0;
    int32_t max_bytes = 1 << 20;
    LeaderEpoch current_leader_epoch = -1;
    LeaderEpoch last_fetched_epoch = -1;
  };
  struct Topic {
    TopicReference topic;
    std::vector<Partition> partitions;
  };
  std::vector<Topic> topics;
  int32_t max_wait_ms = 500;
  int32_t min_bytes = 1;
  int32_t max_bytes = INT32_MAX;
  bool zstd_allowed = true;
};

struct FetchedPartition {
  int32_t partition = 0;
  Fault fault;
  Offset high_watermark = -1;
  Offset log_start = -1;
  LeaderEpoch leader_epoch = -1;
  std::optional<Stream::EpochEnd> diverging;  // the client's last epoch ended before its offset: it must go back
  std::vector<Bytes> batches;
  size_t bytes = 0;
};

// One of these per topic of the request, in its order; partitions likewise.
struct FetchedTopic {
  std::vector<FetchedPartition> partitions;
};

class Fetcher {
 public:
  explicit Fetcher(BrokerContext context) : context_(context), watch_(context.world.executor) {}

  // Ends early, with what is there, when stopped.
  Task<std::vector<FetchedTopic>> fetch(const FetchRequest& request, const Caller& caller, std::stop_token stop);
  Task<void> stop() { return watch_.stop(); }

 private:
  struct Reading;
  struct Pass;
  Task<std::vector<Reading>> begin(const FetchRequest& request, const Caller& caller, std::vector<FetchedTopic>& out);
  static void check(const Topic& topic, const FetchRequest::Partition& asked, Reading& reading);
  Task<void> read_available(Pass& pass);
  Task<void> read_in_turn(Pass& pass);
  Task<void> read(Reading& reading, Pass& pass);
  void take(Reading& reading, Pass& pass, FetchedBatches batches);
  void log_damage(const Reading& reading, const Error& error);
  static std::vector<AdvanceWatch::Wants> wants(const std::vector<Reading>& readings);

  BrokerContext context_;
  AdvanceWatch watch_;
  boost::unordered_flat_map<TopicPartition, SteadyTime, TopicPartitionHash> damage_logged_;
};

}  // namespace distributary
