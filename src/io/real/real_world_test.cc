// What only the real world has: trust by certificates, slow peers, locks between processes, signals, threads.
#include "io/real/real_world.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "io/contract/harness.h"
#include "io/real/testing_certificates.h"

namespace distributary {
namespace {

using contract::expect_error;
using contract::must;
using std::chrono::milliseconds;
using std::chrono::seconds;

class RealTls : public testing::Test {
 protected:
  std::unique_ptr<RealWorld> real = make_real_world();
  World& world = real->world();
  TestingRoot root{"cluster one"};
  TestingRoot other_root{"cluster two"};
  void run(Task<void> task) { real->executor().run(std::move(task)); }
  TlsIdentity issue(TestingRoot::Options options) { return root.issue(options); }
};

struct Met {
  Result<std::unique_ptr<Connection>> client = fail(ErrorCode::cancelled, "");
  std::unique_ptr<Connection> server;  // null: the server has refused
  Result<size_t> client_read = size_t{0};
};

Task<void> accept_into(Listener& listener, std::unique_ptr<Connection>& into, std::stop_token stop) {
  Result<std::unique_ptr<Connection>> accepted = co_await listener.accept(stop);
  if (!accepted) co_return;
  into = std::move(*accepted);
  std::vector<ByteView> pieces;
  pieces.push_back(as_bytes("welcome"));
  std::stop_token never;
  Status written = co_await into->write(pieces, kNever, never);
  must(written);
}

// Both sides, and what the client reads: a server's refusal shows only there.
Task<void> meet(World& world, const TlsIdentity* listens, const TlsIdentity* connects, Met& met) {
  Address any{"127.0.0.1", 0};
  std::unique_ptr<Listener> listener = must(world.network.listen(any, listens));
  TaskScope scope(world.executor);
  std::stop_token stop = scope.stop_token();
  scope.spawn(accept_into(*listener, met.server, stop));
  Address to{"127.0.0.1", listener->port()};
  SteadyTime deadline = world.clock().now() + seconds(5);
  std::stop_token never;
  met.client = co_await world.network.connect(to, connects, deadline, never);
  if (met.client) {
    std::vector<uint8_t> buffer(100);
    met.client_read = co_await (*met.client)->read_some(buffer, deadline, never);
  }
  scope.stop();
  co_await scope.join();
}

TEST_F(RealTls, ClustersMeetAndSeeEachOthersRoots) {
  TlsIdentity one = root.issue("one-node");
  TlsIdentity two = other_root.issue("two-node");
  Met met;
  run(meet(world, &one, &two, met));
  ASSERT_TRUE(met.client.has_value()) << met.client.error().message;
  ASSERT_NE(met.server, nullptr);
  EXPECT_EQ((*met.client)->peer_identity()->root_fingerprint, root.fingerprint());
  EXPECT_EQ((*met.client)->peer_identity()->common_name, "one-node");
  EXPECT_EQ(met.server->peer_identity()->root_fingerprint, other_root.fingerprint());
  EXPECT_EQ(met.server->peer_identity()->common_name, "two-node");
  EXPECT_EQ(must(met.client_read), 7u);
}

// Every fault of a certificate, on either side.
TEST_F(RealTls, BadCertificatesAreRefused) {
  TlsIdentity good = root.issue("good");
  std::vector<std::pair<std::string, TlsIdentity>> bad = {
      {"expired", issue({.valid_from_seconds = -7200, .valid_to_seconds = -3600})},
      {"not valid yet", issue({.valid_from_seconds = 3600, .valid_to_seconds = 7200})},
      {"forged signature", issue({.signed_by_node_key = true})},
      {"no root shown", issue({.without_root = true})},
      {"the root as a node", root.root_as_node()},
  };
  TlsIdentity foreign = root.issue("node1");  // signed by a root, but another root is shown
  foreign.chain_pem = foreign.chain_pem.substr(0, foreign.chain_pem.find("-----END CERTIFICATE-----\n") + 26);
  std::string shown = other_root.issue("x").chain_pem;
  foreign.chain_pem += shown.substr(shown.find("-----END CERTIFICATE-----\n") + 26);
  bad.emplace_back("another root shown", foreign);
  for (const auto& [name, identity] : bad) {
    Met server_is_bad;
    run(meet(world, &identity, &good, server_is_bad));
    EXPECT_FALSE(server_is_bad.client.has_value()) << name;
    if (!server_is_bad.client) expect_error(server_is_bad.client, ErrorCode::unavailable, "127.0.0.1");
    EXPECT_EQ(server_is_bad.server, nullptr) << name;
    Met client_is_bad;
    run(meet(world, &good, &identity, client_is_bad));
    EXPECT_EQ(client_is_bad.server, nullptr) << name;
    EXPECT_FALSE(client_is_bad.client_read.has_value() && *client_is_bad.client_read > 0) << name;
  }
}

TEST_F(RealTls, UselessIdentitiesAreRefusedBeforeAnythingIsSent) {
  Address any{"127.0.0.1", 0};
  TlsIdentity identity = root.issue("a");
  identity.key_pem = root.issue("b").key_pem;
  expect_error(world.network.listen(any, &identity), ErrorCode::invalid_argument, "TLS key");
  identity.chain_pem = "nonsense";
  expect_error(world.network.listen(any, &identity), ErrorCode::invalid_argument, "TLS certificate");
}

Task<void> slow_peers(World& world, const TlsIdentity& identity) {
  Address any{"127.0.0.1", 0};
  std::unique_ptr<Listener> listener = must(world.network.listen(any, &identity));
  Address to{"127.0.0.1", listener->port()};
  std::stop_token never;
  std::vector<std::unique_ptr<Connection>> silent;  // connected, and never say a word of TLS
  for (int i = 0; i < 5; ++i) {
    Result<std::unique_ptr<Connection>> connected = co_await world.network.connect(to, nullptr, kNever, never);
    silent.push_back(must(std::move(connected)));
  }
  TaskScope scope(world.executor);
  std::unique_ptr<Connection> server;
  scope.spawn(accept_into(*listener, server, never));
  SteadyTime deadline = world.clock().now() + seconds(5);
  Result<std::unique_ptr<Connection>> client = co_await world.network.connect(to, &identity, deadline, never);
  EXPECT_TRUE(client.has_value()) << "a slow handshake holds up the others";
  co_await scope.join();
  EXPECT_NE(server, nullptr);
}
TEST_F(RealTls, ASilentPeerDoesNotHoldUpOthers) { run(slow_peers(world, root.issue("node1"))); }

Task<void> connect_limits(World& world, const TlsIdentity& identity) {
  Address any{"127.0.0.1", 0};
  std::unique_ptr<Listener> plain = must(world.network.listen(any, nullptr));  // never answers a handshake
  Address to{"127.0.0.1", plain->port()};
  std::stop_token never;
  SteadyTime deadline = world.clock().now() + milliseconds(50);
  Result<std::unique_ptr<Connection>> late = co_await world.network.connect(to, &identity, deadline, never);
  expect_error(late, ErrorCode::timed_out, to_string(to));
  std::stop_source stop;
  world.executor.call_at(world.clock().now() + milliseconds(20), [&] { stop.request_stop(); });
  std::stop_token token = stop.get_token();
  Result<std::unique_ptr<Connection>> stopped = co_await world.network.connect(to, &identity, kNever, token);
  expect_error(stopped, ErrorCode::cancelled);
  Address nowhere{"no-such-host.invalid", 1};
  deadline = world.clock().now() + seconds(10);
  Result<std::unique_ptr<Connection>> unknown = co_await world.network.connect(nowhere, nullptr, deadline, never);
  EXPECT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("no-such-host.invalid:1"), std::string::npos) << unknown.error().message;
}
TEST_F(RealTls, ConnectEndsByDeadlineAndStop) { run(connect_limits(world, root.issue("node1"))); }

Task<void> by_name(World& world) {
  Address any{"localhost", 0};
  std::unique_ptr<Listener> listener = must(world.network.listen(any, nullptr));
  Address to{"localhost", listener->port()};
  std::stop_token never;
  SteadyTime deadline = world.clock().now() + seconds(10);
  Result<std::unique_ptr<Connection>> connected = co_await world.network.connect(to, nullptr, deadline, never);
  EXPECT_TRUE(connected.has_value()) << connected.error().message;
}
TEST_F(RealTls, NamesAreResolvedAndAllAddressesTried) { run(by_name(world)); }

// --- files ---

class RealFiles : public testing::Test {
 protected:
  RealFiles() {
    std::string pattern = testing::TempDir() + "/real_files_XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    directory = pattern;
  }
  ~RealFiles() override { std::filesystem::remove_all(directory); }
  std::string directory;
};

TEST_F(RealFiles, ADirectoryIsLockedOnce) {
  std::unique_ptr<DirectoryLock> lock = must(lock_directory(directory));
  expect_error(lock_directory(directory), ErrorCode::conflict, directory);
  expect_error(lock_directory(directory), ErrorCode::conflict, "process " + std::to_string(::getpid()));
  lock.reset();
  EXPECT_TRUE(lock_directory(directory).has_value());
  expect_error(lock_directory(directory + "/none"), ErrorCode::not_found, directory + "/none");
}

Task<void> read_all(World& world, std::string path, std::string expected) {
  Result<std::unique_ptr<File>> file = co_await world.files.open(path, OpenMode::read);
  std::unique_ptr<File> opened = must(std::move(file));
  std::vector<uint8_t> bytes(expected.size() + 10);
  Result<size_t> count = co_await opened->read(0, bytes);
  EXPECT_EQ(must(count), expected.size());
  EXPECT_TRUE(as_text(ByteView(bytes).first(expected.size())) == expected);
  std::fill(bytes.begin(), bytes.end(), uint8_t{0});
  count = co_await opened->read_scattered(0, bytes);
  EXPECT_EQ(must(count), expected.size());
  EXPECT_TRUE(as_text(ByteView(bytes).first(expected.size())) == expected);
}
TEST_F(RealFiles, LargeFilesAreReadWhole) {
  std::string text(3'000'000, '\0');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 >> 5);
  std::ofstream(directory + "/f") << text;
  std::unique_ptr<RealWorld> real = make_real_world();
  real->executor().run(read_all(real->world(), directory + "/f", text));
}

