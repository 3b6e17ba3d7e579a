// TopicDirectory: finds the stream and the topic that a request names, by name or by topic id, and checks that the
// caller may.
//
// A topic pointer in an answer belongs to the stream's state: use it before the next co_await only.
// Threads: the executor's. Ownership: one per broker; the catalog and the authorizer outlive it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/caller.h"
#include "broker/fault.h"
#include "broker/topic_names.h"

namespace distributary {

// What a request says of a topic. `name` borrows from the request; `id` counts when the name is empty.
struct TopicReference {
  std::string_view name;
  TopicUuid id;
  bool by_id() const { return name.empty() && !id.is_nil(); }
};

struct FoundTopic {
  Fault fault;  // a topic that is not there is a fault too; `stream` may be set all the same
  StreamHandle stream;
  std::string name;  // within the stream
  const Topic* topic = nullptr;
};

class TopicDirectory {
 public:
  TopicDirectory(Catalog& catalog, Authorizer& authorizer, TopicNames names)
      : catalog_(catalog), authorizer_(authorizer), names_(std::move(names)) {}

  const TopicNames& names() const { return names_; }
  Catalog& catalog() { return catalog_; }
  // Whether the caller may do `caller.action`, or another action, with this stream.
  Status check(const Caller& caller, const StreamRecord& stream) {
    return caller.action ? authorizer_.check(caller.principal, stream, *caller.action) : Status();
  }
  bool allowed(const Caller& caller, const StreamRecord& stream, StreamAction action) {
    return authorizer_.check(caller.principal, stream, action).has_value();
  }
  Status check_administrator(const Caller& caller) { return authorizer_.check_administrator(caller.principal); }
  Task<Result<StreamHandle>> stream(std::string path);
  // The stream with this topic. Looks where it was last time, then in every stream. Error: not_found.
  Task<Result<StreamHandle>> stream_with(TopicUuid topic);
  // Every stream that this caller may do `caller.action` with; those that do not open are left out and logged.
  Task<std::vector<StreamHandle>> streams(const Caller& caller);

 private:
  Catalog& catalog_;
  Authorizer& authorizer_;
  TopicNames names_;
  boost::unordered_flat_map<TopicUuid, Uuid, UuidHash> homes_;  // topic -> stream; a guess, checked when used
};

// Looks up many topics for one request. Asks the catalog once per stream.
class TopicLookup {
 public:
  // `caller` outlives the lookup.
  TopicLookup(TopicDirectory& directory, const Caller& caller) : directory_(directory), caller_(caller) {}
  Task<FoundTopic> find(TopicReference topic);

 private:
  Task<Result<StreamHandle>> stream_at(std::string path);
  TopicDirectory& directory_;
  const Caller& caller_;
  std::vector<std::pair<std::string, Result<StreamHandle>>> seen_;
};

// Refuses a partition that the topic does not have.
Fault check_partition(const Topic& topic, int32_t partition);
// Compares the leader epoch that a client believes in (-1: none) with the topic's.
Fault check_leader_epoch(const Topic& topic, LeaderEpoch believed);
// Epoch under which the record at `offset` was, or will be, written.
LeaderEpoch leader_epoch_at(const Topic& topic, PartitionIndex partition, Offset offset);

}  // namespace distributary
