#include "api/kafka/kafka_harness.h"
#include "wire/kafka/create_acls.h"
#include "wire/kafka/delete_acls.h"
#include "wire/kafka/describe_acls.h"

namespace distributary {
namespace {

class KafkaAclsTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaAclsTest() : client(connect()) {}
  KafkaTestClient client;
};

TEST_F(KafkaAclsTest, ThereAreNoneInAnyVersion) {
  for (int16_t version = 1; version <= 3; ++version) {
    auto described = client.call<kafka::DescribeAclsResponse>(kafka::DescribeAclsRequest{}, version);
    EXPECT_EQ(described.error_code, kafka::ErrorCode::security_disabled);
    EXPECT_TRUE(described.error_message.has_value());
    EXPECT_TRUE(described.resources.empty());
    kafka::CreateAclsRequest create;
    create.creations = {{2, "t", 3, "User:a", "*", 3, 3}, {2, "u", 3, "User:a", "*", 3, 3}};
    auto created = client.call<kafka::CreateAclsResponse>(create, version);
    ASSERT_EQ(created.results.size(), 2u);
    EXPECT_EQ(created.results[1].error_code, kafka::ErrorCode::security_disabled);
    kafka::DeleteAclsRequest remove;
    remove.filters.resize(1);
    auto removed = client.call<kafka::DeleteAclsResponse>(remove, version);
    ASSERT_EQ(removed.filter_results.size(), 1u);
    EXPECT_EQ(removed.filter_results[0].error_code, kafka::ErrorCode::security_disabled);
  }
}

}  // namespace
}  // namespace distributary
