// ConsumerGroups: the consumer groups of the new protocol, and what topics their subscriptions mean.
//
// Threads: the executor's. Ownership: GroupCoordinator, which also holds the groups of the classic protocol: an id is
// in use by one of the two while it has members there, and goes from one to the other when its members change over.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "broker/consumer_group.h"
#include "broker/context.h"
#include "broker/group_table.h"
#include "broker/resource_configs.h"

namespace distributary {

struct ConsumerGroupDescription {
  Fault fault;  // group_id_not_found: there is no such group, or it is of the classic protocol
  std::string id;
  std::string state;
  int32_t epoch = 0;
  int32_t assignment_epoch = 0;
  std::string assignor;
  struct Partitions {
    TopicUuid topic;
    std::string topic_name;
    std::vector<int32_t> partitions;
  };
  struct Member {
    std::string id;
    std::optional<std::string> instance_id;
    std::string rack_id;
    int32_t epoch = 0;
    std::string client_id;
    std::string client_host;
    std::vector<std::string> topic_names;
    std::string topic_pattern;
    bool classic = false;  // it speaks the classic protocol
    std::vector<Partitions> assigned;
    std::vector<Partitions> target;
  };
  std::vector<Member> members;
};

class ConsumerGroups {
 public:
  // `emptied` and `changed`: as GroupTable calls them.
  ConsumerGroups(BrokerContext context, const ResourceConfigs& configs, GroupTable<ConsumerGroup>::Listener emptied,
                 GroupTable<ConsumerGroup>::Listener changed)
      : context_(context),
        configs_(configs),
        resolver_(context.directory),
        groups_(context.world.executor, std::move(emptied), std::move(changed)) {}

  // What can be said of a request in itself.
  Fault check(const ConsumerHeartbeat& request) const;
  // Whether the caller may see the topics that it subscribes to by name.
  Task<Fault> check_names(const std::vector<std::string>& names, const Caller& caller);
  // Those of them that the caller may see.
  Task<std::vector<std::string>> visible_names(std::vector<std::string> names, const Caller& caller);
  // What the group's subscriptions, those of the request and `others` mean, when there is reason to look; the arguments
  // outlive the call.
  using OtherSubscriptions = std::function<Subscriptions()>;
  Task<std::optional<TopicsFound>> topics_for(const ConsumerHeartbeat& request, const Caller& caller,
                                              const OtherSubscriptions& others);
  // `room`: whether a group may be added.
  ConsumerHeartbeatAnswer heartbeat(const ConsumerHeartbeat& request, const Caller& caller,
                                    std::optional<TopicsFound> topics, bool room);
  // A member of the classic protocol, to a group that is here.
  JoinAnswer join(JoinRequest request, std::optional<TopicsFound> topics);
  // A group that is not here; all sessions begin now.
  void restore(const std::string& id, ConsumerGroupSnapshot snapshot);
  // Such a group, too, when it changes over. To be settled.
  void take_over(const std::string& id, ConsumerGroupSnapshot snapshot, bool committed);
  ConsumerGroup* find(const std::string& id) { return groups_.find(id); }
  const ConsumerGroup* find(const std::string& id) const { return groups_.find(id); }
  const GroupTable<ConsumerGroup>& table() const { return groups_; }
  void settle(const std::string& id) { groups_.settle(id); }
  void erase(const std::string& id) { groups_.erase(id); }
  // Without members there is nothing to describe but the state. topic_authorization_failed: it has topics that the
  // caller may not see.
  Task<ConsumerGroupDescription> describe(std::string id, const Caller& caller);

 private:
  ConsumerGroup& add(const std::string& id);
  BrokerContext context_;
  const ResourceConfigs& configs_;
  SubscriptionResolver resolver_;
  GroupTable<ConsumerGroup> groups_;
};

}  // namespace distributary
