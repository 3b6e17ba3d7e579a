#include "broker/resource_configs.h"

#include "broker/broker_harness.h"

namespace distributary {
namespace {

class ResourceConfigsTest : public testing::Test, protected BrokerHarness {
 protected:
  ResourceConfigsTest() { must(run(broker->load())); }
  ResourceConfigs& groups() { return broker->group_configs(); }
  ResourceConfigs& brokers() { return broker->broker_configs(); }
  Fault set(ResourceConfigs& configs, const std::string& name, std::string_view setting, std::string value) {
    std::vector<ConfigChange> changes{{ConfigOperation::set, std::string(setting), std::move(value)}};
    return run(configs.change(name, std::move(changes), false, false));
  }
  static ConfigEntry entry(const ResourceConfigs& configs, const std::string& name, std::string_view setting) {
    for (ConfigEntry& one : configs.describe(name)) {
      if (one.name == setting) return one;
    }
    return {};
  }
};

TEST_F(ResourceConfigsTest, WhatIsGivenCountsUntilItIsTakenBack) {
  EXPECT_EQ(groups().number("g", kGroupSessionTimeout), 45'000);
  EXPECT_EQ(entry(groups(), "g", kGroupSessionTimeout).source, ConfigSource::standard);
  ASSERT_TRUE(set(groups(), "g", kGroupSessionTimeout, "50000").ok());
  EXPECT_EQ(groups().number("g", kGroupSessionTimeout), 50'000);
  EXPECT_EQ(groups().number("h", kGroupSessionTimeout), 45'000);
  ConfigEntry given = entry(groups(), "g", kGroupSessionTimeout);
  EXPECT_EQ(given.value, "50000");
  EXPECT_EQ(given.source, ConfigSource::group);
  EXPECT_FALSE(given.read_only);
  ASSERT_EQ(given.synonyms.size(), 2u);
  EXPECT_EQ(given.synonyms[1].value, "45000");
  EXPECT_EQ(groups().names(), std::vector<std::string>{"g"});
  std::vector<ConfigChange> back{{ConfigOperation::remove, std::string(kGroupSessionTimeout), std::nullopt}};
  EXPECT_TRUE(run(groups().change("g", std::move(back), false, false)).ok());
  EXPECT_EQ(groups().number("g", kGroupSessionTimeout), 45'000);
  EXPECT_TRUE(groups().names().empty());
  EXPECT_TRUE(meta.entries.empty() || meta.entries.lower_bound("group-config/")->first.rfind("group-config/", 0) != 0);
}

TEST_F(ResourceConfigsTest, ReplacingGivesBackWhatIsNotNamed) {
  ASSERT_TRUE(set(groups(), "g", kGroupSessionTimeout, "50000").ok());
  auto interval = [] {
    return std::vector<ConfigChange>{{ConfigOperation::set, std::string(kGroupHeartbeatInterval), "6000"}};
  };
  EXPECT_TRUE(run(groups().change("g", interval(), true, true)).ok());
  EXPECT_EQ(groups().number("g", kGroupSessionTimeout), 50'000) << "it was only asked whether it could be done";
  EXPECT_TRUE(run(groups().change("g", interval(), true, false)).ok());
  EXPECT_EQ(groups().number("g", kGroupSessionTimeout), 45'000);
  EXPECT_EQ(groups().number("g", kGroupHeartbeatInterval), 6'000);
}

TEST_F(ResourceConfigsTest, WhatIsGivenOutlivesARestart) {
  ASSERT_TRUE(set(groups(), "g\xff", kGroupSessionTimeout, "50000").ok());
  ASSERT_TRUE(set(brokers(), "", "background.threads", "12").ok());
  restart();
  must(run(broker->load()));
  EXPECT_EQ(groups().number("g\xff", kGroupSessionTimeout), 50'000);
  EXPECT_EQ(brokers().number("1", "background.threads"), 12);
}

TEST_F(ResourceConfigsTest, WhatAllBrokersShareGivesWayToWhatOneHas) {
  EXPECT_TRUE(brokers().describe("").empty());
  ASSERT_TRUE(set(brokers(), "", "background.threads", "12").ok());
  EXPECT_EQ(brokers().describe("").size(), 1u);
  EXPECT_EQ(entry(brokers(), "1", "background.threads").source, ConfigSource::dynamic_default_broker);
  ASSERT_TRUE(set(brokers(), "1", "background.threads", "14").ok());
  ConfigEntry own = entry(brokers(), "1", "background.threads");
  EXPECT_EQ(own.value, "14");
  EXPECT_EQ(own.source, ConfigSource::dynamic_broker);
  EXPECT_EQ(own.synonyms.size(), 3u);
}

TEST_F(ResourceConfigsTest, WhatCannotBeIsRefused) {
  for (const char* value : {"", "x", "44999", "60001", "1e99", "-1", "45000.5", "nan"}) {
    EXPECT_EQ(set(groups(), "g", kGroupSessionTimeout, value).error, KafkaError::invalid_config) << value;
  }
  EXPECT_EQ(set(groups(), "g", "no.such.setting", "1").error, KafkaError::invalid_config);
  EXPECT_EQ(set(groups(), std::string(kResourceNameBytesMax + 1, 'g'), kGroupSessionTimeout, "50000").error,
            KafkaError::invalid_request);
  std::vector<ConfigChange> append{{ConfigOperation::append, std::string(kGroupSessionTimeout), "50000"}};
  EXPECT_EQ(run(groups().change("g", std::move(append), false, false)).error, KafkaError::invalid_config);
  std::vector<ConfigChange> without{{ConfigOperation::set, std::string(kGroupSessionTimeout), std::nullopt}};
  EXPECT_EQ(run(groups().change("g", std::move(without), false, false)).error, KafkaError::invalid_request);
  EXPECT_TRUE(groups().names().empty());
}

TEST_F(ResourceConfigsTest, LimitsFollowTheTimesThatTheNodeWasGiven) {
  GroupOptions options;
  options.consumer_session_timeout = std::chrono::milliseconds(1'000);
  ResourceConfigs configs(*meta_store, group_config_kind(options));
  must(run(configs.load()));
  EXPECT_EQ(configs.number("g", kGroupSessionTimeout), 1'000);
  EXPECT_TRUE(set(configs, "g", kGroupSessionTimeout, "2000").ok());
  EXPECT_FALSE(set(configs, "g", kGroupSessionTimeout, "999").ok());
}

}  // namespace
}  // namespace distributary
