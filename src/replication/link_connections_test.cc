// Links of several connections: when they are opened, what the loss of some costs, and what both ends may have under
// way.
#include "replication/replication_harness.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct LinkConnections : testing::Test {
  LinkConnections() : two(1) {
    two.sf.link_options.frame_bytes = 4'000;
    set_delay(milliseconds(50));
  }
  void set_delay(Duration one_way) {
    SimNetworkSettings& settings = two.sim.network().settings;
    settings.min_delay = settings.max_delay = one_way;
    settings.window = 16'000;  // as the buffers of a connection: what is beyond waits at the source
  }
  // Agreed and paused, with so many records of 3,000 bytes to send.
  void begin(int records = 400) {
    two.start();
    two.set_up(true);
    produce(records);
  }
  void produce(int records) {
    for (int i = 0; i < records; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", {std::string(3'000, 'x')}));
  }
  void resume() { two.sf.set_paused("/a", false); }
  size_t connections() { return two.sim.network().open_connections(); }
  void expect_equal_after_one_session() {
    ASSERT_TRUE(two.sf.wait_replicated("/a"));
    two.expect_equal();
    EXPECT_EQ(two.sf.status("/a").sessions, 1u);
  }

  TwoClusters two;
};

TEST_F(LinkConnections, ALongPathWithABacklogGetsAsManyAsAllowed) {
  begin();
  resume();
  two.run_for(seconds(3));
  EXPECT_EQ(connections(), 8u);
  expect_equal_after_one_session();
}

TEST_F(LinkConnections, AShortPathKeepsOne) {
  set_delay(milliseconds(1));
  begin();
  resume();
  for (int i = 0; i < 30; ++i) {
    two.run_for(milliseconds(100));
    EXPECT_LE(connections(), 1u);
  }
  expect_equal_after_one_session();
}

TEST_F(LinkConnections, ALongPathWithoutABacklogKeepsOne) {
  begin(0);
  resume();
  for (int i = 0; i < 50; ++i) {
    produce(1);
    two.run_for(milliseconds(300));
    EXPECT_LE(connections(), 1u);
  }
  expect_equal_after_one_session();
}

TEST_F(LinkConnections, AnyOneMayBeLostAndJoinsAgain) {
  two.sf.link_options.connections = 4;
  begin(1'000);
  resume();
  two.run_for(seconds(2));
  for (int i = 0; i < 20; ++i) {
    two.sim.network().cut_one_connection("sf", "ny");
    produce(20);
    two.run_for(seconds(1));
    EXPECT_EQ(connections(), 4u);
  }
  expect_equal_after_one_session();
}

TEST_F(LinkConnections, RefusedOnesAreDoneWithout) {
  two.ny.gateway_options.joined_max = 2;
  begin();
  resume();
  two.run_for(seconds(4));
  size_t fewest = connections();  // some are asking just now
  for (int i = 0; i < 50; ++i) {
    two.run_for(milliseconds(100));
    fewest = std::min(fewest, connections());
  }
  EXPECT_EQ(fewest, 3u);
  expect_equal_after_one_session();
}

TEST_F(LinkConnections, AFullGatewayHasRoomAgainWhenASessionEnds) {
  two.ny.gateway_options.joined_max = 7;
  begin();
  resume();
  two.run_for(seconds(3));
  EXPECT_EQ(connections(), 8u);
  two.sim.network().cut_all_connections("sf");
  two.run_for(seconds(5));
  produce(400);
  two.run_for(seconds(3));
  EXPECT_EQ(connections(), 8u);
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  two.expect_equal();
}

TEST_F(LinkConnections, TheSourceKeepsItsOwnLimitToo) {
  two.sf.link_options.window_bytes_max = two.sf.link_options.window_bytes_min = 10'000;
  begin(1);
  resume();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
  size_t before = two.ny.history("/a").size();
  two.sim.network().cut_one_way("ny", "sf");  // no acknowledgement comes
  produce(20);
  two.run_for(seconds(5));
  size_t came = two.ny.history("/a").size() - before;
  EXPECT_GE(came, 1u);
  EXPECT_LE(came, 3u) << "of 3,000 bytes each";
  two.sim.network().heal_all();
  ASSERT_TRUE(two.sf.wait_replicated("/a"));
}

}  // namespace
}  // namespace distributary
