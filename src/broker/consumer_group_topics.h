// What the members of a consumer group subscribe to, and which topics that means at the moment.
//
// Threads: the executor's. Ownership: values.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "broker/caller.h"
#include "broker/topic_directory.h"

namespace distributary {

// A pattern finds only topics that its subscriber may list: the same expression means other topics for another user.
struct PatternKey {
  std::string expression;
  std::string user;
  auto operator<=>(const PatternKey&) const = default;
};

struct Subscriptions {
  std::set<std::string> names;
  std::map<PatternKey, Caller> patterns;
  bool empty() const { return names.empty() && patterns.empty(); }
};

struct GroupTopics {
  struct Info {
    std::string name;  // as lists show it
    uint32_t partitions = 0;
    bool operator==(const Info&) const = default;
  };
  std::map<std::string, TopicUuid> by_name;                 // of the names that exist
  std::map<PatternKey, std::vector<TopicUuid>> by_pattern;  // sorted
  std::map<TopicUuid, Info> topics;                         // all of them
  bool operator==(const GroupTopics&) const = default;

  // Forgets what is not subscribed to.
  void keep_only(const Subscriptions& subscriptions);
};

// Of the topics in all streams that the subscriptions concern: another value means that `resolve` may answer otherwise.
struct TopicsVersion {
  std::map<Uuid, uint64_t> streams;  // StreamState::topics_version
  bool operator==(const TopicsVersion&) const = default;
};

struct TopicsFound {
  GroupTopics topics;
  TopicsVersion version;
};

class SubscriptionResolver {
 public:
  explicit SubscriptionResolver(TopicDirectory& directory) : directory_(directory) {}
  // Who subscribes by name has been checked before. Streams that do not open count as streams without topics.
  Task<GroupTopics> resolve(Subscriptions subscriptions);
  Task<TopicsVersion> version(Subscriptions subscriptions);

 private:
  Task<void> resolve_names(const Subscriptions& subscriptions, GroupTopics& out);
  Task<void> resolve_patterns(const Subscriptions& subscriptions, GroupTopics& out);
  TopicDirectory& directory_;
};

}  // namespace distributary
