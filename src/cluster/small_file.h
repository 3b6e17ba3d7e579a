// Whole small files: configuration and keys.
#pragma once

#include <string>

#include "base/error.h"
#include "io/file_system.h"
#include "io/task.h"

namespace distributary {

inline constexpr size_t kIdentityFileBytesMax = 64u << 10;

// The file's text; too_large when it is longer than `bytes_max`.
Task<Result<std::string>> read_small_file(FileSystem& files, std::string path, size_t bytes_max);
// A file that must not exist yet, durable but for its name (sync_directory).
Task<Status> write_new_file(FileSystem& files, std::string path, std::string text);

}  // namespace distributary
