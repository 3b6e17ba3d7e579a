// The gateway against peers that do not keep to the protocol, or are not who they should be.
#include "replication/dial.h"
#include "replication/replication_harness.h"
#include "wire/link/entries_frame.h"

namespace distributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A hand-driven source on a host of its own.
class RawSource {
 public:
  RawSource(TwoClusters& two, const std::string& host, const std::string& root) : two_(two) {
    two.sim.add_host(host, PeerIdentity{root, "raw." + host});
    world_ = &two.sim.start(host);
  }
  std::unique_ptr<FrameConnection> connect() {
    SteadyTime deadline = two_.sim.executor().now() + seconds(10);
    auto connection = must(two_.sf.run(world_->network.connect({"ny", TestCluster::kPort}, &identity_, deadline, {})));
    return std::make_unique<FrameConnection>(std::move(connection), world_->clock());
  }
  void send(FrameConnection& connection, std::vector<uint8_t> frame) {
    must(two_.sf.run(connection.write(Bytes(std::move(frame)), seconds(10), {})));
  }
  Result<Frame> receive(FrameConnection& connection) {
    FrameReadLimits limits;
    limits.silence = seconds(60);
    return two_.sf.run(connection.read(limits, {}));
  }
  // The code with which the gateway refuses or stops.
  LinkErrorCode ending(FrameConnection& connection) {
    for (;;) {
      Result<Frame> frame = receive(connection);
      if (!frame) return LinkErrorCode::connection_lost;
      if (frame->type == FrameType::acknowledged) continue;
      EXPECT_TRUE(frame->type == FrameType::refused || frame->type == FrameType::stopped) << to_string(frame->type);
      return must(Ending::decode(frame->body())).code;
    }
  }
  // Says hello on a new connection, and expects a welcome.
  std::unique_ptr<FrameConnection> begin(const Hello& hello, Welcome* welcome = nullptr) {
    auto connection = connect();
    send(*connection, hello.encode());
    Frame answer = must(receive(*connection));
    EXPECT_EQ(answer.type, FrameType::welcome);
    if (welcome != nullptr) *welcome = must(Welcome::decode(answer.body()));
    return connection;
  }

 private:
  TwoClusters& two_;
  World* world_;
  TlsIdentity identity_{"chain", "key"};
};

struct GatewayTest : testing::Test {
  GatewayTest() : two(1) {
    two.ny.gateway_options.unaccepted_max = 4;
    two.ny.gateway_options.joined_max = 3;
    two.ny.gateway_options.window_bytes = two.ny.gateway_options.window_bytes_min = 10'000;
    two.ny.gateway_options.window_bytes_max = 35'000;
    two.start();
    two.set_up(true);
  }
  Hello hello() {
    Hello out;
    out.session = two.sim.random().uuid();
    out.source = {two.sf.record("/a").uuid, 1};
    out.storage_epoch = 5;
    out.replica = two.ny.record("/a").uuid;
    out.source_cluster = "sf";
    out.source_path = "/a";
    out.replica_cluster = "ny";
    out.replica_path = "/a";
    return out;
  }
  // The source's history, as frames would carry it.
  std::vector<std::vector<uint8_t>> contents() {
    LogPosition begin = must(two.sf.run(two.sf.open("/a")->stream->find_position({})));
    LogChunk chunk = must(two.sf.run(two.sf.open("/a")->stream->read_log(begin, 1 << 20)));
    std::vector<std::vector<uint8_t>> out;
    for (const Bytes& content : chunk.contents) out.emplace_back(content.view().begin(), content.view().end());
    return out;
  }
  static std::vector<uint8_t> entries(uint64_t number, const std::vector<uint8_t>& content) {
    return join_pieces(encode_entries(number, {Bytes::copy(content)}));
  }
  size_t applied() { return two.ny.history("/a").size(); }

  TwoClusters two;
};

