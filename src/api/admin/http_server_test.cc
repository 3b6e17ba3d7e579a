#include "api/admin/http_server.h"

#include <gtest/gtest.h>

#include "api/admin/http_client.h"
#include "io/sim/sim_world.h"

namespace distributary {
namespace {

class Echo final : public HttpHandler {
 public:
  Task<HttpResponse> serve(HttpRequest request, HttpPeer peer) override {
    ++served;
    secure = peer.secure;
    root = peer.identity ? peer.identity->root_fingerprint : "";
    HttpResponse response;
    response.body = request.method + " " + request.target + " " + request.body;
    co_return response;
  }
  int served = 0;
  bool secure = false;
  std::string root;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    sim_.add_host("a", PeerIdentity{"root-a", "a"});
    sim_.add_host("b", PeerIdentity{"root-b", "b"});
    server_world_ = &sim_.start("a");
    client_world_ = &sim_.start("b");
  }
  ~HttpServerTest() override {
    if (server_) sim_.executor().run(server_->stop());
  }
  void listen(const TlsIdentity* identity) {
    auto listener = server_world_->network.listen(Address{"a", 7222}, identity);
    ASSERT_TRUE(listener) << listener.error().message;
    server_ = std::make_unique<HttpServer>(*server_world_, std::move(*listener), identity != nullptr, handler_);
    server_->start();
  }
  Result<HttpResponse> send(HttpClient& client, std::string target) {
    HttpRequest request;
    request.target = std::move(target);
    request.body = "body";
    SteadyTime deadline = sim_.executor().now() + std::chrono::seconds(20);
    return sim_.executor().run(client.send(request, deadline, {}));
  }

  SimWorld sim_{7};
  World* server_world_;
  World* client_world_;
  Echo handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, SeveralRequestsOnOneConnection) {
  listen(nullptr);
  HttpClient client(*client_world_, Address{"a", 7222}, nullptr, "");
  for (const char* target : {"/1", "/2", "/3"}) {
    auto response = send(client, target);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, std::string("GET ") + target + " body");
  }
  EXPECT_EQ(handler_.served, 3);
  EXPECT_EQ(sim_.network().open_connections(), 1u);
}

TEST_F(HttpServerTest, AnUnreachableServerIsNamedWithinFiveSeconds) {
  listen(nullptr);
  sim_.network().cut("a", "b");
  HttpClient client(*client_world_, Address{"a", 7222}, nullptr, "");
  SteadyTime before = sim_.executor().now();
  auto response = send(client, "/");
  ASSERT_FALSE(response);
  EXPECT_NE(response.error().message.find("a:7222"), std::string::npos) << response.error().message;
  EXPECT_LE(sim_.executor().now() - before, std::chrono::seconds(6));
}

TEST_F(HttpServerTest, NobodyListensThere) {
  HttpClient client(*client_world_, Address{"a", 7222}, nullptr, "");
  auto response = send(client, "/");
  ASSERT_FALSE(response);
  EXPECT_NE(response.error().message.find("a:7222"), std::string::npos) << response.error().message;
}

TEST_F(HttpServerTest, MutualTlsChecksTheServersRoot) {
  TlsIdentity identity{"chain", "key"};
  listen(&identity);
  HttpClient client(*client_world_, Address{"a", 7222}, &identity, "root-a");
  ASSERT_TRUE(send(client, "/"));
  EXPECT_TRUE(handler_.secure);
  EXPECT_EQ(handler_.root, "root-b");
  HttpClient wary(*client_world_, Address{"a", 7222}, &identity, "root-x");
  auto response = send(wary, "/");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::unauthenticated);
  EXPECT_EQ(handler_.served, 1);
}

Task<Result<std::string>> send_raw(World& world, std::string bytes) {
  Address to{"a", 7222};
  SteadyTime deadline = world.clock().now() + std::chrono::minutes(5);
  CO_TRY(std::unique_ptr<Connection> connection, co_await world.network.connect(to, nullptr, deadline, {}));
  ByteView piece = as_bytes(bytes);
  std::span<const ByteView> pieces(&piece, 1);
  CO_TRY_STATUS(co_await connection->write(pieces, deadline, {}));
  std::string answer;
  std::vector<uint8_t> buffer(4096);
  for (;;) {
    CO_TRY(size_t length, co_await connection->read_some(buffer, deadline, {}));
    if (length == 0) co_return answer;
    answer.append(as_text(ByteView(buffer).first(length)));
  }
}

TEST_F(HttpServerTest, GarbageIsAnsweredAndTheConnectionClosed) {
  listen(nullptr);
  auto answer = sim_.executor().run(send_raw(*client_world_, "garbage\r\n\r\n"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 400 ")) << *answer;
  answer =
      sim_.executor().run(send_raw(*client_world_, "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 413 ")) << *answer;
}

TEST_F(HttpServerTest, ASilentClientIsLetGo) {
  listen(nullptr);
  SteadyTime before = sim_.executor().now();
  auto answer = sim_.executor().run(send_raw(*client_world_, "GET / HTT"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "");
  EXPECT_LT(sim_.executor().now() - before, kHttpRequestLimit + std::chrono::seconds(5));
}

TEST_F(HttpServerTest, StoppingEndsOpenConnections) {
  listen(nullptr);
  HttpClient client(*client_world_, Address{"a", 7222}, nullptr, "");
  ASSERT_TRUE(send(client, "/"));
  sim_.executor().run(server_->stop());
  server_.reset();
  EXPECT_FALSE(send(client, "/"));
}

}  // namespace
}  // namespace distributary
