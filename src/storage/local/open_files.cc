#include "storage/local/open_files.h"

namespace distributary {

Task<Result<std::shared_ptr<File>>> OpenFiles::get(std::string path) {
  auto at = by_path_.find(path);
  if (at != by_path_.end()) {
    recent_.splice(recent_.begin(), recent_, at->second);
    co_return at->second->file;
  }
  uint64_t forgotten = forgotten_;
  CO_TRY(std::unique_ptr<File> opened, co_await files_.open(path, OpenMode::read_write));
  std::shared_ptr<File> file = std::move(opened);
  at = by_path_.find(path);
  if (at != by_path_.end()) co_return at->second->file;  // somebody else was faster
  if (forgotten == forgotten_) add(std::move(path), file);
  co_return file;
}

void OpenFiles::add(std::string path, std::shared_ptr<File> file) {
  forget(path);
  recent_.push_front(Open{path, std::move(file)});
  by_path_[std::move(path)] = recent_.begin();
  while (recent_.size() > limit_) {
    by_path_.erase(recent_.back().path);
    recent_.pop_back();
  }
}

void OpenFiles::forget(const std::string& path) {
  ++forgotten_;
  auto at = by_path_.find(path);
  if (at == by_path_.end()) return;
  recent_.erase(at->second);
  by_path_.erase(at);
}

void OpenFiles::forget_below(const std::string& directory) {
  ++forgotten_;
  std::string prefix = directory + "/";
  for (auto at = by_path_.lower_bound(prefix); at != by_path_.end() && at->first.starts_with(prefix);) {
    recent_.erase(at->second);
    at = by_path_.erase(at);
  }
}

}  // namespace distributary
