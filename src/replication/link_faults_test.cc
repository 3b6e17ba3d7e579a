// Links under faults: kills, cut networks, several connections, lost and wrong histories.
#include "replication/replication_harness.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Chaos {
  uint64_t seed;
  uint16_t connections;
};

class LinkSeeds : public testing::TestWithParam<Chaos> {};

// One random fault, and its end after a while.
void disturb(TwoClusters& two, Random& random) {
  Duration while_it_lasts = milliseconds(random.below(5000));
  switch (random.below(7)) {
    case 0:
    case 1: {
      TestCluster& victim = random.below(2) == 0 ? two.sf : two.ny;
      victim.kill();
      two.run_for(while_it_lasts);
      victim.start();
      break;
    }
    case 2:
      two.sim.network().cut("sf", "ny");
      two.run_for(while_it_lasts * static_cast<int>(1 + random.below(10)));
      two.sim.network().heal_all();
      break;
    case 3:
      two.sim.network().cut_one_way(random.below(2) == 0 ? "sf" : "ny", random.below(2) == 0 ? "ny" : "sf");
      two.run_for(while_it_lasts * 4);
      two.sim.network().heal_all();
      break;
    case 4: two.sim.network().cut_one_connection("sf", "ny"); break;
    case 5: two.sim.network().cut_all_connections(random.below(2) == 0 ? "sf" : "ny"); break;
    default: two.run_for(while_it_lasts);
  }
}

TEST_P(LinkSeeds, EndsExactWhateverHappens) {
  TwoClusters two(GetParam().seed);
  two.sf.link_options.connections = two.sf.link_options.connections_at_once = GetParam().connections;
  two.sf.link_options.frame_bytes = 1'000;
  two.ny.gateway_options.window_bytes = 20'000;
  two.ny.gateway_options.window_bytes_min = 20'000;
  two.sim.network().settings.reset_probability = GetParam().connections > 1 ? 0.002 : 0;
  two.start();
  two.set_up();
  Random& random = two.sim.random();
  for (int step = 0; step < 25; ++step) {
    for (uint64_t n = random.below(20); n > 0; --n) {
      std::string value(random.below(2000), 'x');
      two.sf.produce("/a", "t", {value, std::to_string(step)}, random.below(4) == 0);
      if (random.below(4) == 0) two.run_for(milliseconds(random.below(5)));
    }
    disturb(two, random);
  }
  two.sim.network().settings.reset_probability = 0;
  two.run_for(seconds(1));  // so that nothing is on its way to the disk
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
  ReplicaStatus status = two.sf.status("/a");
  EXPECT_EQ(status.regressions, 0u);
  EXPECT_EQ(status.bytes_pending, 0u);
  EXPECT_EQ(status.puts_pending, 0u);
}

std::vector<Chaos> many(uint64_t first, int count, std::vector<uint16_t> connections) {
  std::vector<Chaos> out;
  for (int i = 0; i < count; ++i) out.push_back({first + i, connections[i % connections.size()]});
  return out;
}

INSTANTIATE_TEST_SUITE_P(OneConnection, LinkSeeds, testing::ValuesIn(many(1, seed_count(10), {1})));
INSTANTIATE_TEST_SUITE_P(ManyConnections, LinkSeeds, testing::ValuesIn(many(1001, seed_count(7), {2, 3, 4, 8, 16})));

TEST(LinkFaults, OneLostConnectionOfSeveralDoesNotEndTheSession) {
  TwoClusters two(31);
  two.sf.link_options.connections = two.sf.link_options.connections_at_once = 3;
  two.start();
  two.sim.network().settings.reset_probability = 0.01;
  two.set_up();
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(two.sf.produce("/a", "t", {std::string(3000, 'x')}));
  }
  two.sim.network().settings.reset_probability = 0;
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
  EXPECT_LT(two.sf.status("/a").sessions, 20u);
}

