// Byte-stream connections behind an interface: real TCP and TLS (io/real), or a simulated network (io/sim).
//
// Threads: the executor's thread only. Ownership: the caller owns what it opens; a Connection must outlive its
// operations.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"
#include "io/task.h"

namespace distributary {

class File;  // io/file_system.h

struct Address {
  std::string host;  // name or IP
  uint16_t port = 0;
  bool operator==(const Address&) const = default;
};
std::string to_string(const Address& address);  // host:port, [v6]:port
// `default_port` is used when the text has none.
Result<Address> parse_address(std::string_view text, uint16_t default_port);

// What TLS needs of us: our certificate chain (node, then root), its key, all PEM.
struct TlsIdentity {
  std::string chain_pem;
  std::string key_pem;
};

// Who the other side has proved to be: the SHA-256 of its cluster's root certificate (DER), 64 hex digits. TLS here
// checks that the peer's certificate is signed by the root that the peer presents; whether that root is trusted is the
// caller's to decide.
struct PeerIdentity {
  std::string root_fingerprint;
  std::string common_name;
};

class Connection {
 public:
  virtual ~Connection() = default;
  // Reads what is there, at least one byte; 0 means the other side has ended. One read at a time.
  virtual Task<Result<size_t>> read_some(MutableBytes into, SteadyTime deadline, std::stop_token stop) = 0;
  // Writes all pieces, in order. One write at a time; the pieces must stay valid until it ends. A write that fails,
  // also by its deadline or stop, may have sent any part of them: close the connection then.
  virtual Task<Status> write(std::span<const ByteView> pieces, SteadyTime deadline, std::stop_token stop) = 0;
  // The same with `size` bytes of a file from `at`, which the file has. Here: reads and writes them, piece by piece.
  virtual Task<Status> send_file(File& file, uint64_t at, size_t size, SteadyTime deadline, std::stop_token stop);
  // Whether that costs less than to have them in memory and write them.
  virtual bool sends_files() const { return false; }
  // Ends both directions; operations under way fail with `closed`. May be called repeatedly.
  virtual void close() = 0;
  virtual std::string peer_address() const = 0;
  virtual const std::optional<PeerIdentity>& peer_identity() const = 0;  // set on mutual TLS only
  // The shortest that was seen lately, without what queues add; 0 when it is not known.
  virtual Duration round_trip() const = 0;
  // To be called when much is sent far: BBR where the system has it, and little in the system's queue that has not been
  // sent, so that a writer waits for the network. What the system refuses costs speed only.
  virtual void tune_for_distance() = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  // The next connection, its TLS handshake (if any) done within `handshake limit` of io/real. A connection that fails
  // its handshake is dropped and logged, and does not end the accept loop.
  virtual Task<Result<std::unique_ptr<Connection>>> accept(std::stop_token stop) = 0;
  virtual uint16_t port() const = 0;  // the real one when 0 was asked
  virtual void close() = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  // Plaintext when `identity` is null, else mutual TLS 1.3. Errors: unavailable (the message names the address),
  // timed_out.
  virtual Task<Result<std::unique_ptr<Connection>>> connect(Address to, const TlsIdentity* identity,
                                                            SteadyTime deadline, std::stop_token stop) = 0;
  virtual Result<std::unique_ptr<Listener>> listen(Address at, const TlsIdentity* identity) = 0;
};

}  // namespace distributary
