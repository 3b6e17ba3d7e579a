// The blobs of a LocalLog.
#include <algorithm>

#include "storage/local/local_log.h"

namespace distributary {

Task<Status> LocalLog::put_blob(std::string name, Bytes data) {
  CO_TRY_STATUS(usable());
  CO_TRY_STATUS(check_blob_name(name));
  LogOwnership::Operation operation(ownership_);
  std::string file = LogDirectory::blob_file(name);
  Status written = co_await directory_.write_file(std::move(file), std::move(data));
  open_files_.forget(directory_.blob_path(name));
  Status noted = co_await note_blob(name);
  if (!written) co_return fail(written.error().context(name_ + ", blob " + name));
  co_return noted;
}

// Asks the file system what is there, for after a failed replacement it may be the old one, the new one or none.
Task<Status> LocalLog::note_blob(std::string name) {
  std::string path = directory_.blob_path(name);
  Result<uint64_t> size = co_await files_.file_size(std::move(path));
  if (!size && size.error().code != ErrorCode::not_found) co_return fail(size.error().context(name_));
  auto known = blobs_.find(name);
  if (known != blobs_.end()) bytes_ -= known->second;
  if (size) {
    blobs_[name] = *size;
    bytes_ += *size;
  } else {
    blobs_.erase(name);
  }
  co_return Status{};
}

Task<Result<uint64_t>> LocalLog::blob_size(std::string name) {
  CO_TRY_STATUS(usable());
  auto blob = blobs_.find(name);
  if (blob == blobs_.end()) co_return fail(ErrorCode::not_found, name_ + " has no blob " + name);
  co_return blob->second;
}

Task<Result<Bytes>> LocalLog::read_blob(std::string name, uint64_t at, size_t length) {
  CO_TRY_STATUS(usable());
  auto blob = blobs_.find(name);
  if (blob == blobs_.end()) co_return fail(ErrorCode::not_found, name_ + " has no blob " + name);
  uint64_t from = std::min(at, blob->second);
  size_t count = std::min<uint64_t>(length, blob->second - from);
  if (count == 0) co_return Bytes();
  std::string path = directory_.blob_path(name);
  CO_TRY(std::shared_ptr<File> file, co_await open_files_.get(std::move(path)));
  co_return co_await read_from(*file, from, count, ReadPattern::sequential);
}

Task<Status> LocalLog::remove_blob(std::string name) {
  CO_TRY_STATUS(usable());
  auto blob = blobs_.find(name);
  if (blob == blobs_.end()) co_return Status{};
  LogOwnership::Operation operation(ownership_);
  bytes_ -= blob->second;
  blobs_.erase(blob);
  std::string path = directory_.blob_path(name);
  co_return co_await drop_file(std::move(path));
}

Task<Result<std::vector<std::string>>> LocalLog::list_blobs() {
  CO_TRY_STATUS(usable());
  std::vector<std::string> names;
  for (const auto& [name, bytes] : blobs_) names.push_back(name);
  co_return names;
}

}  // namespace distributary
