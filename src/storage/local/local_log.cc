#include "storage/local/local_log.h"

#include <algorithm>

#include "storage/segment_list.h"

namespace distributary {

LocalLog::LocalLog(Parts parts, LogDirectory directory, LogDirectory::Contents contents)
    : files_(parts.files),
      syncs_(parts.syncs),
      open_files_(parts.open_files),
      ownership_(std::move(parts.ownership)),
      name_("log " + std::move(parts.name)),
      directory_(std::move(directory)),
      epoch_(ownership_->epoch),
      segments_(std::move(contents.segments)),
      blobs_(std::move(contents.blobs)) {
  for (const SegmentInfo& each : segments_) bytes_ += each.bytes;
  for (const auto& [name, bytes] : blobs_) bytes_ += bytes;
}

Status LocalLog::writable() const {
  TRY_STATUS(usable());
  if (!broken_) return {};
  return fail(ErrorCode::io, name_ + ": an earlier write failed; open the log again");
}

Status LocalLog::broken(Status failed) {
  if (failed) return failed;
  broken_ = true;
  return fail(failed.error().context(name_));
}

Task<Result<std::shared_ptr<File>>> LocalLog::file_of(SegmentNumber number) {
  auto at = dirty_.find(number);
  if (at != dirty_.end()) co_return at->second.file;
  CO_TRY(SegmentInfo info, find_segment(segments_, number, name_));
  std::string path = directory_.segment_path(info);
  co_return co_await open_files_.get(std::move(path));
}

Task<Status> LocalLog::create_segment(SegmentNumber number, uint64_t bytes_expected) {
  CO_TRY_STATUS(writable());
  CO_TRY_STATUS(check_next_segment(segments_, number, name_));
  LogOwnership::Operation operation(ownership_);
  if (!segments_.empty()) {
    CO_TRY_STATUS(broken(co_await release_space(segments_.back().number)));
  }
  // At most the last two segments are ever unsynced, so that opening need not sync them all.
  if (segments_.size() > 1 && dirty_.contains(segments_[segments_.size() - 2].number)) {
    CO_TRY_STATUS(broken(co_await sync_dirty()));
  }
  std::string path = directory_.segment_path({number});
  Result<std::unique_ptr<File>> created = co_await files_.open(path, OpenMode::create_new);
  if (!created) co_return broken(fail(created.error()));
  std::shared_ptr<File> file = std::move(*created);
  open_files_.add(std::move(path), file);
  dirty_[number] = Unsynced{std::move(file), 0};
  directory_dirty_ = true;
  expected_ = bytes_expected;
  reserved_ = 0;
  segments_.push_back({number, 0});
  co_return Status{};
}

// A sealed segment gives back what was reserved and not used.
Task<Status> LocalLog::release_space(SegmentNumber sealed) {
  uint64_t bytes = segments_.back().bytes;
  if (reserved_ <= bytes) co_return Status{};
  CO_TRY(std::shared_ptr<File> file, co_await file_of(sealed));
  co_return co_await file->truncate(bytes);
}

Task<Status> LocalLog::reserve_space(File& file, uint64_t needed) {
  if (needed <= reserved_ || needed > expected_) co_return Status{};
  uint64_t step = std::clamp(needed, kFirstReservation, kLargestReservation);
  reserved_ = std::min(needed + step, expected_);
  Status allocated = co_await file.allocate(reserved_);
  // With too little space for the whole step there may still be enough for the write itself, which will say so.
  if (!allocated && allocated.error().code != ErrorCode::storage_full) co_return allocated;
  co_return Status{};
}

Task<Status> LocalLog::append(Bytes data) {
  CO_TRY_STATUS(writable());
  if (segments_.empty()) co_return fail(ErrorCode::invalid_argument, name_ + " has no segment to append to");
  if (data.empty()) co_return Status{};
  LogOwnership::Operation operation(ownership_);
  SegmentNumber number = segments_.back().number;
  Result<std::shared_ptr<File>> file = co_await file_of(number);
  if (!file) co_return broken(fail(file.error()));
  uint64_t count = data.size();
  Status written = co_await append_to(**file, std::move(data));
  dirty_.try_emplace(number, Unsynced{*file, segments_.back().bytes});
  if (!written) co_return broken(std::move(written));
  segments_.back().bytes += count;
  bytes_ += count;
  co_return Status{};
}

Task<Status> LocalLog::append_to(File& file, Bytes data) {
  uint64_t at = segments_.back().bytes;
  CO_TRY_STATUS(co_await reserve_space(file, at + data.size()));
  std::vector<Bytes> pieces{std::move(data)};
  co_return co_await file.write(at, std::move(pieces));
}

Task<Status> LocalLog::sync() {
  CO_TRY_STATUS(writable());
  LogOwnership::Operation operation(ownership_);
  co_return broken(co_await sync_dirty());
}

Task<Status> LocalLog::sync_dirty() {
  Dirty dirty = std::exchange(dirty_, {});
  std::vector<std::shared_ptr<File>> files;
  for (auto& [number, unsynced] : dirty) files.push_back(unsynced.file);
  std::string directory;
  if (std::exchange(directory_dirty_, false)) directory = directory_.path();
  Status synced = co_await syncs_.sync(std::move(files), std::move(directory));
  if (!synced) {
    for (const auto& [number, unsynced] : dirty) ownership_->doubt(number, unsynced.from);
  }
  co_return synced;
}

Task<Result<Bytes>> LocalLog::read(SegmentNumber segment, uint64_t at, size_t length, ReadPattern pattern) {
  CO_TRY_STATUS(usable());
  CO_TRY(uint64_t size, segment_bytes(segments_, segment, name_));
  uint64_t from = std::min(at, size);
  size_t count = std::min<uint64_t>(length, size - from);
  if (count == 0) co_return Bytes();
  CO_TRY(std::shared_ptr<File> file, co_await file_of(segment));
  co_return co_await read_from(*file, from, count, pattern);
}

Task<Result<Bytes>> LocalLog::read_from(File& file, uint64_t at, size_t count, ReadPattern pattern) {
  auto buffer = std::make_shared_for_overwrite<uint8_t[]>(count);
  MutableBytes into(buffer.get(), count);
  Result<size_t> done = 0;
  if (pattern == ReadPattern::scattered) {
    done = co_await file.read_scattered(at, into);
  } else {
    done = co_await file.read(at, into);
  }
  if (!done) co_return fail(done.error().context(name_));
  if (*done == count) co_return Bytes(std::move(buffer), into);
  co_return fail(ErrorCode::io,
                 name_ + ": a file ends before byte " + std::to_string(at + count) + " that was written to it");
}

// One buffer for all: they are answers to one reader, who lets go of them together.
Task<Result<std::vector<Bytes>>> LocalLog::read_ranges(SegmentNumber segment, std::vector<LogRange> ranges) {
  CO_TRY_STATUS(usable());
  CO_TRY(uint64_t size, segment_bytes(segments_, segment, name_));
  size_t total = 0;
  for (LogRange& range : ranges) {
    range.at = std::min(range.at, size);
    range.length = std::min<uint64_t>(range.length, size - range.at);
    total += range.length;
  }
  CO_TRY(std::shared_ptr<File> file, co_await file_of(segment));
  auto buffer = std::make_shared_for_overwrite<uint8_t[]>(total);
  std::vector<ReadRange> reads;
  std::vector<Bytes> found;
  uint8_t* into = buffer.get();
  for (const LogRange& range : ranges) {
    MutableBytes part(into, range.length);
    if (range.length > 0) reads.push_back({range.at, part});
    found.push_back(Bytes(buffer, part));
    into += range.length;
  }
  Status done = co_await file->read_scattered_all(std::move(reads));
  if (!done) co_return fail(done.error().context(name_));
  co_return found;
}

Task<Result<std::shared_ptr<File>>> LocalLog::segment_file(SegmentNumber segment) {
  CO_TRY_STATUS(usable());
  co_return co_await file_of(segment);
}

Task<Status> LocalLog::truncate(SegmentNumber segment, uint64_t bytes) {
  CO_TRY_STATUS(writable());
  CO_TRY_STATUS(check_truncate(segments_, segment, bytes, name_));
  LogOwnership::Operation operation(ownership_);
  co_return broken(co_await cut(segment, bytes));
}

Task<Status> LocalLog::cut(SegmentNumber segment, uint64_t bytes) {
  while (segments_.back().number > segment) {
    SegmentInfo last = segments_.back();
    dirty_.erase(last.number);
    // One by one and durably, from the end: a crash must not leave a gap.
    CO_TRY_STATUS(co_await drop_file(directory_.segment_path(last)));
    segments_.pop_back();
    bytes_ -= last.bytes;
  }
  expected_ = reserved_ = 0;
  CO_TRY(std::shared_ptr<File> file, co_await file_of(segment));
  CO_TRY_STATUS(co_await file->truncate(bytes));
  bytes_ -= segments_.back().bytes - bytes;
  segments_.back().bytes = bytes;
  std::vector<std::shared_ptr<File>> one{std::move(file)};
  co_return co_await syncs_.sync(std::move(one), directory_.path());
}

Task<Status> LocalLog::drop_file(std::string path) {
  open_files_.forget(path);
  Status removed = co_await files_.remove(path);
  if (!removed && removed.error().code != ErrorCode::not_found) co_return removed;
  std::vector<std::shared_ptr<File>> none;
  co_return co_await syncs_.sync(std::move(none), directory_.path());
}

Task<Status> LocalLog::remove_segment(SegmentNumber number) {
  CO_TRY_STATUS(usable());
  CO_TRY_STATUS(check_remove(segments_, number, name_));
  CO_TRY(SegmentInfo removed, find_segment(segments_, number, name_));
  LogOwnership::Operation operation(ownership_);
  dirty_.erase(number);
  std::erase_if(segments_, [number](const SegmentInfo& info) { return info.number == number; });
  bytes_ -= removed.bytes;
  co_return co_await drop_file(directory_.segment_path(removed));
}

}  // namespace distributary
