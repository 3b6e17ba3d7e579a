// Members of both protocols come, go and change over at random.
#include "broker/group_migration_harness.h"
#include "io/sim/sim_random.h"

namespace distributary {
namespace {

// Whoever comes, goes and moves on in whatever order: no partition is read by two members, and in the end all are read.
class GroupMigrationWalk : public GroupMigrationTest {
 protected:
  struct Old {
    Classic client;
    bool eager = false;
  };
  size_t below(size_t bound) { return static_cast<size_t>(random.below(bound)); }
  void move_on(Old& old) {
    const KafkaError told = beat(old.client);
    ASSERT_TRUE(told == KafkaError::none || told == KafkaError::rebalance_in_progress);
    if (told == KafkaError::none) return;
    if (old.eager) old.client.reads.clear();
    rejoin(old.client);
  }
  void check(bool all) {
    std::string read;
    for (const Consumer& one : consumers) read += one.reads;
    for (const Old& one : classics) read += one.client.reads;
    read = sorted(read);
    ASSERT_EQ(std::ranges::adjacent_find(read), read.end()) << read;
    if (all) {
      ASSERT_EQ(read, "012345");
    }
  }
  void step() {
    const size_t what = below(20);
    if (what == 0 && consumers.size() < 4) {
      consumers.push_back(join("c" + std::to_string(++names_given)));
    } else if (what == 1 && classics.size() < 4) {
      classics.push_back({{}, below(2) == 0});
      rejoin(classics.back().client);
    } else if (what == 2 && consumers.size() > 1) {
      ASSERT_EQ(leave(consumers.back()), KafkaError::none);
      consumers.pop_back();
    } else if (what == 3 && !classics.empty()) {
      ASSERT_EQ(groups().leave(classics.back().client.claim()), KafkaError::none);
      classics.pop_back();
    } else if (what < 12 || classics.empty()) {
      ASSERT_EQ(beat(consumers[below(consumers.size())]), KafkaError::none);
    } else {
      move_on(classics[below(classics.size())]);
    }
  }
  void settle_all(seconds pause) {
    for (int round = 0; round < 10; ++round) {
      for (Consumer& one : consumers) ASSERT_EQ(beat(one), KafkaError::none);
      for (Old& one : classics) move_on(one);
      if (pause > seconds(0)) sim.executor().run_for(pause);
    }
  }

  SimRandom random{7};
  std::vector<Consumer> consumers{join("c0")};
  std::vector<Old> classics;
  int names_given = 0;
};

TEST_F(GroupMigrationWalk, WithoutRestarts) {
  for (int i = 0; i < 3000; ++i) {
    step();
    check(false);
    if (i % 100 != 99) continue;
    settle_all(seconds(0));
    check(true);
    ASSERT_EQ(describe().state, "Stable");
  }
}

// Whatever a member was told holds after the node has died. Only who has left may still seem to be there.
TEST_F(GroupMigrationWalk, WithRestarts) {
  for (int i = 0; i < 1500; ++i) {
    step();
    if (below(10) == 0) kill();
    check(false);
    if (i % 100 != 99) continue;
    settle_all(seconds(2));
    settle_all(seconds(0));
    check(true);
    ASSERT_EQ(describe().state, "Stable");
  }
}

}  // namespace
}  // namespace distributary
