// Which cipher a link gets: bulk replication spends much of its time in it.
#include "io/real/tls_context.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/real/testing_certificates.h"

namespace distributary {
namespace {

class TlsCipher : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_), 0); }
  void TearDown() override {
    for (int descriptor : sockets_) ::close(descriptor);
  }
  // What a listener of ours and a caller that offers `suites` (empty: one of ours) agree on.
  std::string agreed(const std::string& suites) {
    TlsIdentity identity = root_.issue("node");
    std::shared_ptr<TlsContext> context = *TlsContext::make(identity);
    TlsSession listener(context, sockets_[0], TlsSession::Role::accepts);
    std::unique_ptr<SSL, decltype(&SSL_free)> caller(SSL_new(context->get()), &SSL_free);
    if (!suites.empty()) SSL_set_ciphersuites(caller.get(), suites.c_str());
    SSL_set_fd(caller.get(), sockets_[1]);
    SSL_set_connect_state(caller.get());
    for (int turns = 0; turns < 10; ++turns) {
      int connected = SSL_do_handshake(caller.get());
      TlsSession::Outcome accepted = listener.handshake();
      if (connected == 1 && accepted == TlsSession::Outcome::done) return SSL_get_cipher_name(caller.get());
    }
    return listener.failure();
  }

 private:
  TestingRoot root_{"a cluster"};
  int sockets_[2] = {-1, -1};
};

TEST_F(TlsCipher, IsTheCheapestWhereBothKnowIt) { EXPECT_EQ(agreed(""), "TLS_AES_128_GCM_SHA256"); }

TEST_F(TlsCipher, IsTheListenersChoice) {
  EXPECT_EQ(agreed("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"), "TLS_AES_128_GCM_SHA256");
}

TEST_F(TlsCipher, MayBeAnotherOne) { EXPECT_EQ(agreed("TLS_AES_256_GCM_SHA384"), "TLS_AES_256_GCM_SHA384"); }

}  // namespace
}  // namespace distributary
