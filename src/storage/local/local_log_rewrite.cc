// Rewriting sealed segments of a LocalLog: a temporary file, renamed to a name that supersedes the files of the
// segments that it stands for (see LogDirectory).
#include "storage/local/local_log.h"
#include "storage/segment_list.h"

namespace distributary {

Task<Status> LocalLog::begin_rewrite(SegmentNumber first, SegmentNumber last, RewriteNumber rewrite) {
  CO_TRY_STATUS(writable());
  SegmentInfo wanted{first, 0, last - first, rewrite};
  CO_TRY_STATUS(check_rewrite(segments_, wanted, name_));
  CO_TRY_STATUS(co_await abandon_rewrite());
  LogOwnership::Operation operation(ownership_);
  std::string path = directory_.temporary_path();
  CO_TRY(std::unique_ptr<File> file, co_await files_.open(path, OpenMode::create_new));
  rewriting_ = Rewriting{wanted, std::move(file), std::move(path)};
  co_return Status{};
}

Task<Status> LocalLog::append_rewrite(Bytes data) {
  CO_TRY_STATUS(writable());
  if (!rewriting_) co_return fail(ErrorCode::invalid_argument, name_ + ": no rewrite has begun");
  LogOwnership::Operation operation(ownership_);
  std::shared_ptr<File> file = rewriting_->file;
  uint64_t at = rewriting_->info.bytes;
  uint64_t count = data.size();
  std::vector<Bytes> pieces{std::move(data)};
  CO_TRY_STATUS(co_await file->write(at, std::move(pieces)));
  if (rewriting_) rewriting_->info.bytes = at + count;
  co_return Status{};
}

Task<Status> LocalLog::commit_rewrite() {
  CO_TRY_STATUS(writable());
  if (!rewriting_) co_return fail(ErrorCode::invalid_argument, name_ + ": no rewrite has begun");
  CO_TRY_STATUS(check_rewrite(segments_, rewriting_->info, name_));
  LogOwnership::Operation operation(ownership_);
  Rewriting rewriting = *std::exchange(rewriting_, std::nullopt);
  std::vector<std::shared_ptr<File>> written{rewriting.file};
  std::string no_directory;
  Status synced = co_await syncs_.sync(std::move(written), std::move(no_directory));
  if (!synced) {
    Status removed = co_await files_.remove(rewriting.path);  // else the next open does it
    static_cast<void>(removed);
    co_return synced;
  }
  // From the rename on it is not known what a crash would leave, until the directory is synced.
  std::string path = directory_.segment_path(rewriting.info);
  CO_TRY_STATUS(broken(co_await files_.rename(rewriting.path, path)));
  std::vector<std::shared_ptr<File>> none;
  std::string directory = directory_.path();
  CO_TRY_STATUS(broken(co_await syncs_.sync(std::move(none), std::move(directory))));
  for (const SegmentInfo& old : replace_segments(segments_, rewriting.info)) {
    bytes_ -= old.bytes;
    dirty_.erase(old.number);
    replaced_.push_back(directory_.segment_path(old));
  }
  bytes_ += rewriting.info.bytes;
  co_return Status{};
}

Task<Status> LocalLog::abandon_rewrite() {
  if (!rewriting_) co_return Status{};
  LogOwnership::Operation operation(ownership_);
  Rewriting rewriting = *std::exchange(rewriting_, std::nullopt);
  CO_TRY_STATUS(usable());  // a newer owner has removed it, and may use the name
  rewriting.file.reset();
  co_return co_await files_.remove(rewriting.path);
}

Task<Status> LocalLog::remove_replaced() {
  CO_TRY_STATUS(usable());
  LogOwnership::Operation operation(ownership_);
  std::vector<std::string> paths = std::exchange(replaced_, {});
  for (const std::string& path : paths) CO_TRY_STATUS(co_await drop_file(path));
  co_return Status{};
}

}  // namespace distributary
