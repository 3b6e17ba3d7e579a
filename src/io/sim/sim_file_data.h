// The bytes of one simulated file: what programs see (`current`) and what is on the medium (`durable`), sector by
// sector.
#pragma once

#include <map>
#include <vector>

#include "io/random.h"

namespace distributary {

class SimFileData {
 public:
  static constexpr uint64_t kSector = 512;  // written wholly or not at all, but for the one sector torn by a crash

  const std::vector<uint8_t>& current() const { return current_; }
  std::vector<uint8_t> durable() const;
  uint64_t size() const { return current_.size(); }

  // `early` is the probability that the system had written a dirty sector back by itself before it is written over.
  void write(uint64_t at, ByteView bytes, Random& random, double early);
  void truncate(uint64_t size);

  // A sync in two steps, as other writes may come while it is under way: what was there at its begin is durable at its
  // end.
  struct Snapshot {
    uint64_t sequence = 0;
    uint64_t size = 0;
    struct Sector {
      uint64_t version;
      std::vector<uint8_t> bytes;
    };
    std::map<uint64_t, Sector> sectors;
  };
  Snapshot begin_sync();
  void end_sync(const Snapshot& snapshot);
  // A failed sync: some sectors have reached the medium, the others count as clean all the same and never will.
  void fail_sync(const Snapshot& snapshot, Random& random);

  // Power fails: what was not synced is kept, lost or torn. Afterwards current and durable are the same.
  void crash(Random& random);
  // Damage on the medium, seen by readers too.
  void damage(uint64_t at, uint8_t flip);

 private:
  std::vector<uint8_t> current_sector(uint64_t sector) const;
  void persist(uint64_t sector, ByteView bytes);
  std::map<uint64_t, double> survival(Random& random) const;

  std::vector<uint8_t> current_;
  std::vector<uint8_t> medium_;  // may be longer or shorter than durable_size_; zeros beyond its end
  uint64_t durable_size_ = 0;
  std::map<uint64_t, uint64_t> dirty_;  // sector -> version of its last write
  uint64_t version_ = 0;
  uint64_t syncs_begun_ = 0;
  uint64_t newest_sync_ended_ = 0;
};

}  // namespace distributary
