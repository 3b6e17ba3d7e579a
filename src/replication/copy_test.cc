// Copies: bounded runs of the link, with and without a registration, over crashes.
#include "replication/replication_harness.h"

namespace distributary {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

CopyRequest request_for(TwoClusters& two, std::string grant = "") {
  return {two.sf.record("/a").uuid, "ny", "/a", two.ny.record("/a").uuid, std::move(grant)};
}

std::string grant_for(TwoClusters& two, Duration valid = minutes(10)) {
  CopyGrants::Pair pair{"sf", two.sf.record("/a").uuid, two.ny.record("/a").uuid};
  return must(two.ny.run(two.ny.gateway().issue_grant(pair, valid)));
}

CopyStatus begin(TwoClusters& two, CopyRequest request) {
  return must(two.sf.run(two.sf.copies().begin(std::move(request))));
}

CopyStatus wait_end(TwoClusters& two, const Uuid& id) {
  SteadyTime deadline = two.sim.executor().now() + minutes(10);
  return must(two.sf.run(two.sf.copies().wait(id, deadline, {})));
}

void produce(TwoClusters& two, int batches) {
  for (int i = 0; i < batches; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", {"a", "b"}));
}

TEST(Copy, FillsAPausedReplicaUpToTheJobsStartAndReplicationGoesOnThere) {
  TwoClusters two(1);
  two.start();
  two.set_up(true);
  produce(two, 30);
  Uuid id = begin(two, request_for(two)).id;
  CopyStatus ended = wait_end(two, id);
  EXPECT_EQ(ended.state, CopyState::done);
  EXPECT_EQ(ended.percentage, 100);
  EXPECT_EQ(ended.records_total, 60u);
  EXPECT_EQ(ended.records_done, 60u);
  ASSERT_TRUE(two.sf.wait_state("/a", LinkState::paused));
  two.expect_equal();
  produce(two, 3);
  two.run_for(seconds(30));
  EXPECT_EQ(two.ny.history("/a").size(), 31u) << "paused again after the copy";
  EXPECT_EQ(two.sf.status("/a").puts_pending, 6u);
  two.sf.set_paused("/a", false);
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
}

TEST(Copy, OfAnUnregisteredPairNeedsAGrant) {
  TwoClusters two(2);
  two.start();
  two.sf.create("/a");
  two.ny.create("/a");
  two.sf.create_topic("/a", "t");
  produce(two, 5);
  Uuid without = begin(two, request_for(two)).id;
  CopyStatus refused = wait_end(two, without);
  EXPECT_EQ(refused.state, CopyState::failed);
  ASSERT_TRUE(refused.problem);
  EXPECT_EQ(refused.problem->code, "ErrNotAnUpstream");
  EXPECT_TRUE(two.ny.history("/a").empty());
  Uuid with = begin(two, request_for(two, grant_for(two))).id;
  EXPECT_EQ(wait_end(two, with).state, CopyState::done);
  two.expect_equal();
  two.run_for(seconds(30));
  for (const auto& [key, value] : two.ny.meta.entries) EXPECT_FALSE(key.starts_with("grant/")) << "used up";
  produce(two, 5);
  two.run_for(seconds(60));
  EXPECT_EQ(two.ny.history("/a").size(), 6u) << "nothing follows a plain copy";
}

TEST(Copy, AGrantIsForOnePairOneCopyAndAShortTime) {
  TwoClusters two(3);
  two.start();
  two.sf.create("/a");
  two.sf.create("/other");
  two.ny.create("/a");
  two.sf.create_topic("/a", "t");
  std::string grant = grant_for(two, minutes(1));
  CopyRequest other = request_for(two, grant);
  other.source = two.sf.record("/other").uuid;
  CopyStatus wrong = wait_end(two, begin(two, other).id);
  EXPECT_EQ(wrong.state, CopyState::failed);
  EXPECT_EQ(wrong.problem->code, "ErrGrantInvalid");
  two.run_for(minutes(2));
  CopyStatus late = wait_end(two, begin(two, request_for(two, grant)).id);
  EXPECT_EQ(late.state, CopyState::failed);
  EXPECT_EQ(late.problem->code, "ErrGrantInvalid");
  EXPECT_TRUE(two.ny.history("/a").empty());
}

TEST(Copy, AUsedGrantStaysWithItsCopy) {
  SimWorld sim(4);
  sim.add_host("h");
  World& world = sim.start("h");
  MemoryMeta data;
  MemoryMetaStore meta(world.executor, data);
  CopyGrants grants(world, meta, hours(24));
  Uuid copy = world.random.uuid(), other = world.random.uuid();
  CopyGrants::Pair pair{"sf", world.random.uuid(), world.random.uuid()};
  std::string grant = must(sim.executor().run(grants.issue(pair, minutes(1))));
  must(sim.executor().run(grants.use(grant, pair, copy)));
  sim.executor().run_for(hours(20));
  must(sim.executor().run(grants.use(grant, pair, copy)));
  EXPECT_FALSE(sim.executor().run(grants.use(grant, pair, other)));
  sim.executor().run_for(hours(25));
  EXPECT_FALSE(sim.executor().run(grants.use(grant, pair, copy))) << "idle for too long";
  must(sim.executor().run(grants.purge()));
  EXPECT_TRUE(data.entries.empty());
}

TEST(Copy, WhileTheLinkRunsSharesItsSession) {
  TwoClusters two(5);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  produce(two, 10);
  CopyStatus ended = wait_end(two, begin(two, request_for(two)).id);
  EXPECT_EQ(ended.state, CopyState::done);
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_EQ(two.sf.status("/a").sessions, 1u);
  two.expect_equal();
}

TEST(Copy, CanBeCancelled) {
  TwoClusters two(6);
  two.start();
  two.set_up(true);
  CopyRequest request = request_for(two);
  two.ny.kill();
  produce(two, 3);
  Uuid id = begin(two, request).id;
  two.run_for(seconds(5));
  Result<CopyStatus> running = two.sf.copies().find(id);
  ASSERT_TRUE(running);
  EXPECT_EQ(running->state, CopyState::running);
  ASSERT_TRUE(running->problem);
  EXPECT_EQ(running->problem->code, "ErrAllGatewaysUnreachable");
  EXPECT_EQ(two.sf.status("/a").replica_state, "REPLICA_STATE_COPY_IN_RECOVER");
  EXPECT_FALSE(two.sf.run(two.sf.copies().begin(request))) << "one at a time";
  must(two.sf.run(two.sf.copies().cancel(id)));
  EXPECT_EQ(wait_end(two, id).state, CopyState::cancelled);
  ASSERT_TRUE(two.sf.wait_state("/a", LinkState::paused));
  two.ny.start();
  two.run_for(seconds(60));
  EXPECT_TRUE(two.ny.history("/a").empty());
}

class CopySeeds : public testing::TestWithParam<uint64_t> {};

// Producers go on writing; either side's power fails in the middle.
TEST_P(CopySeeds, RacesWithAppendsAndCrashes) {
  TwoClusters two(GetParam());
  two.sf.link_options.frame_bytes = 2'000;
  two.start();
  two.set_up(true);
  produce(two, 100);
  Uuid id = begin(two, request_for(two)).id;
  Random& random = two.sim.random();
  for (int step = 0; step < 30; ++step) {
    two.run_for(milliseconds(random.below(20)));
    two.sf.produce("/a", "t", {std::to_string(step)}, random.below(2) == 0);
    TestCluster& victim = random.below(2) == 0 ? two.sf : two.ny;
    if (random.below(6) != 0) continue;
    victim.kill();
    two.run_for(milliseconds(random.below(3000)));
    victim.start();
  }
  EXPECT_EQ(wait_end(two, id).state, CopyState::done);
  EXPECT_GE(two.ny.history("/a").size(), 101u);
  two.sf.set_paused("/a", false);
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
  EXPECT_EQ(two.sf.status("/a").regressions, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CopySeeds, testing::Range<uint64_t>(1, 1 + seed_count(12)));

}  // namespace
}  // namespace distributary
