// Links from end to end in a simulated world: agreement of the two sides, states and errors.
#include "replication/replication_harness.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::string> values(int count, const std::string& prefix = "v") {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(prefix + std::to_string(i));
  return out;
}

TEST(Link, BringsEverythingInOrder) {
  TwoClusters two(1);
  two.start();
  two.set_up();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", values(3, std::to_string(i))));
  two.sf.commit("/a", "group", "t", 70);
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
  ASSERT_TRUE(two.sf.produce("/a", "t", {"later"}));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
  ReplicaStatus status = two.sf.status("/a");
  EXPECT_EQ(status.link_state, LinkState::idle);
  EXPECT_EQ(status.replica_state, "REPLICA_STATE_REPLICATING");
  EXPECT_EQ(status.sessions, 1u);
  EXPECT_FALSE(status.problem);
  UpstreamStatus upstream = two.ny.gateway().upstreams(two.ny.record("/a").uuid).at(0);
  EXPECT_TRUE(upstream.connected);
}

TEST(Link, WorksWithoutSecurityWhenBothSidesSaySo) {
  TwoClusters two(2, false);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.produce("/a", "t", values(3)));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
}

TEST(Link, NothingFlowsWithoutUpstream) {
  TwoClusters two(3);
  two.start();
  two.set_up(false, false);
  ASSERT_TRUE(two.sf.produce("/a", "t", values(3)));
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrNotAnUpstream"));
  ReplicaStatus status = two.sf.status("/a");
  EXPECT_EQ(status.link_state, LinkState::refused);
  EXPECT_EQ(status.puts_pending, 3u);
  EXPECT_FALSE(status.up_to_date);
  EXPECT_NE(status.problem->message.find("maprcli stream upstream add -path /mapr/ny/a -upstream /mapr/sf/a"),
            std::string::npos)
      << status.problem->message;
  EXPECT_EQ(status.problem->host, "ny:7660");
  two.run_for(seconds(60));
  EXPECT_TRUE(two.ny.history("/a").empty());
  two.ny.add_upstream("/a", two.sf, "/a");
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
  EXPECT_FALSE(two.sf.status("/a").problem);
}

TEST(Link, RemovingTheUpstreamEndsASessionAtOnce) {
  TwoClusters two(4);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.ny.remove_upstream("/a");
  ASSERT_TRUE(two.sf.produce("/a", "t", values(5)));
  size_t before = two.ny.history("/a").size();
  EXPECT_EQ(before, 1u) << "only the topic had come";
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrNotAnUpstream", seconds(5)));
  two.run_for(seconds(30));
  EXPECT_EQ(two.ny.history("/a").size(), before);
  EXPECT_EQ(two.ny.gateway().session_count(), 0u);
}

TEST(Link, PauseKeepsThePositionAndResumeGoesOnThere) {
  TwoClusters two(5);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.produce("/a", "t", values(2)));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.sf.set_paused("/a", true);
  ASSERT_TRUE(two.sf.wait_state("/a", LinkState::paused));
  two.run_for(seconds(1));
  WallMillis begin = two.sim.executor().wall_now();
  ASSERT_TRUE(two.sf.produce("/a", "t", values(4)));
  two.run_for(seconds(60));
  ASSERT_TRUE(two.sf.produce("/a", "t", values(3)));
  ReplicaStatus status = two.sf.status("/a");
  EXPECT_EQ(status.link_state, LinkState::paused);
  EXPECT_EQ(status.puts_pending, 7u);
  EXPECT_GT(status.bytes_pending, 0u);
  EXPECT_EQ(status.entries_pending, 2u);
  EXPECT_NEAR(static_cast<double>(status.min_pending_time - begin), 0, 1000);
  EXPECT_GE(status.max_pending_time - status.min_pending_time, 59'000);
  EXPECT_FALSE(status.up_to_date);
  EXPECT_EQ(two.ny.history("/a").size(), 2u);
  two.sf.stop();  // also over a restart
  two.sf.start();
  two.run_for(seconds(1));
  EXPECT_EQ(two.sf.status("/a").puts_pending, 7u);
  two.sf.set_paused("/a", false);
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
  EXPECT_EQ(two.sf.status("/a").regressions, 0u);
}

TEST(Link, ASourceDeletedAndCreatedAgainIsAnotherSource) {
  TwoClusters two(6);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.produce("/a", "t", values(2)));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  must(two.sf.run(two.sf.catalog().remove("/a")));
  two.sf.create("/a");
  two.sf.create_topic("/a", "t");
  two.sf.add_replica("/a", two.ny, "/a");
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrUpstreamUuidMismatch"));
  EXPECT_NE(two.sf.status("/a").problem->message.find("upstream remove"), std::string::npos);
  EXPECT_EQ(two.ny.history("/a").size(), 2u) << "what had come stays, nothing is added";
}

