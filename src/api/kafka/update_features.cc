#include "wire/kafka/update_features.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/kafka/features.h"
#include "api/kafka/handlers.h"

namespace distributary {
namespace {

constexpr int16_t kOneAnswerVersion = 2;  // from here on the first error is that of the whole request

using FeatureResult = kafka::UpdateFeaturesResponse::Updated;

FeatureResult not_updated(const std::string& name, std::string why) {
  return {name, kafka::ErrorCode::invalid_update_version, std::move(why)};
}

FeatureResult update_feature(const std::string& name, int16_t level) {
  const auto* known = std::ranges::find(kKafkaFeatures, name, &KafkaFeature::name);
  if (known == std::end(kKafkaFeatures)) {
    return not_updated(name, fmt::format("there is no feature '{}' here; describing the features names them", name));
  }
  if (level == known->level) return {name, kafka::ErrorCode::none, std::nullopt};
  return not_updated(name, fmt::format("feature {} is at level {} and stays there: levels are those of the program",
                                       name, known->level));
}

}  // namespace

// A level that is in force already is taken, and any other refused.
Task<Result<KafkaAnswer>> handle_update_features(const KafkaRequest& request) {
  CO_TRY(kafka::UpdateFeaturesRequest asked, decode_request<kafka::UpdateFeaturesRequest>(request));
  kafka::UpdateFeaturesResponse response;
  if (Status allowed = request.broker().directory().check_administrator(request.caller); !allowed) {
    response.error_code = kafka::ErrorCode::cluster_authorization_failed;
    response.error_message = allowed.error().message;
    co_return encode_answer(request, response);
  }
  for (const auto& update : asked.feature_updates) {
    response.results.push_back(update_feature(update.feature, update.max_version_level));
    const FeatureResult& last = response.results.back();
    if (request.version() < kOneAnswerVersion || last.error_code == kafka::ErrorCode::none) continue;
    response.error_code = last.error_code;
    response.error_message = last.error_message;
    break;
  }
  if (request.version() >= kOneAnswerVersion) response.results.clear();
  co_return encode_answer(request, response);
}

}  // namespace distributary
