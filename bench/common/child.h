// A server as a child process whose start is measured. One thread.
#pragma once

#include <cstdint>
#include <string>

namespace distributary::bench {

class Child {
 public:
  // `command`: program and arguments, one a line; its output goes to the end of `log`.
  Child(const std::string& command, const std::string& log);
  ~Child();  // ends it in order, by force after 20 s
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  int64_t started() const { return started_; }  // now_ns() just before it was started
  // Connects to 127.0.0.1:`port` as soon as somebody listens there; the socket. Throws when the child has ended, or
  // after `seconds`.
  int connect(uint16_t port, double seconds) const;

 private:
  int64_t started_;
  int pid_;
};

// All of it, or throws.
void send_all(int socket, const void* data, size_t size);
void receive_all(int socket, void* data, size_t size);

}  // namespace distributary::bench