TEST_F(GatewayTest, DropsThoseThatSayNothingInTime) {
  RawSource raw(two, "raw", fingerprint_of("sf"));
  std::vector<std::unique_ptr<FrameConnection>> idle;
  for (int i = 0; i < 4; ++i) idle.push_back(raw.connect());
  two.run_for(milliseconds(50));
  auto fifth = raw.connect();
  EXPECT_FALSE(raw.receive(*fifth)) << "there may be four";
  two.run_for(seconds(11));
  auto later = raw.begin(hello());
  for (auto& connection : idle) EXPECT_FALSE(raw.receive(*connection));
}

TEST_F(GatewayTest, RefusesWhatIsNotAHello) {
  RawSource raw(two, "raw", fingerprint_of("sf"));
  auto connection = raw.connect();
  raw.send(*connection, Heartbeat{}.encode());
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::protocol);
  connection = raw.connect();
  raw.send(*connection, std::vector<uint8_t>(64, 'G'));
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::connection_lost);
  connection = raw.connect();
  raw.send(*connection, entries(1, std::vector<uint8_t>(kHelloFrameBytesMax)));
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::connection_lost) << "more than is read before acceptance";
  connection = raw.connect();
  raw.send(*connection, Join{two.sim.random().uuid(), 1}.encode());
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::session_not_found);
}

TEST_F(GatewayTest, RefusesVersionsItDoesNotSpeak) {
  RawSource raw(two, "raw", fingerprint_of("sf"));
  auto connection = raw.connect();
  Hello message = hello();
  message.version_oldest = message.version_newest = 9;
  raw.send(*connection, message.encode());
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::protocol_version);
}

TEST_F(GatewayTest, AnotherClusterCannotSpeakForTheSource) {
  RawSource raw(two, "raw", fingerprint_of("mallory"));
  auto connection = raw.connect();
  raw.send(*connection, hello().encode());
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::root_not_trusted);
  connection = raw.connect();
  Hello message = hello();
  message.source_cluster = "ny";  // trusted, but not this one's
  raw.send(*connection, message.encode());
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::root_not_trusted);
}

TEST_F(GatewayTest, PutsFramesOfSeveralConnectionsInOrder) {
  ASSERT_TRUE(two.sf.produce("/a", "t", {"x"}));
  ASSERT_TRUE(two.sf.produce("/a", "t", {"y"}));
  RawSource raw(two, "raw", fingerprint_of("sf"));
  Hello message = hello();
  message.connections = 2;
  auto first = raw.begin(message);
  auto second = raw.connect();
  raw.send(*second, Join{message.session, 1}.encode());
  EXPECT_EQ(must(raw.receive(*second)).type, FrameType::joined);
  auto all = contents();
  raw.send(*second, entries(3, all[2]));
  raw.send(*second, entries(2, all[1]));
  two.run_for(seconds(1));
  EXPECT_EQ(applied(), 0u);
  raw.send(*first, entries(1, all[0]));
  raw.send(*first, entries(2, all[1]));
  two.run_for(seconds(1));
  EXPECT_EQ(applied(), 3u);
  EXPECT_EQ(two.sf.history("/a"), two.ny.history("/a"));
  auto third = raw.connect();
  raw.send(*third, Join{message.session, 1}.encode());
  EXPECT_EQ(raw.ending(*third), LinkErrorCode::session_not_found) << "it announced two";
  first.reset();  // the session goes on over the other one
  two.run_for(seconds(1));
  EXPECT_EQ(two.ny.gateway().session_count(), 1u);
  second.reset();
  two.run_for(seconds(1));
  EXPECT_EQ(two.ny.gateway().session_count(), 0u);
}

