// The limits of the machine: TCP over loopback, the page cache, the disk. Each command is a process of its own that
// measures with threads; see the .cc files for what is timed.
#pragma once

#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/arguments.h"

namespace distributary::bench {

// Closed when it goes out of scope.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor();
  int get() const { return value_; }

 private:
  int value_;
};

Descriptor open_file(const std::string& path, int flags);
// Two ends of a TCP connection over loopback.
std::pair<Descriptor, Descriptor> connected_pair();
Descriptor listen_on(const std::string& address, uint16_t port);
Descriptor accept_from(const Descriptor& listener);
Descriptor connect_to(const std::string& address, uint16_t port);
void check_errno(bool good, const std::string& what);
// A file of `bytes` bytes, made of the file `payload` over and over, in the page cache.
void make_file(const std::string& path, const std::string& payload, uint64_t bytes);
// CPU seconds of this process so far.
double cpu_seconds();

void send_from_file(const Arguments& arguments);
void hops(const Arguments& arguments);
void sync_writes(const Arguments& arguments);
void ping(const Arguments& arguments);
void serve(const Arguments& arguments);
void pull(const Arguments& arguments);

}  // namespace distributary::bench
