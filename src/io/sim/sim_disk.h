// The stable storage of one simulated host. It survives crashes; programs reach it through a SimFileSystem, one for
// each incarnation of a node (sim_file_system.h).
//
// What a crash keeps: file contents up to the last sync; of later writes any subset of sectors (512 bytes), one of them
// possibly torn, with the old size, the new one, or one between. Creations, renames and removals are kept up to the
// last sync_directory of their directory; of the later ones in a directory, some first ones in their order. A rename
// between two directories is kept or lost as a whole. A file whose contents were synced is still lost if its name was
// not.
//
// Threads: the simulation's. Ownership: outlives every SimFileSystem and File on it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "io/sim/sim_file_data.h"
#include "io/sim/sim_random.h"

namespace distributary {

struct SimDiskSettings {
  uint64_t capacity = uint64_t{64} << 30;
  Duration max_read_latency = std::chrono::microseconds(200);
  Duration max_write_latency = std::chrono::microseconds(50);
  Duration min_sync_latency = std::chrono::microseconds(100);
  Duration max_sync_latency = std::chrono::milliseconds(2);
  bool in_memory = false;  // what File::in_memory says
  double read_error = 0;   // probabilities
  double write_error = 0;
  double sync_error = 0;
  double early_writeback = 0.1;  // see SimFileData::write
  // For each write, that the system fails to write it back by itself: the next sync of the file, or of all, says so,
  // once.
  double writeback_error = 0;
};

struct SimInode;
// Shared: by its name, by the name that is still on the medium, and by open files.
using SimInodePtr = std::shared_ptr<SimInode>;

// One change of a directory's entries that is not on the medium yet.
struct SimDirectoryChange {
  uint64_t id = 0;  // the two halves of a rename between directories share it
  std::string name;
  SimInodePtr target;        // null: the name goes
  std::string also_removed;  // the old name of a rename within the directory
  std::weak_ptr<SimInode> partner;
};

struct SimInode {
  uint64_t number = 0;
  bool is_directory = false;
  // A file.
  SimFileData data;
  uint64_t allocated = 0;
  uint64_t charged = 0;  // bytes of capacity
  int names = 0;
  int opens = 0;
  uint64_t device_stamp = 0;      // File::device_stamp
  bool writeback_failed = false;  // and nobody has been told
  // A directory.
  std::map<std::string, SimInodePtr> entries;
  std::map<std::string, SimInodePtr> durable_entries;
  std::deque<SimDirectoryChange> pending;
};

class SimDisk {
 public:
  SimDisk(uint64_t seed, std::string name);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;

  SimDiskSettings settings;  // may be changed at any time
  uint64_t bytes_read = 0;   // of all files so far

  // The power fails. Every File and FileSystem opened before is dead: its operations fail with `cancelled`.
  void crash(Random& random);
  // The process dies, the machine lives on: handles are dead, what was written stays, durable or not.
  void close_all();
  uint64_t incarnation() const { return incarnation_; }

  // For checkers: what is on the medium, as if everything not synced were lost.
  Result<std::vector<uint8_t>> durable_content(const std::string& path) const;
  std::vector<std::string> durable_files() const;  // paths, sorted
  Result<std::vector<uint8_t>> current_content(const std::string& path) const;
  std::vector<std::string> current_files() const;

  // Damage: one bit (offset in bits), or bytes XORed with `pattern` (not 0), on the medium and in memory.
  Status flip_bit(const std::string& path, uint64_t bit);
  Status corrupt(const std::string& path, uint64_t at, uint64_t length, uint8_t pattern = 0xa5);

  uint64_t free_bytes() const { return used_ > settings.capacity ? 0 : settings.capacity - used_; }
  Random& random() { return random_; }
  const std::string& name() const { return name_; }

  // The operations of SimFileSystem and its files, at once and without latency.
  Result<SimInodePtr> find(const std::string& path) const;
  Result<SimInodePtr> create_file(const std::string& path);
  Status make_directories(const std::string& path);
  Status rename(const std::string& from, const std::string& to);
  Status remove(const std::string& path);
  // Takes capacity for `inode` to have `size` bytes; storage_full when there is not enough.
  Status reserve(SimInode& inode, uint64_t size, const std::string& path);
  void recount(SimInode& inode);
  void opened(SimInode& inode);
  void file_closed(SimInode& inode);
  std::vector<SimInodePtr> all_inodes() const { return reachable(true); }
  uint64_t newest_change() const { return last_change_; }
  // Brings the changes of `directory` up to that id to the medium, and what they are bound to elsewhere.
  void commit_through(SimInode& directory, uint64_t change);

 private:
  struct Place {
    SimInodePtr directory;
    std::string name;
  };
  Result<Place> locate(const std::string& path) const;
  SimInodePtr make_inode(bool directory);
  void link(SimInode& directory, const std::string& name, SimInodePtr target);
  void unlink(SimInode& directory, const std::string& name);
  void remove_tree(SimInode& directory, const std::string& name);
  void apply(SimInode& directory, const SimDirectoryChange& change);
  void collect(const SimInodePtr& from, bool with_pending, std::vector<SimInodePtr>& into,
               std::unordered_set<uint64_t>& seen) const;
  std::vector<SimInodePtr> reachable(bool with_pending) const;
  void name_gone(SimInode& inode);
  void crash_directories(Random& random);

  std::string name_;
  SimRandom random_;
  uint64_t last_inode_ = 0;  // before root_, which takes the first number
  SimInodePtr root_;
  uint64_t incarnation_ = 1;
  uint64_t last_change_ = 0;
  uint64_t used_ = 0;
};

}  // namespace distributary