TEST_F(GatewayTest, AJoinedConnectionWidensTheWindowAsFarAsMemoryGoes) {
  RawSource raw(two, "raw", fingerprint_of("sf"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(two.sf.produce("/a", "t", {"x"}));
  Hello message = hello();
  message.connections = 5;
  Welcome welcome;
  std::vector<std::unique_ptr<FrameConnection>> lines;
  lines.push_back(raw.begin(message, &welcome));
  EXPECT_EQ(welcome.window, 10'000u);
  auto all = contents();
  auto window_after = [&](uint64_t number) {
    raw.send(*lines[0], entries(number, all[number - 1]));
    for (;;) {
      Acknowledged answer = must(Acknowledged::decode(must(raw.receive(*lines[0])).body()));
      if (answer.next_frame > number) return answer.window;
    }
  };
  EXPECT_EQ(window_after(1), 10'000u);
  auto join = [&] {
    lines.push_back(raw.connect());
    raw.send(*lines.back(), Join{message.session, static_cast<uint16_t>(lines.size() - 1)}.encode());
  };
  join();
  EXPECT_EQ(must(raw.receive(*lines.back())).type, FrameType::joined);
  EXPECT_EQ(window_after(2), 20'000u);
  for (int more = 0; more < 2; ++more) {
    join();
    EXPECT_EQ(must(raw.receive(*lines.back())).type, FrameType::joined);
  }
  EXPECT_EQ(window_after(3), 35'000u) << "four would have 40,000";
  join();
  EXPECT_EQ(raw.ending(*lines.back()), LinkErrorCode::too_many_sessions) << "of all that join there may be three";
}

TEST_F(GatewayTest, JoiningNeedsTheSameIdentity) {
  RawSource raw(two, "raw", fingerprint_of("sf")), other(two, "other", fingerprint_of("sf"));
  Hello message = hello();
  message.connections = 2;
  auto first = raw.begin(message);
  auto second = other.connect();
  other.send(*second, Join{message.session, 1}.encode());
  EXPECT_EQ(other.ending(*second), LinkErrorCode::session_not_found);
}

TEST_F(GatewayTest, ANewerSessionEndsTheOlderAndAStaleOwnerIsDropped) {
  RawSource raw(two, "raw", fingerprint_of("sf"));
  Hello message = hello();
  auto older = raw.begin(message);
  message.session = two.sim.random().uuid();
  message.storage_epoch = 6;
  auto newer = raw.begin(message);
  EXPECT_EQ(raw.ending(*older), LinkErrorCode::superseded);
  message.session = two.sim.random().uuid();
  message.storage_epoch = 5;
  auto stale = raw.connect();
  raw.send(*stale, message.encode());
  EXPECT_EQ(raw.ending(*stale), LinkErrorCode::stale_epoch);
  raw.send(*newer, entries(1, contents()[0]));
  two.run_for(seconds(1));
  EXPECT_EQ(applied(), 1u);
}

TEST_F(GatewayTest, GapsDamageAndOtherHistoriesStopTheSessionByName) {
  ASSERT_TRUE(two.sf.produce("/a", "t", {"x"}));
  RawSource raw(two, "raw", fingerprint_of("sf"));
  auto all = contents();
  auto connection = raw.begin(hello());
  raw.send(*connection, entries(1, all[1]));
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::gap);
  std::vector<uint8_t> damaged = all[0];
  damaged.back() ^= 1;
  connection = raw.begin(hello());
  raw.send(*connection, entries(1, damaged));
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::corrupt);
  EXPECT_EQ(applied(), 0u);
}

TEST_F(GatewayTest, ARemovedUpstreamAppliesNothingThatIsStillUnderWay) {
  RawSource raw(two, "raw", fingerprint_of("sf"));
  auto connection = raw.begin(hello());
  two.ny.remove_upstream("/a");
  raw.send(*connection, entries(1, contents()[0]));
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::not_an_upstream);
  EXPECT_EQ(applied(), 0u);
}

TEST_F(GatewayTest, ASourceThatGoesSilentLosesItsSession) {
  RawSource raw(two, "raw", fingerprint_of("sf"));
  auto connection = raw.begin(hello());
  two.run_for(seconds(10));
  EXPECT_EQ(two.ny.gateway().session_count(), 1u);
  two.run_for(seconds(10));
  EXPECT_EQ(two.ny.gateway().session_count(), 0u);
}

TEST_F(GatewayTest, AFrameThatDoesNotMatchItsChecksumEndsTheSession) {
  RawSource raw(two, "raw", fingerprint_of("sf"));
  auto connection = raw.begin(hello());
  std::vector<uint8_t> frame = entries(1, contents()[0]);
  frame.back() ^= 1;
  raw.send(*connection, frame);
  EXPECT_EQ(raw.ending(*connection), LinkErrorCode::protocol);
  EXPECT_EQ(applied(), 0u);
}

}  // namespace
}  // namespace distributary
