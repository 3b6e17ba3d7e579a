// Files behind an interface: the operating system's (io/real) or a simulated disk that can crash (io/sim).
//
// Paths are plain strings with '/'. Threads: the executor's thread only; the real one hands blocking calls to a pool.
// Errors: io (the message has path and errno text), not_found, already_exists, storage_full, cancelled (a crashed
// simulated disk).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "io/task.h"

namespace distributary {

enum class OpenMode {
  read,            // must exist
  read_write,      // must exist
  create_new,      // must not exist; read and write
  open_or_create,  // read and write
};

struct ReadRange {
  uint64_t at = 0;
  MutableBytes into;
};

class File {
 public:
  virtual ~File() = default;  // closes
  // Fills `into` from `at`; gives fewer bytes only at the end of the file.
  virtual Task<Result<size_t>> read(uint64_t at, MutableBytes into) = 0;
  // The same, for a small read that no other near it will follow: when the range is not in memory, moves few bytes
  // beyond it from the device (whole logical blocks, no read-ahead). A separate call and not a flag of open, for one
  // file is read both ways.
  virtual Task<Result<size_t>> read_scattered(uint64_t at, MutableBytes into) { return read(at, into); }
  // Many such reads, overlapping each other; every range is filled whole, else the error is `io`. Costs the executor's
  // thread one hand-over for many ranges, not one for each.
  virtual Task<Status> read_scattered_all(std::vector<ReadRange> ranges);
  // Whether a read would not touch the device: false also where that cannot be asked. Never waits.
  virtual bool in_memory(uint64_t at, size_t length) const = 0;
  // Another one after each read of this file that may have touched the device, or had the system read ahead from it,
  // and after each change that was not made through this object; of a file that was just created 0, of one opened
  // otherwise one that no file has had. While changes are under way, others are not seen yet.
  virtual uint64_t device_stamp() = 0;
  // Writes all pieces one after the other from `at`, extending the file. Visible to read at once; on disk only after
  // sync.
  virtual Task<Status> write(uint64_t at, std::vector<Bytes> pieces) = 0;
  // Everything written before the call, and the size, is on stable storage after it. May run while writes go on. After
  // an error the state on disk is unknown: discard and reopen, never retry.
  virtual Task<Status> sync() = 0;
  virtual Task<Status> truncate(uint64_t size) = 0;
  // Reserves blocks up to `size` without changing the size.
  virtual Task<Status> allocate(uint64_t size) = 0;
  virtual Result<uint64_t> size() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Task<Result<std::unique_ptr<File>>> open(std::string path, OpenMode mode) = 0;
  // Atomic replacement. Durable after sync_directory of the parent.
  virtual Task<Status> rename(std::string from, std::string to) = 0;
  virtual Task<Status> remove(std::string path) = 0;  // a file, or a directory with all in it
  virtual Task<Status> make_directories(std::string path) = 0;
  virtual Task<Status> sync_directory(std::string path) = 0;
  // Names (not paths) in a directory, sorted. A missing directory is not_found.
  virtual Task<Result<std::vector<std::string>>> list(std::string path) = 0;
  virtual Task<Result<uint64_t>> free_bytes(std::string path) = 0;
  virtual Task<Result<uint64_t>> total_bytes(std::string path) = 0;  // size of the file system
  // Size of a file without opening it.
  virtual Task<Result<uint64_t>> file_size(std::string path) = 0;
  // As if File::sync and sync_directory were called for every file and directory of the file system that holds `path`;
  // cheaper than many. An earlier failure to write back any file, as long as nobody has been told of it, must be
  // reported too.
  virtual Task<Status> sync_all(std::string path) = 0;
};

}  // namespace distributary
