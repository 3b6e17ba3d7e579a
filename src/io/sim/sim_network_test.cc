// Faults of the simulated network, whole worlds, and that a seed decides everything.
#include <gtest/gtest.h>

#include "io/contract/harness.h"
#include "io/sim/sim_world.h"

namespace distributary {
namespace {

using contract::expect_error;
using contract::must;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Two {
  explicit Two(uint64_t seed) : sim(seed) {
    sim.add_host("a");
    sim.add_host("b");
    a = &sim.start("a");
    b = &sim.start("b");
  }
  void run(Task<void> task) { sim.executor().run(std::move(task)); }
  SteadyTime in(Duration span) { return sim.executor().now() + span; }
  SimWorld sim;
  World* a;
  World* b;
};

struct Pair {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
};

Task<Pair> connect(Two& two) {
  Pair pair;
  Address any{"b", 0};
  pair.listener = must(two.b->network.listen(any, nullptr));
  Address to{"b", pair.listener->port()};
  std::stop_token never;
  Result<std::unique_ptr<Connection>> connected = co_await two.a->network.connect(to, nullptr, kNever, never);
  pair.client = must(std::move(connected));
  Result<std::unique_ptr<Connection>> accepted = co_await pair.listener->accept(never);
  pair.server = must(std::move(accepted));
  co_return pair;
}

Task<Status> send(Connection& connection, std::string_view text) {
  std::vector<ByteView> pieces;
  pieces.push_back(as_bytes(text));
  std::stop_token never;
  co_return co_await connection.write(pieces, kNever, never);
}

Task<Result<std::string>> receive(Connection& connection, size_t length, SteadyTime deadline) {
  std::string text;
  std::vector<uint8_t> buffer(4096);
  std::stop_token never;
  while (text.size() < length) {
    CO_TRY(size_t count, co_await connection.read_some(buffer, deadline, never));
    if (count == 0) break;
    text += as_text(ByteView(buffer).first(count));
  }
  co_return text;
}

Task<void> partition(Two& two) {
  Pair pair = co_await connect(two);
  two.sim.network().cut("a", "b");
  must(co_await send(*pair.client, "held back"));
  expect_error(co_await receive(*pair.server, 9, two.in(seconds(5))), ErrorCode::timed_out);
  Address to{"b", pair.listener->port()};
  std::stop_token never;
  SteadyTime before = two.sim.executor().now();
  Result<std::unique_ptr<Connection>> late = co_await two.a->network.connect(to, nullptr, two.in(seconds(3)), never);
  expect_error(late, ErrorCode::timed_out, to_string(to));
  EXPECT_EQ(two.sim.executor().now() - before, seconds(3));
  two.sim.network().heal("a", "b");
  Result<std::string> text = co_await receive(*pair.server, 9, two.in(seconds(5)));
  EXPECT_EQ(must(text), "held back");
}
TEST(SimNetwork, ACutLinkHoldsEverythingBackUntilItHeals) {
  Two two(1);
  two.run(partition(two));
}

Task<void> one_way(Two& two) {
  Pair pair = co_await connect(two);
  two.sim.network().cut_one_way("b", "a");
  must(co_await send(*pair.client, "there"));
  Result<std::string> text = co_await receive(*pair.server, 5, two.in(seconds(5)));
  EXPECT_EQ(must(text), "there");
  must(co_await send(*pair.server, "back"));
  expect_error(co_await receive(*pair.client, 4, two.in(seconds(5))), ErrorCode::timed_out);
}
TEST(SimNetwork, ALinkMayBeCutOneWay) {
  Two two(1);
  two.run(one_way(two));
}

Task<void> killed(Two& two) {
  Pair pair = co_await connect(two);
  must(co_await send(*pair.server, "under way"));
  two.sim.kill("b");
  Result<std::string> text = co_await receive(*pair.client, 100, two.in(seconds(5)));
  expect_error(text, ErrorCode::closed);
  expect_error(co_await send(*pair.client, "x"), ErrorCode::closed);
  expect_error(co_await send(*pair.server, "x"), ErrorCode::closed);
  std::stop_token never;
  expect_error(co_await pair.listener->accept(never), ErrorCode::closed);
  Address any{"b", 0};
  expect_error(two.b->network.listen(any, nullptr), ErrorCode::cancelled);
  Address to{"b", 49152};
  Result<std::unique_ptr<Connection>> refused = co_await two.a->network.connect(to, nullptr, kNever, never);
  expect_error(refused, ErrorCode::unavailable, "b:49152");
  two.b = &two.sim.start("b");
  Pair again = co_await connect(two);
  must(co_await send(*again.client, "alive"));
  Result<std::string> alive = co_await receive(*again.server, 5, two.in(seconds(5)));
  EXPECT_EQ(must(alive), "alive");
}
TEST(SimNetwork, AKilledHostResetsItsConnectionsAndComesBack) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Two two(seed);
    two.run(killed(two));
  }
}

