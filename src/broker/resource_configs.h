// ResourceConfigs: settings that administrators give, while the node runs, to one kind of resource: to consumer groups
// by their ids, to brokers by their numbers. A resource that was given none has the standard ones; nothing needs to be
// known of it. Kept in the cluster's MetaStore.
//
// A change is durable before it counts. Threads: the executor's. Ownership: Broker's; the MetaStore outlives it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/options.h"
#include "broker/topic_config.h"
#include "io/task.h"
#include "storage/meta_store.h"

namespace distributary {

inline constexpr size_t kResourceNameBytesMax = 512;
inline constexpr size_t kResourcesWithConfigsMax = 10'000;  // of one kind

struct ResourceSetting {
  std::string_view name;
  ConfigKind kind = ConfigKind::int64;  // numbers only
  std::string standard;
  double low = 0;
  double high = 0;
  std::string_view documentation;
};

class ResourceConfigs {
 public:
  struct Kind {
    std::string_view prefix;                // in the MetaStore
    ConfigSource source;                    // of what is given to a resource by its name
    ConfigSource for_all;                   // of what is given to the empty name
    std::vector<ResourceSetting> settings;  // by name
  };
  ResourceConfigs(MetaStore& meta, Kind kind) : meta_(meta), kind_(std::move(kind)) {}

  // Reads what is stored; at once when it has been read. Nothing else may be called before.
  Task<Status> load();
  // Makes all the changes or none. With `replace`, what is not named goes back to its standard. Faults: invalid_config,
  // invalid_request; what the MetaStore says.
  Task<Fault> change(std::string name, std::vector<ConfigChange> changes, bool replace, bool validate_only);
  // All settings of the resource; for the empty name, only those that were given to it.
  std::vector<ConfigEntry> describe(const std::string& name) const;
  // What is in force: the resource's own, else what all have been given, else the standard. 0: there is no such
  // setting.
  int64_t number(const std::string& name, std::string_view setting) const;
  bool knows(std::string_view setting) const { return find(setting) != nullptr; }
  // Of the resources that have been given settings.
  std::vector<std::string> names() const;

 private:
  using Values = std::map<std::string, std::string, std::less<>>;
  const ResourceSetting* find(std::string_view setting) const;
  const std::string* given(const std::string& name, std::string_view setting) const;
  Fault apply(const ConfigChange& change, Values& values) const;
  Fault plan(const std::string& name, const std::vector<ConfigChange>& changes, Values& values) const;
  ConfigEntry entry(const std::string& name, const ResourceSetting& setting) const;

  MetaStore& meta_;
  const Kind kind_;
  bool loaded_ = false;
  std::map<std::string, Values> given_;
};

// Of consumer groups of the new protocol. The limits are Kafka's, and wider where the node was given other times.
inline constexpr std::string_view kGroupSessionTimeout = "consumer.session.timeout.ms";
inline constexpr std::string_view kGroupHeartbeatInterval = "consumer.heartbeat.interval.ms";
ResourceConfigs::Kind group_config_kind(const GroupOptions& options);
// Of brokers: what tunes the work of Kafka's own threads and files. Accepted from Kafka's tools, without effect.
ResourceConfigs::Kind broker_config_kind();

}  // namespace distributary
