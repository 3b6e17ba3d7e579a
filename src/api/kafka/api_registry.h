// The one table of what this listener serves: API, permission, handler. The versions are those of the codecs
// (schema/kafka).
#pragma once

#include <span>

#include "api/kafka/request.h"

namespace distributary {

// What an API needs. There is no default: a row says it, or does not compile.
struct KafkaAccess {
  std::optional<StreamAction> action;
  bool administrator = false;
  // Nothing of any stream is shown or changed.
  static constexpr KafkaAccess open() { return {std::nullopt}; }
  // On every stream that the request touches.
  static constexpr KafkaAccess stream(StreamAction action) { return {action}; }
  // What concerns the whole cluster: its handler asks TopicDirectory::check_administrator.
  static constexpr KafkaAccess cluster() { return {std::nullopt, true}; }

 private:
  constexpr KafkaAccess(std::optional<StreamAction> needed, bool of_cluster = false)
      : action(needed), administrator(of_cluster) {}
};

struct KafkaApi {
  kafka::ApiKey key;
  KafkaAccess access;
  KafkaHandler handler;
};

// In ascending order of key.
std::span<const KafkaApi> kafka_apis();
// Null: not served.
const KafkaApi* find_kafka_api(kafka::ApiKey key);

// Operations as bits of the protocol's `authorizedOperations`.
int32_t topic_operations(const KafkaRequest& request, const StreamRecord& stream);
int32_t cluster_operations(const KafkaRequest& request);
int32_t group_operations();

}  // namespace distributary
