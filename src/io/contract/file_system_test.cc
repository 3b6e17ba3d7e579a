// The contract of FileSystem and File (io/file_system.h), for both worlds.
#include "io/contract/harness.h"

namespace distributary::contract {
namespace {

class FileContract : public Contract {
 protected:
  FileSystem& files = world.files;
  std::string directory = harness->directory();
};
INSTANTIATE_TEST_SUITE_P(Worlds, FileContract, kinds(), kind_name);

Task<std::unique_ptr<File>> open(FileSystem& files, std::string path, OpenMode mode) {
  Result<std::unique_ptr<File>> file = co_await files.open(path, mode);
  co_return must(std::move(file));
}

Task<void> put(File& file, uint64_t at, std::string_view text) {
  std::vector<Bytes> pieces;
  pieces.push_back(Bytes::copy(as_bytes(text)));
  Status written = co_await file.write(at, std::move(pieces));
  must(written);
}

Task<std::string> get(File& file, uint64_t at, size_t length) {
  std::vector<uint8_t> bytes(length);
  Result<size_t> count = co_await file.read(at, bytes);
  bytes.resize(must(count));
  co_return std::string(as_text(bytes));
}

Task<void> create(FileSystem& files, std::string path, std::string_view text) {
  std::unique_ptr<File> file = co_await open(files, path, OpenMode::create_new);
  co_await put(*file, 0, text);
}

Task<std::string> content(FileSystem& files, std::string path) {
  std::unique_ptr<File> file = co_await open(files, path, OpenMode::read);
  std::string text = co_await get(*file, 0, 1 << 16);
  co_return text;
}

Task<void> writes_are_read(FileSystem& files, std::string path) {
  std::unique_ptr<File> file = co_await open(files, path, OpenMode::create_new);
  std::vector<Bytes> pieces;
  for (std::string_view part : {"one ", "", "two ", "three"}) pieces.push_back(Bytes::copy(as_bytes(part)));
  Status written = co_await file->write(2, std::move(pieces));
  must(written);
  EXPECT_EQ(must(file->size()), 15u);
  std::string whole = co_await get(*file, 0, 100);
  EXPECT_EQ(whole, std::string(2, '\0') + "one two three") << "a hole reads as zeros";
  std::string middle = co_await get(*file, 6, 3);
  EXPECT_EQ(middle, "two");
  std::string beyond = co_await get(*file, 15, 3);
  EXPECT_EQ(beyond, "");
  co_await put(*file, 6, "TWO");
  whole = co_await get(*file, 2, 100);
  EXPECT_EQ(whole, "one TWO three");
}
TEST_P(FileContract, WritesAreReadAtOnce) { harness->run(writes_are_read(files, directory + "/f")); }

Task<void> many_pieces(FileSystem& files, std::string path) {
  std::unique_ptr<File> file = co_await open(files, path, OpenMode::create_new);
  std::vector<Bytes> pieces;
  std::string expected;
  for (int i = 0; i < 3000; ++i) {  // more than one pwritev takes
    std::string part = std::to_string(i) + ",";
    expected += part;
    pieces.push_back(Bytes::copy(as_bytes(part)));
  }
  Status written = co_await file->write(0, std::move(pieces));
  must(written);
  std::string whole = co_await get(*file, 0, 1 << 16);
  EXPECT_EQ(whole, expected);
}
TEST_P(FileContract, AWriteTakesAnyNumberOfPieces) { harness->run(many_pieces(files, directory + "/f")); }

Task<void> sizes(FileSystem& files, std::string path) {
  std::unique_ptr<File> file = co_await open(files, path, OpenMode::open_or_create);
  Status done = co_await file->allocate(100'000);
  must(done);
  EXPECT_EQ(must(file->size()), 0u) << "allocate leaves the size";
  co_await put(*file, 0, "0123456789");
  done = co_await file->truncate(4);
  must(done);
  EXPECT_EQ(must(file->size()), 4u);
  done = co_await file->truncate(6);
  must(done);
  std::string whole = co_await get(*file, 0, 100);
  EXPECT_EQ(whole, std::string("0123\0\0", 6)) << "what truncate cut does not come back";
  done = co_await file->sync();
  EXPECT_TRUE(done.has_value());
}
TEST_P(FileContract, TruncateAndAllocate) { harness->run(sizes(files, directory + "/f")); }

Task<void> open_modes(FileSystem& files, std::string directory) {
  std::string path = directory + "/f";
  const std::vector<OpenMode> modes = {OpenMode::read, OpenMode::read_write};
  for (OpenMode mode : modes) {
    Result<std::unique_ptr<File>> missing = co_await files.open(path, mode);
    expect_error(missing, ErrorCode::not_found, path);
  }
  co_await create(files, path, "text");
  Result<std::unique_ptr<File>> twice = co_await files.open(path, OpenMode::create_new);
  expect_error(twice, ErrorCode::already_exists, path);
  std::unique_ptr<File> again = co_await open(files, path, OpenMode::open_or_create);
  EXPECT_EQ(must(again->size()), 4u) << "nothing is cut";
  std::unique_ptr<File> reader = co_await open(files, path, OpenMode::read);
  std::vector<Bytes> pieces;
  pieces.push_back(Bytes::copy(as_bytes("x")));
  Status refused = co_await reader->write(0, std::move(pieces));
  expect_error(refused, ErrorCode::io, path);
  std::string nowhere_path = directory + "/none/f";
  Result<std::unique_ptr<File>> nowhere = co_await files.open(nowhere_path, OpenMode::create_new);
  expect_error(nowhere, ErrorCode::not_found, "none");
}
TEST_P(FileContract, OpenModes) { harness->run(open_modes(files, directory)); }

Task<void> names(FileSystem& files, std::string directory) {
  std::string a = directory + "/a", b = a + "/b", m = a + "/m", z = a + "/z", y = b + "/y";
  Status done = co_await files.make_directories(b);
  must(done);
  done = co_await files.make_directories(b);
  must(done);
  co_await create(files, z, "z");
  co_await create(files, m, "m");
  Result<std::vector<std::string>> listed = co_await files.list(a);
  EXPECT_EQ(must(listed), (std::vector<std::string>{"b", "m", "z"}));
  done = co_await files.rename(m, z);
  must(done);
  std::string text = co_await content(files, z);
  EXPECT_EQ(text, "m");
  done = co_await files.rename(z, y);
  must(done);
  done = co_await files.sync_directory(b);
  must(done);
  done = co_await files.sync_all(directory);
  must(done);
  Result<uint64_t> size = co_await files.file_size(y);
  EXPECT_EQ(must(size), 1u);
  size = co_await files.file_size(b);
  expect_error(size, ErrorCode::io, b);
  listed = co_await files.list(a);
  EXPECT_EQ(must(listed), (std::vector<std::string>{"b"}));
  done = co_await files.remove(a);
  must(done);
  listed = co_await files.list(a);
  expect_error(listed, ErrorCode::not_found, a);
}
TEST_P(FileContract, DirectoriesRenamesAndRemovals) { harness->run(names(files, directory)); }

Task<void> missing_things(FileSystem& files, std::string directory) {
  std::string path = directory + "/none";
  Status done = co_await files.remove(path);
  expect_error(done, ErrorCode::not_found, path);
  std::string other = directory + "/other";
  done = co_await files.rename(path, other);
  expect_error(done, ErrorCode::not_found, path);
  done = co_await files.sync_directory(path);
  expect_error(done, ErrorCode::not_found, path);
  Result<uint64_t> free = co_await files.free_bytes(path);
  expect_error(free, ErrorCode::not_found, path);
  done = co_await files.sync_all(path);
  expect_error(done, ErrorCode::not_found, path);
  Result<uint64_t> size = co_await files.file_size(path);
  expect_error(size, ErrorCode::not_found, path);
  free = co_await files.free_bytes(directory);
  EXPECT_GT(must(free), 0u);
  Result<uint64_t> total = co_await files.total_bytes(directory);
  EXPECT_GE(must(total), must(free));
}
TEST_P(FileContract, MissingThingsAreNamed) { harness->run(missing_things(files, directory)); }

Task<void> removed_while_open(FileSystem& files, std::string path) {
  std::unique_ptr<File> file = co_await open(files, path, OpenMode::create_new);
  co_await put(*file, 0, "kept");
  Status removed = co_await files.remove(path);
  must(removed);
  std::string text = co_await get(*file, 0, 10);
  EXPECT_EQ(text, "kept");
}
TEST_P(FileContract, AnOpenFileOutlivesItsName) { harness->run(removed_while_open(files, directory + "/f")); }

Task<void> append_and_sync(File& file, int worker, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    char letter = static_cast<char>('a' + worker);
    co_await put(file, static_cast<uint64_t>(worker * rounds + round), std::string_view(&letter, 1));
    Status synced = co_await file.sync();
    must(synced);
  }
}
Task<void> concurrent(World& world, std::string path) {
  std::unique_ptr<File> file = co_await open(world.files, path, OpenMode::create_new);
  TaskScope scope(world.executor);
  for (int worker = 0; worker < 4; ++worker) scope.spawn(append_and_sync(*file, worker, 10));
  co_await scope.join();
  std::string text = co_await get(*file, 0, 100);
  EXPECT_EQ(text, std::string(10, 'a') + std::string(10, 'b') + std::string(10, 'c') + std::string(10, 'd'));
}
TEST_P(FileContract, WritesAndSyncsRunSideBySide) { harness->run(concurrent(world, directory + "/f")); }

Task<void> one_write(File& file, std::string_view text) { co_await put(file, 0, text); }
Task<void> overlapping(World& world, std::string path) {
  std::unique_ptr<File> file = co_await open(world.files, path, OpenMode::create_new);
  for (int round = 0; round < 20; ++round) {
    TaskScope scope(world.executor);
    for (const char* text : {"first", "second", "third!"}) scope.spawn(one_write(*file, text));
    co_await scope.join();
    std::string text = co_await get(*file, 0, 100);
    EXPECT_EQ(text, "third!") << "writes of one file take effect in the order of the calls";
  }
}
TEST_P(FileContract, OverlappingWritesKeepTheirOrder) { harness->run(overlapping(world, directory + "/f")); }

}  // namespace
}  // namespace distributary::contract
