// What the records of the benchmarks hold: real JSON lines from a file, cut to size. Immutable; any thread.
//
// The value of a record follows from its partition and offset alone. So whoever reads a record knows what must be in
// it, at the source and at a replica, and a missing, repeated or moved record is noticed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace distributary::bench {

class Payload {
 public:
  explicit Payload(const std::string& path);
  // At most 1 MiB; stays where it is as long as this object lives.
  std::string_view value(uint32_t partition, uint64_t offset, size_t size) const {
    return {bytes_.data() + (offset * size + partition * 1'000'003ull) % (bytes_.size() - size), size};
  }

 private:
  std::string bytes_;
};

}  // namespace distributary::bench
