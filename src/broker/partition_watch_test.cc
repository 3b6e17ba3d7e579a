#include "broker/partition_watch.h"

#include "broker/broker_harness.h"

namespace distributary {
namespace {

struct Counting final : PartitionWatch::Follower {
  void changed(PartitionWatch::Interest&) override { ++changes; }
  void lost(PartitionWatch::Interest&) override { ++losses; }
  int changes = 0;
  int losses = 0;
};

class PartitionWatchTest : public testing::Test, protected BrokerHarness {
 protected:
  PartitionWatchTest() : watch(sim.executor()) {}
  ~PartitionWatchTest() {
    interests.clear();
    run(watch.stop());
  }
  const Topic& topic(const std::string& name) { return *stream("/main")->stream->state().topic_named(name); }
  void follow(const std::string& name, PartitionIndex partition) {
    interests.push_back(std::make_unique<PartitionWatch::Interest>(follower));
    watch.follow(*interests.back(), stream("/main"), topic(name).ordinal, partition);
  }

  PartitionWatch watch;
  Counting follower;
  std::vector<std::unique_ptr<PartitionWatch::Interest>> interests;
};

TEST_F(PartitionWatchTest, TellsOfWhatIsFollowedAndOfNothingElse) {
  create("idle", 1000);
  create("busy", 2);
  for (PartitionIndex i = 0; i < 1000; ++i) follow("idle", i);
  follow("busy", 1);
  for (int i = 0; i < 5; ++i) produce("busy", 0, {"x"});
  create("another");
  EXPECT_EQ(follower.changes, 0);
  produce("busy", 1, {"x"});
  EXPECT_EQ(follower.changes, 1);
  produce("busy", 1, {"x"});  // told once, until it is followed anew
  EXPECT_EQ(follower.changes, 1);
  EXPECT_FALSE(interests.back()->followed());
}

TEST_F(PartitionWatchTest, SeveralFollowOnePartitionAndLeaveInAnyOrder) {
  create("t");
  for (int i = 0; i < 4; ++i) follow("t", 0);
  interests.erase(interests.begin() + 2);
  interests.erase(interests.begin());
  interests.pop_back();
  produce("t", 0, {"x"});
  EXPECT_EQ(follower.changes, 1);
  EXPECT_EQ(watch.watched_streams(), 0u);
}

TEST_F(PartitionWatchTest, TellsOfDeletionAndOfAMovedLogStart) {
  create("cut");
  create("gone", 3);
  produce("cut", 0, batch_of({"a", "b"}));
  follow("cut", 0);
  for (PartitionIndex i = 0; i < 3; ++i) follow("gone", i);
  must(stream("/main")->stream->delete_records({topic("cut").id, 0}, 1));
  EXPECT_EQ(follower.changes, 1);
  run(broker->topics().remove({{"gone", {}}}, caller, {}));
  EXPECT_EQ(follower.changes, 4);
  EXPECT_EQ(follower.losses, 0);
}

TEST_F(PartitionWatchTest, ALostStreamIsLetGo) {
  create("t");
  follow("t", 0);
  interests.push_back(std::make_unique<PartitionWatch::Interest>(follower));
  watch.follow_stream(*interests.back(), stream("/main"));
  produce("t", 0, {"x"});
  EXPECT_EQ(follower.losses, 0);
  must(run(catalog->remove("/main")));
  sim.executor().run_for(std::chrono::seconds(1));
  EXPECT_EQ(follower.losses, 1);
  EXPECT_EQ(watch.watched_streams(), 0u);
  EXPECT_TRUE(logs.logs.empty()) << "somebody still holds the stream";
}

}  // namespace
}  // namespace distributary
