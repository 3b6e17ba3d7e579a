// What a simulated disk keeps through a crash, and its faults.
#include <gtest/gtest.h>

#include <set>

#include "io/contract/harness.h"
#include "io/sim/sim_world.h"

namespace distributary {
namespace {

using contract::expect_error;
using contract::must;

constexpr int kSeeds = 200;

// One host with its files; a test crashes it and looks at what is left.
struct Machine {
  explicit Machine(uint64_t seed) : sim(seed) {
    sim.add_host("m");
    world = &sim.start("m");
  }
  FileSystem& files() { return world->files; }
  SimDisk& disk() { return sim.disk("m"); }
  void run(Task<void> task) { sim.executor().run(std::move(task)); }
  void crash() {
    sim.kill("m");
    world = &sim.start("m");
  }
  std::string content(const std::string& path) {
    Result<std::vector<uint8_t>> bytes = disk().current_content(path);
    return bytes ? std::string(as_text(*bytes)) : "(none)";
  }
  SimWorld sim;
  World* world;
};

Task<std::unique_ptr<File>> open(FileSystem& files, std::string_view name) {
  std::string path(name);
  Result<std::unique_ptr<File>> file = co_await files.open(path, OpenMode::open_or_create);
  co_return must(std::move(file));
}

Task<Status> put_at(File& file, uint64_t at, std::string_view text) {
  std::vector<Bytes> pieces;
  pieces.push_back(Bytes::copy(as_bytes(text)));
  co_return co_await file.write(at, std::move(pieces));
}

Task<void> write_file(FileSystem& files, std::string_view path, std::string text, bool sync) {
  std::unique_ptr<File> file = co_await open(files, path);
  Status done = co_await put_at(*file, 0, text);
  must(done);
  if (sync) must(co_await file->sync());
}

Task<void> sync_directory(FileSystem& files, std::string_view name) {
  std::string path(name);
  Status done = co_await files.sync_directory(path);
  must(done);
}

Task<void> rename(FileSystem& files, std::string_view from_name, std::string_view to_name) {
  std::string from(from_name), to(to_name);
  Status done = co_await files.rename(from, to);
  must(done);
}

TEST(SimDisk, WhatWasSyncedSurvives) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    Machine machine(seed);
    std::string text(1500, 'x');
    machine.run(write_file(machine.files(), "/f", text, true));
    machine.run(sync_directory(machine.files(), "/"));
    EXPECT_EQ(machine.disk().durable_files(), std::vector<std::string>{"/f"});
    machine.crash();
    ASSERT_EQ(machine.content("/f"), text) << "seed " << seed;
  }
}

TEST(SimDisk, ANameThatWasNotSyncedMayBeLostWithItsData) {
  std::set<std::string> seen;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Machine machine(seed);
    machine.run(write_file(machine.files(), "/f", "data", true));
    machine.crash();
    seen.insert(machine.content("/f"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"(none)", "data"}));
}

TEST(SimDisk, ChangesOfADirectorySurviveInTheirOrder) {
  std::set<std::vector<std::string>> seen;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Machine machine(seed);
    for (const char* path : {"/c", "/a", "/b"}) machine.run(write_file(machine.files(), path, "", false));
    machine.crash();
    seen.insert(machine.disk().current_files());
  }
  EXPECT_EQ(seen, (std::set<std::vector<std::string>>{{}, {"/c"}, {"/a", "/c"}, {"/a", "/b", "/c"}}));
}

TEST(SimDisk, RenameReplacesAtomically) {
  std::set<std::pair<std::string, std::string>> seen;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Machine machine(seed);
    machine.run(write_file(machine.files(), "/f", "old", true));
    machine.run(write_file(machine.files(), "/f.new", "new", true));
    machine.run(sync_directory(machine.files(), "/"));
    machine.run(rename(machine.files(), "/f.new", "/f"));
    machine.crash();
    seen.insert({machine.content("/f"), machine.content("/f.new")});
  }
  EXPECT_EQ(seen, (std::set<std::pair<std::string, std::string>>{{"old", "new"}, {"new", "(none)"}}));
}

Task<void> move_between_directories(FileSystem& files) {
  const std::vector<std::string> directories = {"/from", "/to"};
  for (const std::string& path : directories) must(co_await files.make_directories(path));
  std::string data = "data";
  co_await write_file(files, "/from/f", data, true);
  co_await sync_directory(files, "/");
  co_await sync_directory(files, "/from");
  co_await rename(files, "/from/f", "/to/g");
}
TEST(SimDisk, AMoveBetweenDirectoriesNeitherLosesNorDoubles) {
  std::set<std::vector<std::string>> seen;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Machine machine(seed);
    machine.run(move_between_directories(machine.files()));
    machine.crash();
    seen.insert(machine.disk().current_files());
  }
  EXPECT_EQ(seen, (std::set<std::vector<std::string>>{{"/from/f"}, {"/to/g"}}));
}

