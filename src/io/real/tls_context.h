// Inside of io/real: mutual TLS 1.3 by OpenSSL, on a socket that does not block. The rule of trust is in io/network.h:
// the peer shows [node certificate, root certificate]; the root is a self-signed CA that signs the node's; dates hold.
// Whether the root is trusted is decided above, by its fingerprint.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "io/network.h"

namespace distributary {

class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> make(const TlsIdentity& identity);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  SSL_CTX* get() const { return context_; }

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  SSL_CTX* context_;
};

// One connection's TLS. Every call does what it can at once and says what to wait for.
class TlsSession {
 public:
  enum class Role { connects, accepts };
  enum class Outcome { done, want_read, want_write, ended, failed };

  // The descriptor stays the caller's and must be non-blocking.
  TlsSession(std::shared_ptr<TlsContext> context, int descriptor, Role role);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  Outcome handshake();
  Outcome read(MutableBytes into, size_t& count);
  // All of `bytes` (at most kRecord) or nothing; after want_* it must be called again with the same bytes. What is
  // `done` may still wait to be sent with what follows: `flush` sends it.
  Outcome write(ByteView bytes);
  Outcome flush();
  void say_goodbye();  // tells the other side that the end is meant, if that can be done at once
  // After a handshake.
  Result<PeerIdentity> peer() const;
  const std::string& failure() const { return failure_; }  // after `failed`

  static constexpr size_t kRecord = 16 * 1024;
  static constexpr size_t kSendBytes = 68 * 1024;     // gathered for one call of the system: four full records
  static constexpr size_t kReceiveBytes = 96 * 1024;  // taken by one call of the system

 private:
  Outcome outcome_of(int result);

  std::shared_ptr<TlsContext> context_;  // shared by all sessions of one identity
  SSL* ssl_;
  bool broken_ = false;
  bool established_ = false;
  std::string failure_;
};

}  // namespace distributary
