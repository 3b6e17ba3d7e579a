#include "io/real/real_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "io/real/posix_error.h"
#include "io/real/real_file.h"
#include "io/task_scope.h"

namespace distributary {

namespace {

// A descriptor that closes itself.
struct Descriptor {
  explicit Descriptor(int number) : number(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  int number;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::read: return O_RDONLY;
    case OpenMode::read_write: return O_RDWR;
    case OpenMode::create_new: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::open_or_create: return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

constexpr mode_t kFileMode = 0640;

Result<int> open_now(const std::string& path, OpenMode mode) {
  int number = ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, kFileMode);
  if (number < 0) return posix_error("open", path, errno);
  struct stat status {};
  if (::fstat(number, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(number);
    return posix_error("open", path, EISDIR);
  }
  return number;
}

Status rename_now(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return posix_error("rename", from + " to " + to, errno);
  return {};
}

Status remove_now(const std::string& path) {
  std::error_code error;
  std::uintmax_t removed = std::filesystem::remove_all(path, error);
  if (error) return posix_error("remove", path, error.value());
  if (removed == 0) return posix_error("remove", path, ENOENT);
  return {};
}

Status make_directories_now(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return posix_error("create directory", path, error.value());
  return {};
}

Result<std::vector<std::string>> list_now(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  if (directory == nullptr) return posix_error("list", path, errno);
  std::vector<std::string> names;
  errno = 0;
  while (dirent* entry = ::readdir(directory)) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
    errno = 0;
  }
  int error = errno;
  ::closedir(directory);
  if (error != 0) return posix_error("list", path, error);
  std::sort(names.begin(), names.end());
  return names;
}

Status sync_directory_now(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number < 0) return posix_error("sync directory", path, errno);
  if (::fsync(directory.number) != 0) return posix_error("sync directory", path, errno);
  return {};
}

// A descriptor opened now sees every failure to write back that has not been reported yet by another syncfs.
Status sync_all_now(const std::string& path) {
  Descriptor any(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (any.number < 0) return posix_error("sync all of", path, errno);
  if (::syncfs(any.number) != 0) return posix_error("sync all of", path, errno);
  return {};
}

Result<struct statvfs> space_now(const std::string& path) {
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) return posix_error("space of", path, errno);
  return space;
}

Result<uint64_t> file_size_now(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return posix_error("size of", path, errno);
  if (S_ISDIR(status.st_mode)) return posix_error("size of", path, EISDIR);
  return static_cast<uint64_t>(status.st_size);
}

}  // namespace

Task<Result<std::unique_ptr<File>>> RealFileSystem::open(std::string path, OpenMode mode) {
  auto work = [&path, mode] { return open_now(path, mode); };
  CO_TRY(int number, co_await run_blocking(pool_, executor_, work));
  co_return std::make_unique<RealFile>(executor_, pool_, reads_, number, path, mode == OpenMode::create_new);
}

Task<Status> RealFileSystem::rename(std::string from, std::string to) {
  auto work = [&from, &to] { return rename_now(from, to); };
  co_return co_await run_blocking(pool_, executor_, work);
}

Task<Status> RealFileSystem::remove(std::string path) {
  auto work = [&path] { return remove_now(path); };
  co_return co_await run_blocking(pool_, executor_, work);
}

Task<Status> RealFileSystem::make_directories(std::string path) {
  auto work = [&path] { return make_directories_now(path); };
  co_return co_await run_blocking(pool_, executor_, work);
}

Task<Status> RealFileSystem::sync_directory(std::string path) {
  auto work = [&path] { return sync_directory_now(path); };
  co_return co_await run_blocking(pool_, executor_, work);
}

Task<Result<std::vector<std::string>>> RealFileSystem::list(std::string path) {
  auto work = [&path] { return list_now(path); };
  co_return co_await run_blocking(pool_, executor_, work);
}

Task<Result<uint64_t>> RealFileSystem::free_bytes(std::string path) {
  auto work = [&path] { return space_now(path); };
  CO_TRY(struct statvfs space, co_await run_blocking(pool_, executor_, work));
  co_return uint64_t{space.f_bavail} * space.f_frsize;
}

Task<Result<uint64_t>> RealFileSystem::total_bytes(std::string path) {
  auto work = [&path] { return space_now(path); };
  CO_TRY(struct statvfs space, co_await run_blocking(pool_, executor_, work));
  co_return uint64_t{space.f_blocks} * space.f_frsize;
}

Task<Result<uint64_t>> RealFileSystem::file_size(std::string path) {
  auto work = [&path] { return file_size_now(path); };
  co_return co_await run_blocking(pool_, executor_, work);
}

Task<Status> RealFileSystem::sync_all(std::string path) {
  auto work = [&path] { return sync_all_now(path); };
  co_return co_await run_blocking(pool_, executor_, work);
}

}  // namespace distributary