// --- the loop and its threads ---

TEST(RealExecutor, OtherThreadsMayPost) {
  std::unique_ptr<RealWorld> real = make_real_world();
  RealExecutor& executor = real->executor();
  int seen = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 250; ++n) {
        executor.post_from_any_thread([&] {
          if (++seen == 1000) executor.stop();
        });
      }
    });
  }
  executor.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen, 1000);
}

TEST(RealExecutor, SignalsArriveOnTheLoop) {
  std::unique_ptr<RealWorld> real = make_real_world();
  RealExecutor& executor = real->executor();
  std::vector<int> seen;
  executor.on_signals({SIGTERM, SIGINT}, [&](int number) {
    seen.push_back(number);
    if (seen.size() == 1) ::raise(SIGINT);
    if (seen.size() == 2) executor.stop();
  });
  executor.post([] { ::raise(SIGTERM); });
  executor.run();
  EXPECT_EQ(seen, (std::vector<int>{SIGTERM, SIGINT}));
}

TEST(RealExecutor, DroppedCallbacksMayStillCancelTimers) {
  auto executor = std::make_unique<RealExecutor>();
  struct Canceller {
    Executor& executor;
    Executor::TimerId timer;
    Canceller(Executor& on, Executor::TimerId what) : executor(on), timer(what) {}
    ~Canceller() { executor.cancel_timer(timer); }
  };
  Executor::TimerId timer = executor->call_at(executor->clock().now() + seconds(100), [] {});
  auto canceller = std::make_shared<Canceller>(*executor, timer);
  bool ran = false;
  executor->post([canceller, &ran] { ran = true; });
  canceller.reset();
  executor.reset();
  EXPECT_FALSE(ran);
}

Task<void> many_jobs(World& world, std::atomic<int>& done) {
  TaskScope scope(world.executor);
  struct Job {
    static Task<void> run(World& world, std::atomic<int>& done) {
      auto work = [&done] { return ++done; };
      int value = co_await run_blocking(world.blocking, world.executor, work);
      EXPECT_GT(value, 0);
    }
  };
  for (int i = 0; i < 200; ++i) scope.spawn(Job::run(world, done));
  co_await scope.join();
}
TEST(RealBlockingPool, RunsManyJobs) {
  std::unique_ptr<RealWorld> real = make_real_world(3);
  std::atomic<int> done = 0;
  real->executor().run(many_jobs(real->world(), done));
  EXPECT_EQ(done, 200);
}

}  // namespace
}  // namespace distributary
