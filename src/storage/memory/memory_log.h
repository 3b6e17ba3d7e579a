// MemoryLog: one opened log of a MemoryLogStore.
#pragma once

#include "storage/memory/memory_log_store.h"

namespace distributary {

class MemoryLog final : public Log {
 public:
  MemoryLog(Executor& executor, MemoryLogs& logs, std::shared_ptr<MemoryLogs::LogData> data, std::string name);

  const std::vector<SegmentInfo>& segments() const override { return segments_; }
  Task<Status> create_segment(SegmentNumber number, uint64_t bytes_expected) override;
  Task<Status> append(Bytes data) override;
  Task<Status> sync() override;
  Task<Result<Bytes>> read(SegmentNumber segment, uint64_t at, size_t length, ReadPattern pattern) override;
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
  uint64_t bytes_used() const override { return data_->bytes; }

 private:
  Status usable() const;    // still the owner, and the machine has not crashed
  Status writable() const;  // and nothing has failed
  Status broken(ErrorCode code, const char* what);
  Status room_for(uint64_t bytes) const;

  Executor& executor_;
  MemoryLogs& logs_;
  std::shared_ptr<MemoryLogs::LogData> data_;  // shared: see MemoryLogs::logs
  std::string name_;
  StorageEpoch epoch_;
  uint64_t crashes_;
  bool broken_ = false;
  std::vector<SegmentInfo> segments_;
  std::optional<SegmentInfo> rewriting_;
  std::vector<uint8_t> rewritten_;  // its bytes so far
};

}  // namespace distributary
