// Changing a group over from the classic protocol to the new one (KIP-848) and back, while its members stay.
//
// - When somebody joins a group of classic consumers with the new protocol, its members become members of a
//   ConsumerGroup that speak the classic protocol, and own what they were assigned last.
// - When the last member that speaks the new protocol has gone, the others become a Group again and are told to join.
//
// Pure functions; the executor's thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/consumer_group.h"
#include "broker/group.h"

namespace distributary {

// What each member of a group of the classic protocol reads, by member id.
using ClassicHoldings = std::map<std::string, std::vector<NamedPartitions>>;

// nullopt: they are no consumers, or write something else than consumers do; so nobody can say what they read.
std::optional<ClassicHoldings> read_holdings(const Group& group, const ConsumerProtocolReader& reader);
// What has to be looked up to change such a group over: what it subscribes to and what it still reads.
Subscriptions names_in(const Group& group, const ClassicHoldings& holdings);
// `topics` are those of `names_in`.
ConsumerGroupSnapshot upgraded(const Group& group, const ClassicHoldings& holdings, const GroupTopics& topics);
// Of a group that is `all_classic`.
GroupSnapshot downgraded(const ConsumerGroup& group);

}  // namespace distributary
