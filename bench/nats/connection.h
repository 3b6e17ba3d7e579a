// A connection to a NATS server, as far as the benchmarks need it: publish, subscribe, requests, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace distributary::bench {

struct NatsMessage {
  std::string_view subject;
  std::string_view reply;
  std::string_view status;   // first line of the headers, if it has any
  std::string_view payload;  // all valid until the next call
};

class NatsConnection {
 public:
  explicit NatsConnection(uint16_t port);
  // Of a connection that was made; it is closed with this object.
  static NatsConnection over(int socket) { return NatsConnection(socket, true); }
  ~NatsConnection();
  NatsConnection(const NatsConnection&) = delete;
  NatsConnection& operator=(const NatsConnection&) = delete;

  // A subject below one that only this connection uses.
  std::string own(std::string_view name) const { return inbox_ + std::string(name); }
  void subscribe(std::string_view subject);
  // Collected until `flush`, or until there is enough for a large send.
  void publish(std::string_view subject, std::string_view reply, std::string_view first, std::string_view rest = {});
  void flush();
  // Waits up to `wait_ms`; false if nothing came. Answers pings by itself.
  bool receive(NatsMessage& message, int wait_ms);
  // Of the JetStream API, or any other; the answer. Throws if it is an error or does not come.
  std::string request(std::string_view subject, std::string_view payload);

 private:
  NatsConnection(int socket, bool);
  bool fill(int wait_ms);
  bool parse(NatsMessage& message);

  int socket_ = -1;
  std::string inbox_;
  std::string out_;
  std::vector<char> in_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t subscriptions_ = 0;
  uint64_t requests_ = 0;
};

// The number that follows `"name":` in an answer; throws if there is none.
uint64_t number_in(std::string_view answer, std::string_view name);

}  // namespace distributary::bench