Task<void> unknown_host(Two& two) {
  Address to{"nowhere", 1};
  std::stop_token never;
  expect_error(co_await two.a->network.connect(to, nullptr, kNever, never), ErrorCode::unavailable, "nowhere:1");
}
TEST(SimNetwork, AnUnknownHostIsNamed) {
  Two two(1);
  two.run(unknown_host(two));
}

Task<void> transfer(Two& two, size_t size) {
  Pair pair = co_await connect(two);
  std::string sent(size, 'x');
  must(co_await send(*pair.client, sent));
  Result<std::string> text = co_await receive(*pair.server, size, kNever);
  EXPECT_EQ(must(text).size(), size);
}
TEST(SimNetwork, BandwidthIsBounded) {
  Two two(1);
  two.sim.network().settings.bytes_per_second = 100'000;
  SteadyTime start = two.sim.executor().now();
  two.run(transfer(two, 200'000));
  EXPECT_GE(two.sim.executor().now() - start, milliseconds(1900));
  EXPECT_LE(two.sim.executor().now() - start, milliseconds(2500));
}

Task<void> until_reset(Two& two, bool& broke) {
  Pair pair = co_await connect(two);
  for (int i = 0; i < 1000 && !broke; ++i) {
    Status sent = co_await send(*pair.client, "some text");
    if (sent) {
      Result<std::string> text = co_await receive(*pair.server, 9, kNever);
      broke = !text && text.error().code == ErrorCode::closed;
    } else {
      broke = sent.error().code == ErrorCode::closed;
    }
  }
}
TEST(SimNetwork, ConnectionsBreakAtRandomWhenAsked) {
  Two two(1);
  two.sim.network().settings.reset_probability = 0.05;
  bool broke = false;
  two.run(until_reset(two, broke));
  EXPECT_TRUE(broke);
}

// --- a seed decides everything ---

Task<void> chatter(Two& two, std::vector<std::string>& log) {
  Pair pair = co_await connect(two);
  for (int i = 0; i < 50; ++i) {
    std::string text(1 + two.a->random.below(5000), 'x');
    must(co_await send(*pair.client, text));
    std::vector<uint8_t> buffer(2000);
    std::stop_token never;
    size_t count = must(co_await pair.server->read_some(buffer, kNever, never));
    log.push_back(std::to_string(two.sim.executor().now().time_since_epoch().count()) + ":" + std::to_string(count));
  }
}

std::vector<std::string> run_chatter(uint64_t seed) {
  Two two(seed);
  std::vector<std::string> log;
  two.run(chatter(two, log));
  return log;
}

TEST(SimWorld, TheSameSeedGivesTheSameRun) {
  EXPECT_EQ(run_chatter(7), run_chatter(7));
  EXPECT_NE(run_chatter(7), run_chatter(8));
}

TEST(SimExecutor, TimeMovesOnlyToTimers) {
  SimExecutor executor;
  SteadyTime start = executor.now();
  std::vector<int> order;
  executor.call_at(start + seconds(2), [&] { order.push_back(2); });
  executor.call_at(start + seconds(1), [&] { executor.post([&] { order.push_back(1); }); });
  executor.run_ready();
  EXPECT_EQ(executor.now(), start);
  executor.run_until(start + milliseconds(1500));
  EXPECT_EQ(order, std::vector<int>{1});
  EXPECT_EQ(executor.now(), start + milliseconds(1500));
  EXPECT_TRUE(executor.run_until_idle());
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_FALSE(executor.step());
}

Task<void> tick_for_ever(SimExecutor& executor, std::stop_token stop) {
  Status slept;
  while (slept) slept = co_await sleep_for(executor, seconds(1), stop);
}
TEST(SimExecutor, PeriodicWorkIsNotIdle) {
  SimExecutor executor;
  TaskScope scope(executor);
  std::stop_token stop = scope.stop_token();
  scope.spawn(tick_for_ever(executor, stop));
  EXPECT_FALSE(executor.run_until_idle(seconds(10)));
  EXPECT_FALSE(executor.run_until_true([&] { return scope.size() == 0; }, seconds(10)));
  WallMillis wall = executor.wall_now();
  executor.jump_wall_clock(-5000);
  EXPECT_EQ(executor.wall_now(), wall - 5000);
  scope.stop();
  EXPECT_TRUE(executor.run_until_true([&] { return scope.size() == 0; }));
}

TEST(SimRandom, PartsAreIndependentAndRepeatable) {
  SimRandom one(1, "x"), same(1, "x"), other(1, "y");
  uint64_t first = one.next();
  EXPECT_EQ(first, same.next());
  EXPECT_NE(first, other.next());
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) hits += chance(one, 0.25);
  EXPECT_NEAR(hits, 2500, 200);
}

}  // namespace
}  // namespace distributary
