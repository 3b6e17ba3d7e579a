#include "broker/group_store.h"

#include <gtest/gtest.h>

#include "io/sim/sim_executor.h"
#include "storage/memory/memory_meta_store.h"

namespace distributary {
namespace {

using std::chrono::seconds;

class GroupStoreTest : public testing::Test {
 protected:
  ~GroupStoreTest() override { executor.run(store.stop()); }
  std::optional<std::string> snapshot(const std::string& id) {
    ++asked;
    auto found = groups.find(id);
    return found == groups.end() ? std::optional<std::string>("") : found->second;
  }
  void note(const std::string& id, std::optional<std::string> bytes) {
    groups[id] = std::move(bytes);
    store.note(id);
  }
  Status settle(const std::string& id) { return executor.run(store.settle(id, executor.now() + seconds(5), {})); }
  std::optional<std::string> stored(const std::string& id) {
    auto found = meta.entries.find("group/" + id);
    return found == meta.entries.end() ? std::nullopt : std::optional<std::string>(found->second);
  }

  SimExecutor executor;
  MemoryMeta meta;
  MemoryMetaStore engine{executor, meta};
  std::map<std::string, std::optional<std::string>> groups;
  int asked = 0;
  GroupStore store{executor, engine, [this](const std::string& id) { return snapshot(id); }};
};

TEST_F(GroupStoreTest, WhatComesTogetherIsWrittenOnce) {
  note("g", "1");
  note("g", "2");
  note("h", "3");
  EXPECT_TRUE(store.owes("g"));
  EXPECT_FALSE(store.owes("i"));
  EXPECT_FALSE(stored("g"));
  EXPECT_TRUE(settle("g"));
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(stored("g"), "2");
  EXPECT_EQ(stored("h"), "3");
  EXPECT_FALSE(store.owes("h"));
  note("g", std::nullopt);
  note("h", "");
  EXPECT_TRUE(settle("h"));
  EXPECT_EQ(stored("g"), "2") << "as before";
  EXPECT_FALSE(stored("h"));
}

TEST_F(GroupStoreTest, AFailedWriteIsTriedAgainAndNobodyWaitsForThat) {
  meta.fail_next_apply = ErrorCode::io;
  note("g", "1");
  EXPECT_TRUE(settle("g"));
  EXPECT_FALSE(stored("g"));
  EXPECT_TRUE(store.owes("g"));
  executor.run_for(kKeepRetry);
  EXPECT_EQ(stored("g"), "1");
  EXPECT_FALSE(store.owes("g"));
  meta.fail_next_apply = ErrorCode::io;
  note("g", "");
  EXPECT_TRUE(settle("g"));
  EXPECT_EQ(stored("g"), "1");
  executor.run_for(kKeepRetry);
  EXPECT_FALSE(stored("g"));
}

TEST_F(GroupStoreTest, WhatIsTooLargeIsNotKept) {
  note("g", "1");
  note("whole", std::string(kKeptGroupBytesMax, 'x'));
  EXPECT_TRUE(settle("g"));
  EXPECT_TRUE(stored("whole"));
  note("g", std::string(kKeptGroupBytesMax + 1, 'x'));
  EXPECT_TRUE(settle("g"));
  EXPECT_FALSE(stored("g")) << "what was kept before is not it either";
  note(std::string(kKeptGroupIdBytesMax + 1, 'g'), "1");
  executor.run_for(seconds(1));
  EXPECT_EQ(meta.entries.size(), 1u);
}

TEST_F(GroupStoreTest, NoMoreThanABoundIsKept) {
  const size_t most = kKeptGroupsBytesMax / kKeptGroupBytesMax;
  for (size_t i = 0; i <= most; ++i) note(std::to_string(i), std::string(kKeptGroupBytesMax, 'x'));
  EXPECT_TRUE(settle("0"));
  EXPECT_EQ(meta.entries.size(), most);
  note("0", "");
  EXPECT_TRUE(settle("0"));
  note("1", std::string(kKeptGroupBytesMax, 'y'));
  note("new", std::string(kKeptGroupBytesMax, 'x'));
  EXPECT_TRUE(settle("new"));
  EXPECT_TRUE(stored("new"));
  EXPECT_EQ(stored("1")->front(), 'y');
}

TEST_F(GroupStoreTest, AllIsReadPageByPageAndCounts) {
  for (int i = 0; i < 40; ++i) meta.entries["group/" + std::to_string(i)] = "x";
  meta.entries["group-config/g"] = "not of these";
  Result<std::vector<GroupStore::Kept>> read = executor.run(store.read());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size(), 40u);
  store.count(*read);
  note("7", "");
  EXPECT_TRUE(settle("7"));
  EXPECT_FALSE(stored("7")) << "it was known to be there";
}

}  // namespace
}  // namespace distributary