TEST(LinkFaults, AReplicaThatLostItsTailIsSentItAgainAndCounted) {
  TwoClusters two(32);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.produce("/a", "t", {"a"}));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.ny.stop();
  auto copy_of = [](const MemoryLogs& logs) {
    std::map<LogId, MemoryLogs::LogData> copy;
    for (const auto& [id, data] : logs.logs) copy[id] = *data;
    return copy;
  };
  auto backup = copy_of(two.ny.logs);
  two.ny.start();
  ASSERT_TRUE(two.sf.produce("/a", "t", {"b"}));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.ny.stop();
  for (auto& [id, data] : backup) {
    data.epoch = two.ny.logs.logs.at(id)->epoch;
    *two.ny.logs.logs.at(id) = data;
  }
  two.ny.start();
  two.run_for(seconds(5));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
  EXPECT_EQ(two.sf.status("/a").regressions, 1u);
}

TEST(LinkFaults, ASourceThatLostHistoryIsBehindItsReplica) {
  TwoClusters two(33);
  two.start();
  two.set_up();
  two.sf.stop();
  std::map<LogId, MemoryLogs::LogData> backup;
  for (const auto& [id, data] : two.sf.logs.logs) backup[id] = *data;
  two.sf.start();
  ASSERT_TRUE(two.sf.produce("/a", "t", {"a"}));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.sf.stop();
  for (auto& [id, data] : backup) {
    data.epoch = two.sf.logs.logs.at(id)->epoch;
    *two.sf.logs.logs.at(id) = data;
  }
  two.sf.start();
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrAhead"));
  EXPECT_EQ(two.sf.status("/a").link_state, LinkState::ahead);
  ASSERT_TRUE(two.sf.produce("/a", "t", {"another"}));
  ASSERT_TRUE(two.sf.produce("/a", "t", {"and one more"}));
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrDiverged"));
  EXPECT_EQ(two.sf.status("/a").link_state, LinkState::diverged);
  EXPECT_EQ(two.ny.history("/a").size(), 2u) << "nothing was added";
}

TEST(LinkFaults, ANewerSessionEndsTheOlder) {
  TwoClusters two(34);
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.sim.network().cut("sf", "ny");
  two.run_for(seconds(20));  // the source gives up; the gateway too, at its own time
  two.sim.network().heal_all();
  ASSERT_TRUE(two.sf.produce("/a", "t", {"a"}));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.run_for(seconds(30));
  EXPECT_EQ(two.ny.gateway().session_count(), 1u);
}

TEST(LinkFaults, ATrimmedSourceBeginsWithABaseline) {
  TwoClusters two(35);
  two.sf.catalog_options.stream.segment_bytes = 2'000;
  two.start();
  two.sf.create("/a");
  two.sf.create_topic("/a", "t");
  StreamSettings settings = two.sf.record("/a").settings;
  settings.ttl_seconds = 60;
  must(two.sf.run(two.sf.catalog().edit("/a", settings)));
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", {std::string(300, 'x')}));
  two.run_for(minutes(10));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", {std::string(300, 'y')}));
  must(two.sf.run(two.sf.open("/a")->stream->enforce_retention()));
  ASSERT_FALSE(two.sf.run(two.sf.open("/a")->stream->find_position({}))) << "the begin must be gone for this test";
  two.ny.create("/a");
  two.ny.add_upstream("/a", two.sf, "/a");
  two.sf.add_replica("/a", two.ny, "/a");
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_EQ(two.sf.origins("/a"), two.ny.origins("/a"));
  ASSERT_TRUE(two.sf.produce("/a", "t", {"later"}));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_EQ(two.sf.origins("/a"), two.ny.origins("/a"));
  EXPECT_GT(two.ny.history("/a").size(), 1u);
}

