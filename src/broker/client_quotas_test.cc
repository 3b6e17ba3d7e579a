#include "broker/client_quotas.h"

#include "broker/broker_harness.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Type = QuotaEntityType;
constexpr QuotaKey kProduce = QuotaKey::producer_byte_rate;
constexpr QuotaKey kConsume = QuotaKey::consumer_byte_rate;

class ClientQuotasTest : public testing::Test, protected BrokerHarness {
 protected:
  ClientQuotasTest() { load(); }
  void load() { must(run(quotas().table().load())); }
  ClientQuotas& quotas() { return broker->quotas(); }
  using Name = std::optional<std::string>;
  static QuotaEntity entity(Name user, Name client_id, Name ip = {}) { return {{user, client_id, ip}}; }
  Status set(QuotaEntity of, const std::string& key, std::optional<double> value, bool validate_only = false) {
    std::vector<QuotaChange> changes{{key, value}};
    return run(quotas().table().change(std::move(of), std::move(changes), validate_only));
  }
  static Caller who(const std::string& user, const std::string& client_id) {
    return {.principal = {.user = user}, .client_id = client_id};
  }
  double limit_of(const std::string& user, const std::string& client_id) {
    std::optional<QuotaTable::Found> found = quotas().table().find(kProduce, user, client_id);
    return found ? found->limit : 0;
  }
};

TEST_F(ClientQuotasTest, TheMostSpecialQuotaCounts) {
  EXPECT_EQ(limit_of("u", "c"), 0);
  const std::vector<QuotaEntity> weakest_first{
      entity({}, ""),  entity({}, "c"), entity("", {}),  entity("", ""),
      entity("", "c"), entity("u", {}), entity("u", ""), entity("u", "c"),
  };
  double limit = 1;
  for (const QuotaEntity& one : weakest_first) {
    must(set(one, "producer_byte_rate", limit));
    EXPECT_EQ(limit_of("u", "c"), limit) << to_string(one);
    ++limit;
  }
  EXPECT_EQ(limit_of("u", "other"), 7);
  EXPECT_EQ(limit_of("other", "c"), 5);
  EXPECT_EQ(limit_of("other", "other"), 4);
  EXPECT_EQ(limit_of("other", ""), 4);
  must(set(entity("u", "c"), "producer_byte_rate", std::nullopt));
  EXPECT_EQ(limit_of("u", "c"), 7);
  EXPECT_FALSE(quotas().table().find(kConsume, "u", "c"));
}

