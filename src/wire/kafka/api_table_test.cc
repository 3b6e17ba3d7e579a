// The tables against what Kafka's own client says of itself (golden/*.tsv).
#include "wire/kafka/api_table.h"

#include <gtest/gtest.h>

#include <set>

#include "wire/kafka/error_code.h"
#include "wire/kafka/golden_entries.h"

namespace distributary::kafka {
namespace {

std::ifstream open_golden(const char* name) { return std::ifstream(std::filesystem::path(DISTRIBUTARY_GOLDEN) / name); }

int first_with(const ApiInfo& api, int (*header)(const ApiInfo&, int16_t), int wanted) {
  for (int16_t version = api.oldest_decodable; version <= api.max_version; ++version) {
    if (header(api, version) == wanted) return version;
  }
  return -1;
}

TEST(KafkaApiTable, AgreesWithKafkaOnVersionsAndHeaders) {
  // Newer forms are for brokers among themselves only.
  const std::set<ApiKey> not_all_versions = {ApiKey::add_partitions_to_txn};
  std::ifstream in = open_golden("apis.tsv");
  size_t seen = 0;
  std::string name;
  for (int key, low, high, request, response; in >> key >> name >> low >> high >> request >> response;) {
    const ApiInfo* api = find_api(static_cast<int16_t>(key));
    if (!api) continue;
    ++seen;
    EXPECT_EQ(api->oldest_decodable, low) << name;
    EXPECT_EQ(api->max_version < high, not_all_versions.contains(api->key)) << name;
    EXPECT_LE(api->max_version, high) << name;
    EXPECT_EQ(first_with(*api, request_header_version, 2), request) << name;
    EXPECT_EQ(first_with(*api, response_header_version, 1), response) << name;
  }
  EXPECT_EQ(seen, api_table().size());
}

TEST(KafkaApiTable, ErrorsAgreeWithKafka) {
  std::ifstream in = open_golden("errors.tsv");
  std::string name, retriable;
  int last = -1;
  for (int code; in >> code >> name >> retriable;) {
    EXPECT_EQ(to_string(ErrorCode{static_cast<int16_t>(code)}), name);
    EXPECT_EQ(is_retriable(ErrorCode{static_cast<int16_t>(code)}), retriable == "true") << name;
    last = code;
  }
  EXPECT_GE(last, 133);
  EXPECT_EQ(to_string(ErrorCode{-2}), "UNKNOWN_CODE");
}

}  // namespace
}  // namespace distributary::kafka