TEST(LinkFaults, APausedReplicaHoldsBackRetention) {
  TwoClusters two(36);
  two.sf.catalog_options.stream.segment_bytes = 2'000;
  two.start();
  two.set_up(true);
  StreamSettings settings = two.sf.record("/a").settings;
  settings.ttl_seconds = 60;
  must(two.sf.run(two.sf.catalog().edit("/a", settings)));
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", {std::string(300, 'x')}));
  two.run_for(minutes(10));
  must(two.sf.run(two.sf.open("/a")->stream->enforce_retention()));
  EXPECT_EQ(two.sf.history("/a").size(), 31u);
  two.sf.set_paused("/a", false);
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_EQ(two.ny.history("/a").size(), 31u);
  must(two.sf.run(two.sf.open("/a")->stream->enforce_retention()));
  EXPECT_FALSE(two.sf.run(two.sf.open("/a")->stream->find_position({}))) << "let go after it was replicated";
}

// Much that is dead, in small segments: a deleted topic, and deleted records.
void fill_with_dead(TwoClusters& two, const std::string& path) {
  two.sf.create_topic(path, "dead");
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(two.sf.produce(path, "t", {"kept " + std::to_string(i)}));
    ASSERT_TRUE(two.sf.produce(path, "dead", {std::string(300, 'x')}));
  }
  StreamHandle source = two.sf.open(path);
  const StreamState& state = source->stream->state();
  must(source->stream->delete_topic(state.topic_named("dead")->id));
  Lsn lsn = must(source->stream->delete_records({state.topic_named("t")->id, 0}, 10));
  must(two.sf.run(source->stream->wait_durable(lsn)));
}

TEST(LinkFaults, ARewrittenSourceIsCopiedWithWhatIsLeftOfIt) {
  TwoClusters two(37);
  two.sf.catalog_options.stream.segment_bytes = 2'000;
  two.start();
  two.sf.create("/a");
  two.sf.create_topic("/a", "t");
  fill_with_dead(two, "/a");
  must(two.sf.run(two.sf.open("/a")->stream->purge()));
  ASSERT_GT(two.sf.open("/a")->stream->rewritten_until(two.sf.open("/a")->stream->origin()), 0u);
  two.ny.create("/a");
  two.ny.add_upstream("/a", two.sf, "/a");
  two.sf.add_replica("/a", two.ny, "/a");
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_TRUE(two.sf.open("/a")->stream->state().same_as(two.ny.open("/a")->stream->state()));
  EXPECT_EQ(two.ny.open("/a")->stream->state().topic_named("t")->partitions[0].log_start, 10);
  // From now on everything comes whole, also over a restart in between, and what is purged now waits for the replica.
  ASSERT_TRUE(two.sf.produce("/a", "t", {"later"}));
  two.ny.kill();
  two.ny.start();
  fill_with_dead(two, "/a");
  must(two.sf.run(two.sf.open("/a")->stream->purge()));
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  EXPECT_TRUE(two.sf.open("/a")->stream->state().same_as(two.ny.open("/a")->stream->state()));
}

TEST(LinkFaults, APausedReplicaHoldsBackRewritesUpToALimit) {
  TwoClusters two(38);
  two.sf.catalog_options.stream.segment_bytes = 2'000;
  two.start();
  two.set_up();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.sf.set_paused("/a", true);
  fill_with_dead(two, "/a");
  StreamHandle source = two.sf.open("/a");
  Origin origin = source->stream->origin();
  must(two.sf.run(source->stream->purge()));
  EXPECT_LE(source->stream->rewritten_until(origin), two.ny.origins("/a").at(origin).lsn);
  // Past the limit space counts more, and the replica is told what it will miss.
  StreamOptions options = source->stream->options();
  options.hold_bytes_max = 1000;
  source->stream->set_options(options);
  must(two.sf.run(source->stream->purge()));
  EXPECT_GT(source->stream->rewritten_until(origin), two.ny.origins("/a").at(origin).lsn);
  source.reset();
  two.sf.set_paused("/a", false);
  ASSERT_TRUE(two.sf.wait_problem("/a", "ErrGap"));
  EXPECT_EQ(two.sf.status("/a").link_state, LinkState::gap);
  EXPECT_LE(two.ny.origins("/a").at(origin).lsn, two.sf.open("/a")->stream->rewritten_until(origin));
}

}  // namespace
}  // namespace distributary