// Random writes, truncations and syncs; then each byte must be one that it had at or after the last sync.
struct Model {
  std::vector<std::set<uint8_t>> allowed{20'000, {0}};
  std::vector<uint8_t> now = std::vector<uint8_t>(20'000);
  size_t size = 0;
  std::set<size_t> sizes{0};

  void set(size_t at, size_t count, uint8_t value) {
    for (size_t i = at; i < at + count; ++i) allowed[i].insert(now[i] = value);
  }
  void resize(size_t to) {
    if (to < size) set(to, size - to, 0);
    sizes.insert(size = to);
  }
  void synced() {
    for (size_t i = 0; i < now.size(); ++i) allowed[i] = {now[i]};
    sizes = {size};
  }
};

Task<void> random_changes(File& file, SimRandom& random, Model& model) {
  for (int step = 0; step < 30; ++step) {
    uint64_t kind = random.below(8);
    if (kind == 0) {
      must(co_await file.sync());
      model.synced();
    } else if (kind == 1) {
      size_t size = random.below(10'000);
      must(co_await file.truncate(size));
      model.resize(size);
    } else {
      size_t at = random.below(8'000);
      size_t count = 1 + random.below(3'000);
      uint8_t value = static_cast<uint8_t>(1 + random.below(255));
      std::string text(count, static_cast<char>(value));
      must(co_await put_at(file, at, text));
      model.set(at, count, value);
      if (at + count > model.size) model.resize(at + count);
    }
  }
}
Task<void> random_run(FileSystem& files, SimRandom& random, Model& model) {
  std::unique_ptr<File> file = co_await open(files, "/f");
  co_await sync_directory(files, "/");
  co_await random_changes(*file, random, model);
}

TEST(SimDisk, EachByteIsOneThatWasWrittenSinceTheLastSync) {
  int lost = 0, kept = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Machine machine(seed);
    Model model;
    machine.run(random_run(machine.files(), machine.sim.random(), model));
    std::string before = machine.content("/f");
    machine.crash();
    std::string after = machine.content("/f");
    (after == before ? kept : lost) += 1;
    ASSERT_GE(after.size(), *model.sizes.begin()) << "seed " << seed;
    ASSERT_LE(after.size(), *model.sizes.rbegin()) << "seed " << seed;
    for (size_t i = 0; i < after.size(); ++i) {
      ASSERT_TRUE(model.allowed[i].contains(static_cast<uint8_t>(after[i]))) << "seed " << seed << " byte " << i;
    }
  }
  EXPECT_GT(lost, kSeeds / 4);
  EXPECT_GT(kept, kSeeds / 20);
}

TEST(SimDisk, SectorsAreKeptLostAndTorn) {
  int whole = 0, torn = 0, holes = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    Machine machine(seed);
    machine.run(write_file(machine.files(), "/f", std::string(2048, 'o'), true));
    machine.run(sync_directory(machine.files(), "/"));
    machine.run(write_file(machine.files(), "/f", std::string(2048, 'n'), false));
    machine.crash();
    std::string text = machine.content("/f");
    ASSERT_EQ(text.size(), 2048u);
    bool any_torn = false;
    std::string sectors;
    for (size_t at = 0; at < text.size(); at += 512) {
      any_torn |= text.substr(at, 512).find_first_not_of(text[at]) != std::string::npos;
      sectors += text[at];
    }
    torn += any_torn;
    whole += sectors == "nnnn";
    holes += sectors.find("on") != std::string::npos;  // a later sector without an earlier one
  }
  EXPECT_GT(torn, 10);
  EXPECT_GT(whole, 10);
  EXPECT_GT(holes, 10);
}

Task<void> use_dead_handles(Machine& machine, bool power) {
  FileSystem& files = machine.files();
  std::unique_ptr<File> file = co_await open(files, "/f");
  if (power) {
    machine.sim.kill("m");
  } else {
    machine.sim.kill_process("m");
  }
  expect_error(co_await put_at(*file, 0, "late"), ErrorCode::cancelled);
  expect_error(co_await file->sync(), ErrorCode::cancelled);
  expect_error(file->size(), ErrorCode::cancelled);
  std::vector<uint8_t> buffer(10);
  expect_error(co_await file->read(0, buffer), ErrorCode::cancelled);
  std::string path = "/f";
  expect_error(co_await files.open(path, OpenMode::read), ErrorCode::cancelled);
  expect_error(co_await files.remove(path), ErrorCode::cancelled);
  expect_error(co_await files.sync_all(path), ErrorCode::cancelled);
}
TEST(SimDisk, HandlesOfADeadIncarnationDoNothing) {
  for (bool power : {true, false}) {
    Machine machine(1);
    machine.run(use_dead_handles(machine, power));
    EXPECT_TRUE(power || machine.content("/f") == "");
  }
}

Task<void> sync_into(File& file, std::optional<Status>& into) { into = co_await file.sync(); }
Task<void> crash_during_sync(Machine& machine) {
  std::unique_ptr<File> file = co_await open(machine.files(), "/f");
  TaskScope scope(machine.sim.executor());
  std::optional<Status> synced;
  must(co_await put_at(*file, 0, "text"));
  scope.spawn(sync_into(*file, synced));
  machine.sim.kill("m");
  co_await scope.join();
  expect_error(*synced, ErrorCode::cancelled);
}
TEST(SimDisk, ASyncUnderWayAtTheCrashIsCancelled) {
  Machine machine(1);
  machine.run(crash_during_sync(machine));
}

Task<void> write_during_sync(Machine& machine) {
  std::unique_ptr<File> file = co_await open(machine.files(), "/f");
  co_await sync_directory(machine.files(), "/");
  must(co_await put_at(*file, 0, "before"));
  machine.disk().settings.early_writeback = 0;
  machine.disk().settings.max_write_latency = Duration{0};
  TaskScope scope(machine.sim.executor());
  std::optional<Status> synced;
  scope.spawn(sync_into(*file, synced));
  must(co_await put_at(*file, 0, "later!!"));
  EXPECT_FALSE(synced.has_value());
  co_await scope.join();
  must(*synced);
  std::vector<uint8_t> durable = must(machine.disk().durable_content("/f"));
  EXPECT_EQ(as_text(durable), "before") << "a sync is for what was written before it";
}
TEST(SimDisk, ASyncCoversWhatWasWrittenBeforeIt) {
  Machine machine(1);
  machine.run(write_during_sync(machine));
}

Task<void> failing_sync(Machine& machine) {
  std::unique_ptr<File> file = co_await open(machine.files(), "/f");
  std::string text(4096, 'x');
  must(co_await put_at(*file, 0, text));
  machine.disk().settings.sync_error = 1;
  expect_error(co_await file->sync(), ErrorCode::io, "/f");
  machine.disk().settings.sync_error = 0;
  must(co_await file->sync());
}
TEST(SimDisk, AfterAFailedSyncALaterOneDoesNotBringTheDataBack) {
  int lost = 0;
  for (int seed = 0; seed < 20; ++seed) {
    Machine machine(seed);
    machine.run(failing_sync(machine));
    machine.run(sync_directory(machine.files(), "/"));
    std::vector<uint8_t> durable = must(machine.disk().durable_content("/f"));
    lost += as_text(durable) != std::string(4096, 'x');
  }
  EXPECT_GT(lost, 15);
}

Task<void> failing_writeback(Machine& machine) {
  std::unique_ptr<File> file = co_await open(machine.files(), "/f");
  machine.disk().settings.writeback_error = 1;
  must(co_await put_at(*file, 0, "lost"));
  machine.disk().settings.writeback_error = 0;
  std::string root = "/";
  expect_error(co_await machine.files().sync_all(root), ErrorCode::io);
  must(co_await machine.files().sync_all(root));
}
TEST(SimDisk, AFailedWriteBackIsToldOnce) {
  Machine machine(1);
  machine.run(failing_writeback(machine));
}

Task<void> fill_up(Machine& machine) {
  FileSystem& files = machine.files();
  machine.disk().settings.capacity = 10'000;
  std::unique_ptr<File> file = co_await open(files, "/f");
  must(co_await file->allocate(6'000));
  std::string text(6'000, 'x');
  must(co_await put_at(*file, 0, text));
  std::unique_ptr<File> other = co_await open(files, "/other");
  expect_error(co_await put_at(*other, 0, text), ErrorCode::storage_full, "/other");
  file.reset();
  std::string path = "/f";
  must(co_await files.remove(path));
  must(co_await put_at(*other, 0, text));
  std::string root = "/";
  EXPECT_EQ(must(co_await files.free_bytes(root)), 4'000u);
  EXPECT_EQ(must(co_await files.total_bytes(root)), 10'000u);
}
TEST(SimDisk, CapacityIsUsedUpAndGivenBack) {
  Machine machine(1);
  machine.run(fill_up(machine));
}

TEST(SimDisk, FaultsAndDamage) {
  Machine machine(1);
  machine.run(write_file(machine.files(), "/f", "abcdef", true));
  must(machine.disk().flip_bit("/f", 8));
  EXPECT_EQ(machine.content("/f"), "accdef");
  must(machine.disk().corrupt("/f", 3, 2, 0xff));
  EXPECT_NE(machine.content("/f").substr(3, 2), "de");
  expect_error(machine.disk().flip_bit("/none", 0), ErrorCode::not_found);
}

}  // namespace
}  // namespace distributary
