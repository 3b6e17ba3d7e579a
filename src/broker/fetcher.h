// Fetcher: gives consumers record batches as stored, waiting until there is enough. The bytes are shared with the
// stream's buffers, never copied.
//
// An answer comes at once when any partition has a fault or `min_bytes` are there; else when they arrive, or after
// `max_wait`. Partitions are filled in the order asked for (in a session: in turn), up to `max_bytes` in all; the first
// one that has something gives at least one whole batch, however large (KIP-74).
//
// What is read and not yet written to clients is bounded over the whole node: an answer takes at most a quarter of what
// is free, but always room for one batch, for which it waits in turn.
//
// Threads: the executor's. Names borrow from the request, which outlives the call.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

#include "broker/fetch_request.h"
#include "broker/fetch_sessions.h"

namespace distributary {

class Fetcher {
 public:
  explicit Fetcher(BrokerContext context)
      : context_(context),
        bytes_(context.world.executor, context.options.fetch_bytes_in_flight_max),
        watch_(context.world.executor),
        sessions_(context) {}

  // Ends early, with what is there, when stopped.
  Task<FetchAnswer> fetch(const FetchRequest& request, const Caller& caller, std::stop_token stop);
  Task<void> stop();
  const FetchSessions& sessions() const { return sessions_; }
  const ByteBudget& bytes_in_flight() const { return bytes_; }
  // How often a partition was looked at, of all requests.
  uint64_t looks() const { return looks_; }

 private:
  struct Reading;
  struct Run;
  Task<void> find_topics(FetchSession& session, const Caller& caller);
  Task<void> serve(Run& run);
  void look_at_queue(Run& run);
  void look_at(FetchSession::Partition& partition, Run& run);
  const Topic* whole_topic(Reading& reading, Run& run);
  static void refuse(Reading& reading, Run& run, Fault fault);
  static void check(const Topic& topic, Reading& reading);
  Task<bool> reserve(Run& run);
  Task<void> read_available(Run& run);
  Task<void> read_in_turn(Run& run);
  Task<void> read(Reading& reading, Run& run);
  void take(Reading& reading, Run& run, FetchedBatches batches);
  void log_damage(const Reading& reading, const Error& error);
  void finish(Run& run, const FetchSessions::Opened& opened);
  void answer_all(Run& run);
  void answer_changes(Run& run);

  BrokerContext context_;
  ByteBudget bytes_;
  PartitionWatch watch_;
  FetchSessions sessions_;
  uint64_t looks_ = 0;
  boost::unordered_flat_map<TopicPartition, SteadyTime, TopicPartitionHash> damage_logged_;
};

}  // namespace distributary
