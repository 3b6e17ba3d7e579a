#include "storage/memory/memory_log.h"

#include <algorithm>

#include "io/task_scope.h"
#include "storage/segment_list.h"

namespace distributary {

MemoryLog::MemoryLog(Executor& executor, MemoryLogs& logs, std::shared_ptr<MemoryLogs::LogData> data, std::string name)
    : executor_(executor),
      logs_(logs),
      data_(std::move(data)),
      name_("log " + std::move(name)),
      epoch_(data_->epoch),
      crashes_(logs.crashes) {
  for (const auto& [number, segment] : data_->segments) {
    segments_.push_back({number, segment.bytes.size(), segment.merged, segment.rewrite});
  }
}

Status MemoryLog::usable() const {
  if (crashes_ != logs_.crashes) return fail(ErrorCode::cancelled, name_ + ": the machine has crashed");
  if (data_->removed) return fail(ErrorCode::not_found, name_ + " has been removed");
  if (data_->epoch == epoch_) return {};
  return fail(ErrorCode::fenced, name_ + " was opened under epoch " + std::to_string(data_->epoch) +
                                     "; this owner has " + std::to_string(epoch_));
}

Status MemoryLog::writable() const {
  TRY_STATUS(usable());
  if (!broken_) return {};
  return fail(ErrorCode::io, name_ + ": an earlier write failed; open the log again");
}

Status MemoryLog::broken(ErrorCode code, const char* what) {
  broken_ = true;
  return fail(code, name_ + ": the test asked for a failed " + what);
}

Status MemoryLog::room_for(uint64_t bytes) const {
  if (logs_.bytes_used() + bytes <= logs_.capacity) return {};
  return fail(ErrorCode::storage_full, name_ + ": no space left");
}

Task<Status> MemoryLog::create_segment(SegmentNumber number, uint64_t) {
  CO_TRY_STATUS(writable());
  CO_TRY_STATUS(check_next_segment(segments_, number, name_));
  data_->segments[number];
  segments_.push_back({number, 0});
  co_return Status{};
}

Task<Status> MemoryLog::append(Bytes data) {
  CO_TRY_STATUS(writable());
  if (segments_.empty()) co_return fail(ErrorCode::invalid_argument, name_ + " has no segment to append to");
  Status room = room_for(data.size());
  if (!room) {
    broken_ = true;
    co_return room;
  }
  ++logs_.appends;
  std::vector<uint8_t>& bytes = data_->segments[segments_.back().number].bytes;
  std::optional<ErrorCode> failure = std::exchange(logs_.fail_next_append, std::nullopt);
  ByteView written = failure ? data.view().first(data.size() / 2) : data.view();
  bytes.insert(bytes.end(), written.begin(), written.end());
  data_->bytes += written.size();
  if (failure) co_return broken(*failure, "append");
  segments_.back().bytes = bytes.size();
  co_return Status{};
}

Task<Status> MemoryLog::sync() {
  CO_TRY_STATUS(writable());
  ++logs_.syncs;
  std::vector<SegmentInfo> covered = segments_;
  if (logs_.sync_time > Duration::zero()) {
    CO_TRY_STATUS(co_await sleep_for(executor_, logs_.sync_time));
    CO_TRY_STATUS(writable());
  }
  if (logs_.fail_next_sync) {
    ErrorCode code = *std::exchange(logs_.fail_next_sync, std::nullopt);
    co_return broken(code, "sync");
  }
  for (const SegmentInfo& each : covered) {
    auto at = data_->segments.find(each.number);
    if (at == data_->segments.end()) continue;
    at->second.durable = true;
    at->second.synced = std::max(at->second.synced, each.bytes);
  }
  co_return Status{};
}

Task<Result<Bytes>> MemoryLog::read(SegmentNumber segment, uint64_t at, size_t length, ReadPattern) {
  CO_TRY_STATUS(usable());
  if (logs_.fail_next_read) {
    ErrorCode code = *std::exchange(logs_.fail_next_read, std::nullopt);
    co_return fail(code, name_ + ": the test asked for a failed read");
  }
  CO_TRY(uint64_t size, segment_bytes(segments_, segment, name_));
  uint64_t from = std::min(at, size);
  size_t count = std::min<uint64_t>(length, size - from);
  co_return Bytes::copy(ByteView(data_->segments[segment].bytes).subspan(from, count));
}

Task<Status> MemoryLog::truncate(SegmentNumber segment, uint64_t bytes) {
  CO_TRY_STATUS(writable());
  CO_TRY_STATUS(check_truncate(segments_, segment, bytes, name_));
  while (segments_.back().number > segment) {
    auto last = data_->segments.find(segments_.back().number);
    data_->bytes -= last->second.bytes.size();
    data_->segments.erase(last);
    segments_.pop_back();
  }
  MemoryLogs::Segment& kept = data_->segments[segment];
  data_->bytes -= kept.bytes.size() - bytes;
  kept.bytes.resize(bytes);
  kept.synced = bytes;
  kept.durable = true;
  segments_.back().bytes = bytes;
  co_return Status{};
}

Task<Status> MemoryLog::remove_segment(SegmentNumber number) {
  CO_TRY_STATUS(usable());
  CO_TRY_STATUS(check_remove(segments_, number, name_));
  auto at = data_->segments.find(number);
  data_->bytes -= at->second.bytes.size();
  data_->segments.erase(at);
  std::erase_if(segments_, [number](const SegmentInfo& info) { return info.number == number; });
  co_return Status{};
}

Task<Status> MemoryLog::begin_rewrite(SegmentNumber first, SegmentNumber last, RewriteNumber rewrite) {
  CO_TRY_STATUS(writable());
  SegmentInfo wanted{first, 0, last - first, rewrite};
  CO_TRY_STATUS(check_rewrite(segments_, wanted, name_));
  rewriting_ = wanted;
  rewritten_.clear();
  co_return Status{};
}

Task<Status> MemoryLog::append_rewrite(Bytes data) {
  CO_TRY_STATUS(writable());
  if (!rewriting_) co_return fail(ErrorCode::invalid_argument, name_ + ": no rewrite has begun");
  CO_TRY_STATUS(room_for(rewritten_.size() + data.size()));
  ByteView view = data.view();
  rewritten_.insert(rewritten_.end(), view.begin(), view.end());
  co_return Status{};
}

Task<Status> MemoryLog::commit_rewrite() {
  CO_TRY_STATUS(writable());
  if (!rewriting_) co_return fail(ErrorCode::invalid_argument, name_ + ": no rewrite has begun");
  CO_TRY_STATUS(check_rewrite(segments_, *rewriting_, name_));
  if (logs_.sync_time > Duration::zero()) {
    CO_TRY_STATUS(co_await sleep_for(executor_, logs_.sync_time));
    CO_TRY_STATUS(writable());
  }
  SegmentInfo info = *std::exchange(rewriting_, std::nullopt);
  info.bytes = rewritten_.size();
  for (const SegmentInfo& old : replace_segments(segments_, info)) {
    data_->bytes -= data_->segments[old.number].bytes.size();
    data_->segments.erase(old.number);
  }
  data_->bytes += info.bytes;
  data_->segments[info.number] = {std::exchange(rewritten_, {}), info.bytes, true, info.merged, info.rewrite};
  co_return Status{};
}

Task<Status> MemoryLog::abandon_rewrite() {
  rewriting_.reset();
  rewritten_.clear();
  co_return Status{};
}

Task<Status> MemoryLog::remove_replaced() { co_return usable(); }  // they went with the commit

Task<Status> MemoryLog::put_blob(std::string name, Bytes data) {
  CO_TRY_STATUS(usable());
  CO_TRY_STATUS(check_blob_name(name));
  CO_TRY_STATUS(room_for(data.size()));
  Bytes& blob = data_->blobs[name];
  data_->bytes += data.size();
  data_->bytes -= blob.size();
  blob = std::move(data);
  co_return Status{};
}

Task<Result<uint64_t>> MemoryLog::blob_size(std::string name) {
  CO_TRY_STATUS(usable());
  auto at = data_->blobs.find(name);
  if (at == data_->blobs.end()) co_return fail(ErrorCode::not_found, name_ + " has no blob " + name);
  co_return uint64_t{at->second.size()};
}

Task<Result<Bytes>> MemoryLog::read_blob(std::string name, uint64_t at, size_t length) {
  CO_TRY_STATUS(usable());
  auto blob = data_->blobs.find(name);
  if (blob == data_->blobs.end()) co_return fail(ErrorCode::not_found, name_ + " has no blob " + name);
  size_t from = std::min<uint64_t>(at, blob->second.size());
  co_return blob->second.slice(from, std::min(length, blob->second.size() - from));
}

Task<Status> MemoryLog::remove_blob(std::string name) {
  CO_TRY_STATUS(usable());
  auto at = data_->blobs.find(name);
  if (at == data_->blobs.end()) co_return Status{};
  data_->bytes -= at->second.size();
  data_->blobs.erase(at);
  co_return Status{};
}

Task<Result<std::vector<std::string>>> MemoryLog::list_blobs() {
  CO_TRY_STATUS(usable());
  std::vector<std::string> names;
  for (const auto& [name, blob] : data_->blobs) names.push_back(name);
  co_return names;
}

}  // namespace distributary
