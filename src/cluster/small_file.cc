#include "cluster/small_file.h"

namespace distributary {

Task<Result<std::string>> read_small_file(FileSystem& files, std::string path, size_t bytes_max) {
  CO_TRY(std::unique_ptr<File> file, co_await files.open(path, OpenMode::read));
  std::string text(bytes_max + 1, '\0');
  MutableBytes into(reinterpret_cast<uint8_t*>(text.data()), text.size());
  CO_TRY(size_t length, co_await file->read(0, into));
  if (length > bytes_max)
    co_return fail(ErrorCode::too_large, path + " is longer than " + std::to_string(bytes_max) + " bytes");
  text.resize(length);
  co_return text;
}

Task<Status> write_new_file(FileSystem& files, std::string path, std::string text) {
  CO_TRY(std::unique_ptr<File> file, co_await files.open(path, OpenMode::create_new));
  std::vector<Bytes> pieces;
  pieces.push_back(Bytes::copy(as_bytes(text)));
  CO_TRY_STATUS(co_await file->write(0, std::move(pieces)));
  co_return co_await file->sync();
}

}  // namespace distributary
