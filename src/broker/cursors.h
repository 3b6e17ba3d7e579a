// Cursors: the committed positions of consumer groups. Each is an entry in the log of its topic's stream, durable
// before the answer, and goes wherever the stream's history goes.
//
// Threads: the executor's. Names borrow from the request, which outlives the call. Whether the group takes the commit:
// GroupCoordinator::check_commit.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/group_coordinator.h"

namespace distributary {

struct CursorCommitTopic {
  struct Partition {
    int32_t partition = 0;
    Offset offset = 0;
    LeaderEpoch leader_epoch = -1;
    std::string metadata;
  };
  TopicReference topic;
  std::vector<Partition> partitions;
};

struct CursorQueryTopic {
  TopicReference topic;
  std::vector<int32_t> partitions;
};

struct FoundCursor {
  int32_t partition = 0;
  Fault fault;
  Offset offset = -1;  // -1: none was committed
  LeaderEpoch leader_epoch = -1;
  std::string metadata;
};

struct FoundCursorTopic {
  std::string name;  // as asked; in a list of all, the display name
  TopicUuid id;
  std::vector<FoundCursor> partitions;
};

// Whether this position may be committed; `found` as its topic was found.
Fault check_cursor(const FoundTopic& found, const CursorCommitTopic::Partition& partition);

// Takes one position away; it is gone for good when `wait` is over. `found` is a topic that is there.
Fault remove_cursor(const std::string& group, const FoundTopic& found, int32_t partition, DurableWait& wait);

class Cursors {
 public:
  Cursors(BrokerContext context, const GroupCoordinator& groups) : context_(context), groups_(groups) {}

  // One fault per partition, in the order of the request, which outlives the call. An offset below 0 takes the position
  // away: to Kafka's clients it is none, and kafkajs resets a group with -1 and -2.
  Task<std::vector<std::vector<Fault>>> commit(std::string group, const std::vector<CursorCommitTopic>& topics,
                                               const Caller& caller, std::stop_token stop);
  // With `stable`, a position that an open transaction is about to replace is unstable_offset_commit.
  Task<std::vector<FoundCursorTopic>> find(std::string group, const std::vector<CursorQueryTopic>& topics,
                                           const Caller& caller, std::stop_token stop, bool stable = false);
  // Every committed position of the group.
  Task<std::vector<FoundCursorTopic>> find_all(std::string group, const Caller& caller, std::stop_token stop,
                                               bool stable = false);
  // Forgets positions on topics that the group does not subscribe to; durable when it returns. group_id_not_found: it
  // has neither members nor positions. `topics` outlives the call; faults are in its order.
  struct Removed {
    Fault fault;  // of the whole request
    std::vector<std::vector<Fault>> partitions;
  };
  Task<Removed> remove(std::string group, const std::vector<CursorQueryTopic>& topics, const Caller& caller,
                       std::stop_token stop);

 private:
  SteadyTime deadline() const { return context_.world.clock().now() + context_.options.durable_wait_max; }
  Task<bool> known(const std::string& group, const Caller& caller);
  void fill(FoundCursor& out, const std::string& group, const OpenStream& stream, const TopicPartition& partition,
            bool stable) const;
  BrokerContext context_;
  const GroupCoordinator& groups_;
};

}  // namespace distributary