TEST(Link, AReplicaThatIsGoneOrAnotherIsNamed) {
  TwoClusters two(7);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  must(two.ny.run(two.ny.catalog().remove("/a")));
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrReplicaNotFound"));
  two.ny.create("/a");
  two.ny.add_upstream("/a", two.sf, "/a");
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrReplicaUuidMismatch"));
  EXPECT_TRUE(two.ny.history("/a").empty());
}

TEST(Link, AStrangerLearnsNothing) {
  TwoClusters two(8);
  two.start();
  two.ny.distrust("sf");
  two.set_up();
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrRootNotTrusted"));
  EXPECT_EQ(two.sf.status("/a").problem->message.find("/a"), std::string::npos);
  EXPECT_TRUE(two.ny.history("/a").empty());
  two.ny.know(two.sf);
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
}

TEST(Link, AGatewayOfAnotherClusterIsNotTrusted) {
  TwoClusters two(9);
  TestCluster other(two.sim, "mallory", true);
  two.start();
  other.know(two.sf);
  other.start();
  two.sf.gateway_addresses["ny"] = {Address{"mallory", TestCluster::kPort}};
  two.set_up();
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrRootNotTrusted"));
  EXPECT_EQ(other.gateway().session_count(), 0u);
  other.stop();
}

TEST(Link, TriesAllGatewaysAndNamesThemWhenNoneAnswers) {
  TwoClusters two(10);
  two.start();
  two.sf.gateway_addresses["ny"] = {Address{"ny", 1}, Address{"ny", TestCluster::kPort}, Address{"ny", 2}};
  two.set_up();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.ny.kill();
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrAllGatewaysUnreachable"));
  EXPECT_EQ(two.sf.status("/a").link_state, LinkState::unreachable);
  ASSERT_TRUE(two.sf.produce("/a", "t", values(2)));
  EXPECT_EQ(two.sf.status("/a").puts_pending, 2u);
  two.run_for(std::chrono::hours(2));
  two.ny.start();
  ASSERT_TRUE(two.sf.wait_replicated("/a", seconds(60)));
  two.expect_equal();
}

TEST(Link, WithinOneCluster) {
  TwoClusters two(11);
  two.start();
  two.sf.create("/a");
  two.sf.create("/b");
  two.sf.create_topic("/a", "t");
  two.sf.add_upstream("/b", two.sf, "/a");
  two.sf.add_replica("/a", two.sf, "/b");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", values(2)));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_EQ(two.sf.history("/a"), two.sf.history("/b"));
}

TEST(Link, RemovedReplicaStopsAndLetsGo) {
  TwoClusters two(12);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  must(two.sf.run(two.sf.catalog().remove_replica("/a", two.sf.record("/a").replicas.at(0).idx)));
  ASSERT_TRUE(two.sf.produce("/a", "t", values(2)));
  two.run_for(seconds(30));
  EXPECT_EQ(two.ny.history("/a").size(), 1u);
  for (const auto& [key, value] : two.sf.meta.entries) EXPECT_FALSE(key.starts_with("link/")) << key;
  two.sf.add_replica("/a", two.ny, "/a");
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
}

TEST(Link, TwoStreamsThatReplicateEachOther) {
  TwoClusters two(13);
  two.start();
  two.set_up();
  two.sf.add_upstream("/a", two.ny, "/a");
  two.ny.add_replica("/a", two.sf, "/a");
  two.ny.create_topic("/a", "n");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(two.sf.produce("/a", "t", values(2)));
    ASSERT_TRUE(two.ny.produce("/a", "n", values(3)));
  }
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  ASSERT_TRUE(two.ny.wait_replicated("/a"));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_EQ(two.sf.origins("/a"), two.ny.origins("/a"));
  std::vector<std::string> here = two.sf.history("/a"), there = two.ny.history("/a");
  EXPECT_EQ(here.size(), 42u);
  std::sort(here.begin(), here.end());
  std::sort(there.begin(), there.end());
  EXPECT_EQ(here, there);
  EXPECT_FALSE(two.sf.produce("/a", "n", values(1))) << "the topic is owned by the other side";
}

TEST(Link, ThrottleHoldsTheRate) {
  TwoClusters two(14);
  two.sf.link_options.throttle_bytes_per_second = 10'000;
  two.sf.link_options.frame_bytes = 2'000;
  two.start();
  two.set_up(true);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", {std::string(5'000, 'x')}));
  ReplicaRegistration replica = two.sf.record("/a").replicas.at(0);
  replica.throttle = true;
  replica.paused = false;
  must(two.sf.run(two.sf.catalog().edit_replica("/a", replica)));
  SteadyTime begin = two.sim.executor().now();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_NEAR(std::chrono::duration<double>(two.sim.executor().now() - begin).count(), 10, 2);
}

}  // namespace
}  // namespace distributary
