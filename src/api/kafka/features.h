// What Kafka calls features of a cluster: levels of its behaviour, which clients look at before they use it. Here they
// follow from the program and are not changed.
#pragma once

#include <cstdint>
#include <string_view>

namespace distributary {

struct KafkaFeature {
  std::string_view name;
  int16_t level;  // the highest that is known, and in force
};
inline constexpr KafkaFeature kKafkaFeatures[] = {
    {"group.version", 1},        // KIP-848
    {"transaction.version", 2},  // KIP-890
};

}  // namespace distributary
