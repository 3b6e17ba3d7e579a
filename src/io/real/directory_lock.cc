#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "io/real/posix_error.h"
#include "io/real/real_file_system.h"

namespace distributary {

namespace {

class FileLock final : public DirectoryLock {
 public:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  ~FileLock() override { ::close(descriptor_); }  // gives the lock back

 private:
  int descriptor_;
};

std::string holder(int descriptor) {
  char text[32];
  ssize_t length = ::pread(descriptor, text, sizeof text, 0);
  std::string process(text, length > 0 ? static_cast<size_t>(length) : 0);
  while (!process.empty() && process.back() == '\n') process.pop_back();
  return process.empty() ? "another process" : "process " + process;
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) {
  std::string file = path + "/lock";
  int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (descriptor < 0) return posix_error("lock", file, errno);
  auto lock = std::make_unique<FileLock>(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return posix_error("lock", file, errno);
    return fail(ErrorCode::conflict, "the data directory " + path + " is in use by " + holder(descriptor) +
                                         "; stop it, or choose another directory");
  }
  // For people only: whoever can lock the file may use the directory, whatever is written in it.
  std::string process = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0) return posix_error("lock", file, errno);
  if (::pwrite(descriptor, process.data(), process.size(), 0) < 0) return posix_error("lock", file, errno);
  return std::unique_ptr<DirectoryLock>(std::move(lock));
}

}  // namespace distributary
