#include <algorithm>

#include "wire/kafka/api_table.h"

namespace distributary::kafka {

const ApiInfo* find_api(int16_t key) {
  auto table = api_table();
  auto before = [](const ApiInfo& api, int16_t wanted) { return static_cast<int16_t>(api.key) < wanted; };
  auto found = std::lower_bound(table.begin(), table.end(), key, before);
  return found != table.end() && static_cast<int16_t>(found->key) == key ? &*found : nullptr;
}

int request_header_version(const ApiInfo& api, int16_t version) { return api.flexible(version) ? 2 : 1; }

int response_header_version(const ApiInfo& api, int16_t version) {
  return api.key != ApiKey::api_versions && api.flexible(version) ? 1 : 0;
}

}  // namespace distributary::kafka
