// TopicAdmin: what topics there are, and creating, deleting, widening and setting them. Every answer is true on the
// disk before it is given.
//
// Names in requests borrow from the request, which outlives the call. `caller.action` is checked on each stream.
// Threads: the executor's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/context.h"
#include "broker/topic_config.h"

namespace distributary {

struct TopicDescription {
  Fault fault;
  std::string name;  // as the client wrote it; in lists of all topics the display name; empty if asked by an unknown id
  TopicUuid id;
  uint32_t partitions = 0;
  LeaderEpoch leader_epoch = 0;
  TimestampType timestamp_type = TimestampType::create_time;  // in force
  TopicSettings settings;                                     // its own
  StreamHandle stream;                                        // null if it was not found
};

struct NewTopic {
  std::string name;
  int32_t partitions = -1;          // -1: the stream's default
  int32_t replication_factor = -1;  // -1 or 1: copies are made by the storage engine and by replicas of the stream
  struct Assignment {
    int32_t partition = 0;
    std::vector<int32_t> nodes;
  };
  std::vector<Assignment> assignments;
  ConfigPairs configs;
};

class TopicAdmin {
 public:
  TopicAdmin(BrokerContext context, int32_t node_id) : context_(context), node_id_(node_id) {}

  Task<std::vector<TopicDescription>> describe_all(const Caller& caller, std::stop_token stop);
  // A topic that is not there is created if `auto_create`, the broker and its stream all say so and the stream has no
  // upstreams.
  Task<std::vector<TopicDescription>> describe(std::vector<TopicReference> topics, bool auto_create,
                                               const Caller& caller, std::stop_token stop);
  // `topics` outlives the call.
  Task<std::vector<TopicDescription>> create(const std::vector<NewTopic>& topics, bool validate_only,
                                             const Caller& caller, std::stop_token stop);
  Task<std::vector<TopicDescription>> remove(std::vector<TopicReference> topics, const Caller& caller,
                                             std::stop_token stop);

  struct Widening {
    TopicReference topic;
    int32_t count = 0;                                             // the new total
    std::optional<std::vector<std::vector<int32_t>>> assignments;  // for the new partitions
  };
  Task<std::vector<TopicDescription>> widen(const std::vector<Widening>& topics, bool validate_only,
                                            const Caller& caller, std::stop_token stop);

  struct Reconfiguration {
    TopicReference topic;
    bool replace = false;  // what is not named goes back to the stream's
    std::vector<ConfigChange> changes;
  };
  // `topics` outlives the call. Nothing is written where nothing changes.
  Task<std::vector<TopicDescription>> reconfigure(const std::vector<Reconfiguration>& topics, bool validate_only,
                                                  const Caller& caller, std::stop_token stop);
  // What a topic of this stream has that says nothing of its own.
  EffectiveTopicSettings defaults(const StreamRecord& record) const {
    return topic_defaults(record.settings, context_.options.batch.batch_bytes);
  }

 private:
  Result<Lsn> create_automatically(const FoundTopic& found, const Caller& caller, TopicDescription& out);
  Task<void> create_one(const NewTopic& topic, bool validate_only, TopicLookup& lookup, DurableWait& wait,
                        TopicDescription& out);
  Fault check_nodes(const std::vector<int32_t>& nodes) const;
  Fault plan(const NewTopic& topic, const StreamRecord& record, TopicCreated& plan) const;
  Status reconfigure_one(const FoundTopic& found, const Reconfiguration& wanted, bool validate_only,
                         TopicDescription& out);
  Fault plan_widening(const Widening& widening, const Topic& topic) const;
  SteadyTime deadline() const;
  // Waits, and turns the descriptions of streams that failed into faults.
  Task<void> settle(DurableWait& wait, std::vector<TopicDescription>& out, std::stop_token stop);

  BrokerContext context_;
  int32_t node_id_;
};

}  // namespace distributary
