// Settings of the broker. The names in comments are those of the configuration.
#pragma once

#include <chrono>
#include <string>

#include "model/record_batch_check.h"

namespace distributary {

struct GroupOptions {
  using Millis = std::chrono::milliseconds;
  Millis initial_rebalance_delay{
      500};  // group.initial.rebalance.delay.ms: consumers that start together share one generation
  Millis session_timeout_min{6'000};      // group.min.session.timeout.ms
  Millis session_timeout_max{1'800'000};  // group.max.session.timeout.ms
  // Of the new protocol: group.consumer.session.timeout.ms, group.consumer.heartbeat.interval.ms
  Millis consumer_session_timeout{45'000};
  Millis consumer_heartbeat_interval{5'000};
  Millis topics_look_interval{1'000};     // how soon a group takes note of new, changed and deleted topics
  Millis empty_group_kept{600'000};       // in lists, without members and positions
  size_t members_max = 10'000;            // group.max.size
  size_t groups_max = 100'000;            // with members, at one time
  size_t pending_members_max = 100'000;   // ids handed out whose members have not come back
  size_t metadata_bytes_max = 16u << 20;  // of one member's protocols
};

struct BrokerOptions {
  std::string cluster_name;
  std::string default_stream;      // kafka.default.stream: path of the stream of topic names without '/'; empty: none
  bool auto_create_topics = true;  // auto.create.topics.enable; each stream's own setting must agree
  BatchLimits batch;
  size_t produce_bytes_in_flight_max = 256u << 20;  // of all connections, appended and not yet acknowledged
  size_t fetch_bytes_max = 55u << 20;               // fetch.max.bytes: of one answer
  std::chrono::milliseconds fetch_wait_max{5 * 60'000};
  size_t fetch_bytes_in_flight_max = 256u << 20;              // of all answers to fetches, read and not yet written
  size_t fetch_sessions_max = 1'000;                          // max.incremental.fetch.session.cache.slots
  size_t fetch_session_partitions_max = 1'000'000;            // of all sessions together; about 200 bytes each
  std::chrono::milliseconds fetch_session_eviction{120'000};  // min.incremental.fetch.session.eviction.ms
  std::chrono::milliseconds durable_wait_max{30'000};         // for answers that wait for the disk and bring no timeout
  uint32_t producer_id_block = 1'000;
  std::chrono::milliseconds transaction_timeout_max{15 * 60'000};  // transaction.max.timeout.ms
  std::chrono::milliseconds transaction_sweep_interval{1'000};     // how often late transactions are looked for
  uint32_t topic_partitions_max = 100'000;
  std::chrono::minutes cursor_retention{7 * 24 * 60};        // offsets.retention.minutes
  std::chrono::milliseconds cursor_check_interval{600'000};  // offsets.retention.check.interval.ms
  GroupOptions group;
};

}  // namespace distributary
