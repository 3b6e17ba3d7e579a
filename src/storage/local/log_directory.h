// LogDirectory: the files of one log, by name. Knows the layout and nothing of owners, epochs in use or what is dirty.
//
//   <root>/logs/<uuid>.<lane>/epoch                       the epoch under which the log was last opened
//                             segment-<20 digits>.log     segment of that number
//                             segment-<first, 20 digits>-<last, 20 digits>-<rewrite, 10 digits>.log
//                                                         stands for the segments first to last: it supersedes every
//                                                         file of those that an older rewrite, or none, has made
//                             blob-<name>
//                             temporary-<number>          a file being written; removed at open
//   <root>/logs/removed-<uuid>.<lane>-<number>            a log being removed; removed at start
//
// Threads: the executor's thread only. Errors: those of FileSystem, and corrupt or unsupported for a bad epoch file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "storage/local/sync_scheduler.h"
#include "storage/log_store.h"

namespace distributary {

class LogDirectory {
 public:
  LogDirectory(FileSystem& files, SyncScheduler& syncs, std::string path)
      : files_(files), syncs_(syncs), path_(std::move(path)) {}

  struct Contents {
    std::vector<SegmentInfo> segments;
    std::map<std::string, uint64_t> blobs;  // sizes by name
  };
  // Also removes what an interrupted write or rewrite has left. An unknown file is left alone.
  Task<Result<Contents>> scan();
  // Writes the end of a segment again, from `from` on.
  Task<Status> write_again(SegmentInfo segment, uint64_t from);
  // Makes the last kUnsyncedSegments of them durable, with the directory's entries.
  static constexpr size_t kUnsyncedSegments = 2;
  Task<Status> sync_last(std::vector<SegmentInfo> segments);

  Task<Result<StorageEpoch>> read_epoch();  // 0 when there is none
  Task<Status> write_epoch(StorageEpoch epoch);
  // Writes a file whole: after a crash there is the old one, the new one or, if there was no old one, none.
  Task<Status> write_file(std::string name, Bytes data);

  const std::string& path() const { return path_; }
  std::string segment_path(const SegmentInfo& segment) const;
  std::string temporary_path();  // another one each time
  std::string blob_path(const std::string& name) const { return path_ + "/" + blob_file(name); }
  static std::string blob_file(const std::string& name) { return "blob-" + name; }

 private:
  Task<Status> remove_superseded(std::vector<SegmentInfo>& segments);
  Task<Status> write_temporary(const std::string& path, Bytes data);
  FileSystem& files_;
  SyncScheduler& syncs_;
  std::string path_;
  uint64_t next_temporary_ = 1;
};

}  // namespace distributary