TEST_F(ClientQuotasTest, SurvivesARestart) {
  must(set(entity("alice", "app/1, or so = *"), "producer_byte_rate", 1'000));
  must(set(entity("alice", "app/1, or so = *"), "consumer_byte_rate", 2'000));
  must(set(entity("", ""), "consumer_byte_rate", 1e15));
  must(set(entity({}, {}, "::1"), "connection_creation_rate", 3));
  must(set(entity("gone", {}), "producer_byte_rate", 5));
  must(set(entity("gone", {}), "producer_byte_rate", std::nullopt));
  const std::map<QuotaEntity, QuotaLimits> before = quotas().table().all();
  EXPECT_EQ(before.size(), 3u);
  restart();
  load();
  EXPECT_EQ(quotas().table().all(), before);
}

TEST_F(ClientQuotasTest, WhatIsRefusedIsNamed) {
  auto refused = [&](QuotaEntity of, const std::string& key, double value) {
    Status done = set(std::move(of), key, value);
    EXPECT_FALSE(done) << key;
    if (done) return std::string();
    EXPECT_EQ(done.error().code, ErrorCode::invalid_argument);
    return done.error().message;
  };
  EXPECT_NE(refused(entity("u", {}), "request_percentage", 50).find("'request_percentage' is not enforced"),
            std::string::npos);
  EXPECT_NE(refused(entity("u", {}), "producer_byte_rate", 0).find("greater than 0"), std::string::npos);
  EXPECT_NE(refused(entity("u", {}), "producer_byte_rate", -5).find("greater than 0"), std::string::npos);
  EXPECT_NE(refused(entity("u", {}), "producer_byte_rate", NAN).find("greater than 0"), std::string::npos);
  EXPECT_NE(refused(entity("u", {}), "producer_byte_rate", 1.5).find("whole number"), std::string::npos);
  EXPECT_NE(refused(entity("u", {}), "connection_creation_rate", 5).find("of an ip"), std::string::npos);
  EXPECT_NE(refused(entity({}, {}, "1.2.3.4"), "producer_byte_rate", 5).find("ip '1.2.3.4'"), std::string::npos);
  EXPECT_NE(refused(entity("u", {}, "1.2.3.4"), "connection_creation_rate", 5).find("user"), std::string::npos);
  EXPECT_NE(refused(entity({}, {}, {}), "producer_byte_rate", 5).find("none is given"), std::string::npos);
  EXPECT_NE(refused(entity("a\nb", {}), "producer_byte_rate", 5).find("not printable"), std::string::npos);
  EXPECT_NE(refused(entity(std::string(256, 'u'), {}), "producer_byte_rate", 5).find("255"), std::string::npos);
  must(set(entity("u", {}), "producer_byte_rate", 5, true));
  EXPECT_TRUE(quotas().table().all().empty());
}

TEST_F(ClientQuotasTest, AboveTheQuotaTheClientIsThrottled) {
  must(set(entity({}, "c"), "producer_byte_rate", 1'000));
  EXPECT_EQ(quotas().count(kProduce, who("u", "c"), 10'000), milliseconds(0));
  EXPECT_EQ(quotas().count(kProduce, who("other", "c"), 1'000), milliseconds(1'000)) << "the client id is shared";
  EXPECT_EQ(quotas().count(kProduce, who("u", "d"), 100'000'000), milliseconds(0));
  EXPECT_EQ(quotas().count(kConsume, who("u", "c"), 100'000'000), milliseconds(0));
  EXPECT_EQ(quotas().window_bytes(kProduce, who("u", "c")), 10'000u);
  EXPECT_EQ(quotas().window_bytes(kConsume, who("u", "c")), SIZE_MAX);
  sim.executor().run_for(seconds(30));
  EXPECT_EQ(quotas().count(kProduce, who("u", "c"), 10'000), milliseconds(0));
  EXPECT_EQ(quotas().count(kProduce, who("u", "c"), 1'000'000'000), ClientQuotas::kThrottleMax);
}

TEST_F(ClientQuotasTest, ClientsThatHaveNotAuthenticatedAreOneUser) {
  must(set(entity("ANONYMOUS", {}), "producer_byte_rate", 1));
  EXPECT_GT(quotas().count(kProduce, who("", "c"), 100), milliseconds(0));
}

TEST_F(ClientQuotasTest, RatesAreKeptForABoundedNumberOfClients) {
  must(set(entity({}, ""), "producer_byte_rate", 1'000'000));
  for (size_t i = 0; i < ClientQuotas::kRatesMax + 500; ++i) {
    EXPECT_EQ(quotas().count(kProduce, who("u", "c" + std::to_string(i)), 1).count(), 0);
  }
  EXPECT_EQ(quotas().rates(), ClientQuotas::kRatesMax);
  EXPECT_GT(quotas().count(kProduce, who("u", "one more"), 100'000'000).count(), 0);
  sim.executor().run_for(seconds(20));
  EXPECT_EQ(quotas().count(kProduce, who("u", "later"), 1).count(), 0);
  EXPECT_EQ(quotas().rates(), 1u);
}

TEST_F(ClientQuotasTest, ConnectionsOfAnAddressAreCounted) {
  must(set(entity({}, {}, ""), "connection_creation_rate", 1));
  must(set(entity({}, {}, "10.0.0.1"), "connection_creation_rate", 100));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(quotas().count_connection("10.0.0.2").count(), 0);
  EXPECT_EQ(quotas().count_connection("10.0.0.2"), seconds(1));
  EXPECT_EQ(quotas().count_connection("10.0.0.2"), seconds(1)) << "those that are refused do not count";
  EXPECT_EQ(quotas().count_connection("10.0.0.1").count(), 0);
  sim.executor().run_for(seconds(12));
  EXPECT_EQ(quotas().count_connection("10.0.0.2").count(), 0);
}

}  // namespace
}  // namespace distributary
