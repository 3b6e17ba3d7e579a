// DirectReader: reads a file past the page cache, in the device's logical blocks (512 bytes, mostly) where the page
// cache would move whole pages.
//
// Blocks: used on the blocking pool. Thread-safe. Made by RealFile for cold, small, scattered reads.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace distributary {

class DirectReader {
 public:
  // A second way to the file of `descriptor`; null when its file system has none.
  static std::unique_ptr<DirectReader> open(int descriptor);
  ~DirectReader();
  DirectReader(const DirectReader&) = delete;
  DirectReader& operator=(const DirectReader&) = delete;

  // Fills `into` from `at`; fewer bytes only at the end of the file. errno in `error`, or 0.
  size_t read(uint64_t at, MutableBytes into, int& error) const;

 private:
  DirectReader(int descriptor, size_t block, size_t alignment)
      : descriptor_(descriptor), block_(block), alignment_(alignment) {}
  int descriptor_;
  size_t block_;      // of places and lengths
  size_t alignment_;  // of memory
};

// Whether the page cache holds the whole range. False when that cannot be asked. Never waits, and starts no read.
bool in_page_cache(int descriptor, uint64_t at, size_t length);

}  // namespace distributary
