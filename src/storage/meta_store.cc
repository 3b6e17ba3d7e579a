#include "storage/meta_store.h"

namespace distributary {
namespace {

Status check_pair(const std::string& key, const std::optional<std::string>& value) {
  if (key.empty()) return fail(ErrorCode::invalid_argument, "a metadata key is empty");
  if (key.size() > kMaxMetaKey) {
    return fail(ErrorCode::too_large, "a metadata key has " + std::to_string(key.size()) + " bytes; at most " +
                                          std::to_string(kMaxMetaKey) + ": " + key.substr(0, 64) + "...");
  }
  if (value && value->size() > kMaxMetaValue) {
    return fail(ErrorCode::too_large, "the value of metadata key " + key + " has " + std::to_string(value->size()) +
                                          " bytes; at most " + std::to_string(kMaxMetaValue));
  }
  return {};
}

}  // namespace

Status check_meta_batch(const MetaBatch& batch) {
  for (const MetaBatch::Precondition& each : batch.preconditions) {
    TRY_STATUS(check_pair(each.key, each.value));
  }
  for (const MetaBatch::Write& each : batch.writes) {
    TRY_STATUS(check_pair(each.key, each.value));
  }
  return {};
}

}  // namespace distributary
