// LocalLog: one opened log of a LocalLogStore.
//
// Space is reserved in steps that grow with the segment, not by the whole expected size at once: many streams on a
// small disk hold little each.
#pragma once

#include <map>
#include <optional>

#include "storage/local/log_directory.h"
#include "storage/local/log_ownership.h"
#include "storage/local/open_files.h"
#include "storage/local/sync_scheduler.h"

namespace distributary {

class LocalLog final : public Log {
 public:
  static constexpr uint64_t kFirstReservation = uint64_t{1} << 20;
  static constexpr uint64_t kLargestReservation = uint64_t{64} << 20;

  struct Parts {
    FileSystem& files;
    SyncScheduler& syncs;
    OpenFiles& open_files;
    std::shared_ptr<LogOwnership> ownership;  // shared with the store and with other owners
    std::string name;
  };
  LocalLog(Parts parts, LogDirectory directory, LogDirectory::Contents contents);

  const std::vector<SegmentInfo>& segments() const override { return segments_; }
  Task<Status> create_segment(SegmentNumber number, uint64_t bytes_expected) override;
  Task<Status> append(Bytes data) override;
  Task<Status> sync() override;
  Task<Result<Bytes>> read(SegmentNumber segment, uint64_t at, size_t length, ReadPattern pattern) override;
  Task<Result<std::vector<Bytes>>> read_ranges(SegmentNumber segment, std::vector<LogRange> ranges) override;
  Task<Result<std::shared_ptr<File>>> segment_file(SegmentNumber segment) override;
  Task<Status> truncate(SegmentNumber segment, uint64_t bytes) override;
  Task<Status> remove_segment(SegmentNumber number) override;
  Task<Status> begin_rewrite(SegmentNumber first, SegmentNumber last, RewriteNumber rewrite) override;
  Task<Status> append_rewrite(Bytes data) override;
  Task<Status> commit_rewrite() override;
  Task<Status> abandon_rewrite() override;
  Task<Status> remove_replaced() override;
  Task<Status> put_blob(std::string name, Bytes data) override;
  Task<Result<uint64_t>> blob_size(std::string name) override;
  Task<Result<Bytes>> read_blob(std::string name, uint64_t at, size_t length) override;
  Task<Status> remove_blob(std::string name) override;
  Task<Result<std::vector<std::string>>> list_blobs() override;
  uint64_t bytes_used() const override { return bytes_; }

 private:
  // Written since the last sync began. Kept open: an error of writing back must not be lost with the file's closing.
  struct Unsynced {
    std::shared_ptr<File> file;
    uint64_t from = 0;  // all before it is durable
  };
  using Dirty = std::map<SegmentNumber, Unsynced>;
  struct Rewriting {
    SegmentInfo info;
    std::shared_ptr<File> file;
    std::string path;
  };

  Status usable() const { return ownership_->check(epoch_, name_); }
  Status writable() const;
  Status broken(Status failed);
  Task<Result<std::shared_ptr<File>>> file_of(SegmentNumber number);
  Task<Status> reserve_space(File& file, uint64_t needed);
  Task<Status> release_space(SegmentNumber sealed);
  Task<Status> append_to(File& file, Bytes data);
  Task<Status> sync_dirty();
  Task<Status> cut(SegmentNumber segment, uint64_t bytes);
  Task<Status> drop_file(std::string path);
  Task<Status> note_blob(std::string name);
  Task<Result<Bytes>> read_from(File& file, uint64_t at, size_t count, ReadPattern pattern);

  FileSystem& files_;
  SyncScheduler& syncs_;
  OpenFiles& open_files_;
  std::shared_ptr<LogOwnership> ownership_;
  std::string name_;
  LogDirectory directory_;
  StorageEpoch epoch_;
  bool broken_ = false;
  std::vector<SegmentInfo> segments_;
  std::map<std::string, uint64_t> blobs_;
  uint64_t bytes_ = 0;
  Dirty dirty_;
  bool directory_dirty_ = false;  // a segment was created since the last sync began
  uint64_t expected_ = 0;         // of the last segment, when this owner has created it
  uint64_t reserved_ = 0;         // of the last segment
  std::optional<Rewriting> rewriting_;
  std::vector<std::string> replaced_;  // files of segments that a rewrite has replaced
};

}  // namespace distributary
