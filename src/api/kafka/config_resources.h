// What has settings: topics, this broker, its log level, consumer groups. Shared by the handlers that show and change
// them.
#pragma once

#include <string>
#include <vector>

#include "api/kafka/request.h"
#include "broker/topic_config.h"

namespace distributary {

// Numbers are the protocol's.
enum class ConfigResource : int8_t { topic = 2, broker = 4, broker_logger = 8, client_metrics = 16, group = 32 };

inline constexpr std::string_view kRootLogger = "root";  // there is one log level, for all modules

struct ResourceChange {
  int8_t type = 0;
  std::string name;
  std::vector<ConfigChange> changes;
};

// The settings of one resource, by name.
Task<Fault> describe_resource(const KafkaRequest& request, int8_t type, const std::string& name,
                              std::vector<ConfigEntry>& out);
// One fault per resource, in their order. With `replace`, what is not named goes back to its default. `resources`
// outlives the call.
Task<std::vector<Fault>> change_resources(const KafkaRequest& request, const std::vector<ResourceChange>& resources,
                                          bool replace, bool validate_only);

}  // namespace distributary
