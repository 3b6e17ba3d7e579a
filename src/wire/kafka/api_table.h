// Which APIs and versions the codecs know. The listener advertises those of them that have a handler.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wire/kafka/api_keys.h"

namespace distributary::kafka {

struct ApiInfo {
  ApiKey key;
  std::string_view name;
  int16_t min_version;  // advertised; Produce advertises more than is decodable, as librdkafka expects
  int16_t max_version;
  int16_t oldest_decodable;
  int16_t flexible_from;  // kNeverFlexible: none

  bool decodes(int16_t version) const { return version >= oldest_decodable && version <= max_version; }
  bool flexible(int16_t version) const { return version >= flexible_from; }
};

// In ascending order of key.
std::span<const ApiInfo> api_table();
// Null if the key is not known.
const ApiInfo* find_api(int16_t key);
inline const ApiInfo* find_api(ApiKey key) { return find_api(static_cast<int16_t>(key)); }

// 1 or 2. Also right for versions newer than known, which matters for ApiVersions.
int request_header_version(const ApiInfo& api, int16_t version);
// 0 or 1; ApiVersions answers with 0 in every version.
int response_header_version(const ApiInfo& api, int16_t version);

}  // namespace distributary::kafka
