// One direction of a TCP connection, plain or in TLS 1.3 as links between clusters have it: AES-128-GCM by OpenSSL,
// full records, several for one call of the system. Each end belongs to one thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "raw/raw.h"

namespace distributary::bench {

class Channel {
 public:
  enum class End { sends, receives };
  Channel(Descriptor socket, End end, bool tls);
  ~Channel();
  Channel(const Channel&) = delete;

  bool tls() const { return ssl_ != nullptr; }
  const Descriptor& socket() const { return socket_; }
  void send(const uint8_t* data, size_t size);
  void end();  // of what is sent: the other end then receives 0 bytes
  size_t receive(uint8_t* into, size_t size);

 private:
  Descriptor socket_;
  SSL* ssl_ = nullptr;  // or none: plain
};

// The two ends of a connection over loopback.
struct Pipe {
  explicit Pipe(bool tls) : Pipe(connected_pair(), tls) {}
  Channel in;
  Channel out;

 private:
  Pipe(std::pair<Descriptor, Descriptor> ends, bool tls)
      : in(std::move(ends.first), Channel::End::sends, tls), out(std::move(ends.second), Channel::End::receives, tls) {}
};

}  // namespace distributary::bench
