// What a benchmark reads of itself: CPU time, memory, bytes moved from the device.
#pragma once

#include <cstdint>

namespace distributary::bench {

struct Usage {
  double seconds = 0;       // steady clock
  double cpu_seconds = 0;   // of this process, all threads, user and system
  uint64_t read_bytes = 0;  // that this process has had devices read (/proc/self/io)
  uint64_t write_bytes = 0;
  static Usage now();
  Usage since(const Usage& earlier) const;
};

uint64_t resident_bytes();
uint64_t peak_resident_bytes();

// So that what follows reads from the device: the page cache of the machine (root), else nothing is dropped and false
// is given.
bool drop_page_cache();

}  // namespace distributary::bench
