// The contract of Network, Connection and Listener (io/network.h), for both worlds.
#include "io/contract/harness.h"

namespace distributary::contract {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Pair {
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
};

// Whether TLS is used is the second parameter: both kinds of connection keep the same contract.
class NetworkContract : public testing::TestWithParam<std::tuple<Kind, bool>> {
 protected:
  std::unique_ptr<Harness> harness = make_harness(std::get<0>(GetParam()));
  World& world = harness->world();
  const TlsIdentity* identity = std::get<1>(GetParam()) ? &harness->identity() : nullptr;
};
INSTANTIATE_TEST_SUITE_P(Worlds, NetworkContract, testing::Combine(kinds(), testing::Bool()), [](const auto& info) {
  std::string name = std::get<0>(info.param) == Kind::sim ? "Sim" : "Real";
  return name + (std::get<1>(info.param) ? "Tls" : "Plain");
});

SteadyTime soon(World& world) { return world.clock().now() + seconds(10); }

Task<void> accept_into(Listener& listener, std::unique_ptr<Connection>& into) {
  std::stop_token never;
  Result<std::unique_ptr<Connection>> accepted = co_await listener.accept(never);
  into = must(std::move(accepted));
}

Task<Pair> connect_pair(World& world, std::string host, const TlsIdentity* identity) {
  Pair pair;
  Address any{host, 0};
  pair.listener = must(world.network.listen(any, identity));
  TaskScope scope(world.executor);
  scope.spawn(accept_into(*pair.listener, pair.server));
  Address to{host, pair.listener->port()};
  std::stop_token never;
  Result<std::unique_ptr<Connection>> connected = co_await world.network.connect(to, identity, soon(world), never);
  pair.client = must(std::move(connected));
  co_await scope.join();
  co_return pair;
}

Task<void> send(World& world, Connection& connection, std::string_view text) {
  std::vector<ByteView> pieces;
  pieces.push_back(as_bytes(text.substr(0, text.size() / 3)));
  pieces.push_back(as_bytes(""));
  pieces.push_back(as_bytes(text.substr(text.size() / 3)));
  std::stop_token never;
  Status written = co_await connection.write(pieces, soon(world), never);
  must(written);
}

Task<std::string> receive(World& world, Connection& connection, size_t length) {
  std::string text(length, '\0');
  size_t have = 0;
  std::stop_token never;
  while (have < length) {
    MutableBytes rest{reinterpret_cast<uint8_t*>(text.data()) + have, length - have};
    Result<size_t> count = co_await connection.read_some(rest, soon(world), never);
    size_t got = must(count);
    if (got == 0) break;
    have += got;
  }
  text.resize(have);
  co_return text;
}

std::string noise(size_t size) {
  std::string text(size, '\0');
  uint32_t state = 1;
  for (char& c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return text;
}

Task<void> echo(World& world, std::string host, const TlsIdentity* identity) {
  Pair pair = co_await connect_pair(world, host, identity);
  for (int i = 0; i < 3; ++i) {
    co_await send(world, *pair.client, "request");
    std::string request = co_await receive(world, *pair.server, 7);
    EXPECT_EQ(request, "request");
    co_await send(world, *pair.server, "an answer");
    std::string answer = co_await receive(world, *pair.client, 9);
    EXPECT_EQ(answer, "an answer");
  }
  EXPECT_NE(pair.client->peer_address().find(std::to_string(pair.listener->port())), std::string::npos);
  pair.client->close();
  pair.client->close();
  std::string rest = co_await receive(world, *pair.server, 1);
  EXPECT_EQ(rest, "") << "the end of the other side reads as 0";
}
TEST_P(NetworkContract, RequestsAndAnswers) { harness->run(echo(world, harness->host(), identity)); }

Task<void> expect_bytes(World& world, Connection& connection, std::string_view expected) {
  std::string got = co_await receive(world, connection, expected.size());
  EXPECT_EQ(got.size(), expected.size());
  EXPECT_TRUE(got == expected);
}
Task<void> both_ways(World& world, std::string host, const TlsIdentity* identity) {
  Pair pair = co_await connect_pair(world, host, identity);
  std::string there = noise(5'000'000);
  std::string back = noise(3'000'001);
  TaskScope scope(world.executor);
  scope.spawn(send(world, *pair.client, there));
  scope.spawn(send(world, *pair.server, back));
  scope.spawn(expect_bytes(world, *pair.server, there));
  scope.spawn(expect_bytes(world, *pair.client, back));
  co_await scope.join();
}
TEST_P(NetworkContract, MegabytesBothWaysAtOnce) { harness->run(both_ways(world, harness->host(), identity)); }

Task<void> read_limits(World& world, std::string host, const TlsIdentity* identity) {
  Pair pair = co_await connect_pair(world, host, identity);
  std::vector<uint8_t> buffer(10);
  std::stop_token never;
  Result<size_t> late = co_await pair.client->read_some(buffer, world.clock().now() + milliseconds(20), never);
  expect_error(late, ErrorCode::timed_out);
  std::stop_source stop;
  world.executor.call_at(world.clock().now() + milliseconds(5), [&] { stop.request_stop(); });
  std::stop_token token = stop.get_token();
  Result<size_t> stopped = co_await pair.client->read_some(buffer, soon(world), token);
  expect_error(stopped, ErrorCode::cancelled);
  co_await send(world, *pair.server, "still fine");
  std::string text = co_await receive(world, *pair.client, 10);
  EXPECT_EQ(text, "still fine") << "a read that was given up does not harm the connection";
}
TEST_P(NetworkContract, ReadsEndByDeadlineAndStop) { harness->run(read_limits(world, harness->host(), identity)); }

Task<void> write_limits(World& world, std::string host, const TlsIdentity* identity) {
  Pair pair = co_await connect_pair(world, host, identity);
  std::string much = noise(64'000'000);  // more than any buffer on the way takes, and nobody reads
  std::vector<ByteView> pieces;
  pieces.push_back(as_bytes(much));
  std::stop_token never;
  Status late = co_await pair.client->write(pieces, world.clock().now() + milliseconds(100), never);
  expect_error(late, ErrorCode::timed_out);
  std::stop_source stop;
  world.executor.call_at(world.clock().now() + milliseconds(5), [&] { stop.request_stop(); });
  std::stop_token token = stop.get_token();
  Status stopped = co_await pair.server->write(pieces, soon(world), token);
  expect_error(stopped, ErrorCode::cancelled);
}
TEST_P(NetworkContract, WritesWaitForTheReaderAndEndByDeadlineAndStop) {
  harness->run(write_limits(world, harness->host(), identity));
}

Task<void> file_sent(World& world, std::string host, const TlsIdentity* identity, std::string path) {
  Pair pair = co_await connect_pair(world, host, identity);
  Result<std::unique_ptr<File>> opened = co_await world.files.open(path, OpenMode::create_new);
  std::unique_ptr<File> file = must(std::move(opened));
  std::string text = noise(3'000'000);  // more than is sent at once
  std::vector<Bytes> content;
  content.push_back(Bytes::copy(as_bytes(text)));
  Status stored = co_await file->write(0, content);
  must(stored);
  std::stop_token never;
  TaskScope scope(world.executor);
  scope.spawn([](World& world, Connection& from, File& file, size_t size, std::stop_token stop) -> Task<void> {
    Status sent = co_await from.send_file(file, 10, size - 20, soon(world), stop);
    must(sent);
    co_await send(world, from, "and more");
    Status beyond = co_await from.send_file(file, size - 5, 10, soon(world), stop);
    expect_error(beyond, ErrorCode::io);
  }(world, *pair.server, *file, text.size(), never));
  std::string got = co_await receive(world, *pair.client, text.size() - 20 + 8);
  EXPECT_TRUE(got == text.substr(10, text.size() - 20) + "and more");
  co_await scope.join();
}
TEST_P(NetworkContract, SendsWhatIsInAFile) {
  harness->run(file_sent(world, harness->host(), identity, harness->directory() + "/sent"));
}

Task<void> own_close(World& world, std::string host, const TlsIdentity* identity) {
  Pair pair = co_await connect_pair(world, host, identity);
  std::vector<uint8_t> buffer(10);
  world.executor.call_at(world.clock().now() + milliseconds(5), [&] { pair.client->close(); });
  std::stop_token never;
  Result<size_t> ended = co_await pair.client->read_some(buffer, soon(world), never);
  expect_error(ended, ErrorCode::closed);
  Result<size_t> again = co_await pair.client->read_some(buffer, soon(world), never);
  expect_error(again, ErrorCode::closed);
  std::vector<ByteView> pieces;
  pieces.push_back(as_bytes("x"));
  Status written = co_await pair.client->write(pieces, soon(world), never);
  expect_error(written, ErrorCode::closed);
}
TEST_P(NetworkContract, CloseEndsOperationsUnderWay) { harness->run(own_close(world, harness->host(), identity)); }

Task<void> peer_gone(World& world, std::string host, const TlsIdentity* identity) {
  Pair pair = co_await connect_pair(world, host, identity);
  pair.server.reset();
  std::string text = noise(100'000);
  std::vector<ByteView> pieces;
  pieces.push_back(as_bytes(text));
  std::stop_token never;
  Status written;
  for (int i = 0; i < 10'000 && written; ++i) written = co_await pair.client->write(pieces, soon(world), never);
  expect_error(written, ErrorCode::closed);
}
TEST_P(NetworkContract, WritingToAClosedPeerFails) { harness->run(peer_gone(world, harness->host(), identity)); }

Task<void> accept_ends(World& world, std::string host, const TlsIdentity* identity) {
  Address any{host, 0};
  std::unique_ptr<Listener> listener = must(world.network.listen(any, identity));
  Address taken{host, listener->port()};
  Result<std::unique_ptr<Listener>> twice = world.network.listen(taken, identity);
  expect_error(twice, ErrorCode::unavailable, std::to_string(taken.port));
  std::stop_source stop;
  world.executor.call_at(world.clock().now() + milliseconds(5), [&] { stop.request_stop(); });
  std::stop_token token = stop.get_token();
  Result<std::unique_ptr<Connection>> stopped = co_await listener->accept(token);
  expect_error(stopped, ErrorCode::cancelled);
  world.executor.call_at(world.clock().now() + milliseconds(5), [&] { listener->close(); });
  std::stop_token never;
  Result<std::unique_ptr<Connection>> closed = co_await listener->accept(never);
  expect_error(closed, ErrorCode::closed);
  Result<std::unique_ptr<Connection>> refused = co_await world.network.connect(taken, identity, soon(world), never);
  expect_error(refused, ErrorCode::unavailable, to_string(taken));
}
TEST_P(NetworkContract, AcceptEndsAndNobodyListens) { harness->run(accept_ends(world, harness->host(), identity)); }

Task<void> identities(World& world, Harness& harness, const TlsIdentity* identity) {
  Pair pair = co_await connect_pair(world, harness.host(), identity);
  for (Connection* connection : {pair.client.get(), pair.server.get()}) {
    EXPECT_EQ(connection->peer_identity().has_value(), identity != nullptr);
    if (!connection->peer_identity()) continue;
    EXPECT_EQ(connection->peer_identity()->root_fingerprint, harness.root_fingerprint());
    EXPECT_EQ(connection->peer_identity()->common_name, "node1");
  }
}
TEST_P(NetworkContract, MutualTlsShowsWhoThePeerIs) { harness->run(identities(world, *harness, identity)); }

Task<void> accept_quietly(Listener& listener, std::stop_token stop) {
  while (true) {
    Result<std::unique_ptr<Connection>> accepted = co_await listener.accept(stop);
    if (!accepted) co_return;
    std::vector<uint8_t> buffer(100);  // a server that reads: garbage, not a request, is what it gets
    Result<size_t> count = co_await (*accepted)->read_some(buffer, kNever, stop);
    if (!count) continue;
  }
}
Task<void> mismatch(World& world, std::string host, const TlsIdentity* listens, const TlsIdentity* connects) {
  Address any{host, 0};
  std::unique_ptr<Listener> listener = must(world.network.listen(any, listens));
  TaskScope scope(world.executor);
  std::stop_token stop = scope.stop_token();
  scope.spawn(accept_quietly(*listener, stop));
  Address to{host, listener->port()};
  std::stop_token never;
  SteadyTime deadline = world.clock().now() + seconds(2);
  Result<std::unique_ptr<Connection>> connected = co_await world.network.connect(to, connects, deadline, never);
  bool failed = !connected.has_value();
  if (connected) {  // plaintext does not notice before the other side hangs up
    Connection& connection = **connected;
    std::vector<ByteView> pieces;
    pieces.push_back(as_bytes("a request in plaintext that is long enough"));
    Status written = co_await connection.write(pieces, deadline, never);
    std::vector<uint8_t> buffer(100);
    Result<size_t> count{size_t{1}};
    while (written && count && *count > 0) count = co_await connection.read_some(buffer, deadline, never);
    failed = !written || !count || *count == 0;
    EXPECT_TRUE(count.has_value() || count.error().code != ErrorCode::timed_out);
  }
  EXPECT_TRUE(failed);
  scope.stop();
  co_await scope.join();
}
TEST_P(NetworkContract, TlsAndPlaintextDoNotMix) {
  const TlsIdentity* other = identity == nullptr ? &harness->identity() : nullptr;
  harness->run(mismatch(world, harness->host(), identity, other));
}

}  // namespace
}  // namespace distributary::contract
