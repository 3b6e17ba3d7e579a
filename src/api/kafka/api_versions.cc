#include <algorithm>
#include <cctype>
#include <string_view>

#include "api/kafka/api_registry.h"
#include "api/kafka/features.h"
#include "api/kafka/handlers.h"
#include "wire/kafka/api_versions.h"

namespace distributary {
namespace {

// Letters and digits, with '-' and '.' between them.
bool is_software_word(std::string_view word) {
  auto alphanumeric = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  auto allowed = [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; };
  return !word.empty() && alphanumeric(word.front()) && alphanumeric(word.back()) && std::ranges::all_of(word, allowed);
}

// Features are told from version 3 on; one whose lowest level is 0 is told as supported from version 4 on.
constexpr int16_t kFeaturesVersion = 3;
constexpr int16_t kZeroLevelVersion = 4;

kafka::ApiVersionsResponse served_versions(int16_t version) {
  kafka::ApiVersionsResponse response;
  for (const KafkaApi& api : kafka_apis()) {
    const kafka::ApiInfo& info = *kafka::find_api(api.key);
    response.api_keys.push_back({static_cast<int16_t>(api.key), info.min_version, info.max_version});
  }
  if (version < kFeaturesVersion) return response;
  response.finalized_features_epoch = 0;
  for (const KafkaFeature& feature : kKafkaFeatures) {
    const std::string name(feature.name);
    if (version >= kZeroLevelVersion) response.supported_features.push_back({name, 0, feature.level});
    response.finalized_features.push_back({name, feature.level, feature.level});
  }
  return response;
}

}  // namespace

Task<Result<KafkaAnswer>> handle_api_versions(const KafkaRequest& request) {
  kafka::ApiVersionsResponse response =
      served_versions(request.header.version_known() ? request.version() : int16_t{0});
  if (!request.header.version_known()) {
    // A client newer than we: it reads this in the oldest form and asks again with a version from the list.
    response.error_code = kafka::ErrorCode::unsupported_version;
    KafkaAnswer answer;
    CO_TRY(answer.frame, kafka::encode_response_frame(response, 0, request.header.correlation_id));
    co_return answer;
  }
  CO_TRY(kafka::ApiVersionsRequest asked, decode_request<kafka::ApiVersionsRequest>(request));
  const bool named = request.version() >= 3;
  if (named && (!is_software_word(asked.client_software_name) || !is_software_word(asked.client_software_version))) {
    response = {};
    response.error_code = kafka::ErrorCode::invalid_request;
  }
  co_return encode_answer(request, response);
}

}  // namespace distributary
