// OpenFiles: the open files of one store, of which the least recently used are closed beyond a limit.
//
// A file in use stays open however long, for its users share it; so the limit may be passed for as long as more are in
// use at once. Threads: the executor's thread only.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>

#include "io/file_system.h"

namespace distributary {

class OpenFiles {
 public:
  OpenFiles(FileSystem& files, size_t limit) : files_(files), limit_(limit) {}

  // The file at `path`, for reading and writing; opened when it is not open. shared: closed only when nobody uses it.
  Task<Result<std::shared_ptr<File>>> get(std::string path);
  // A file that the caller has just created.
  void add(std::string path, std::shared_ptr<File> file);
  // After a removal or a replacement: whoever asks next gets what is now at the path. With `below`, of all files in
  // that directory.
  void forget(const std::string& path);
  void forget_below(const std::string& directory);
  size_t size() const { return recent_.size(); }

 private:
  struct Open {
    std::string path;
    std::shared_ptr<File> file;
  };
  FileSystem& files_;
  size_t limit_;
  uint64_t forgotten_ = 0;  // so that a file opened before its replacement is not kept after it
  std::list<Open> recent_;  // the most recently used first
  std::map<std::string, std::list<Open>::iterator> by_path_;
};

}  // namespace distributary
