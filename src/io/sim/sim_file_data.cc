#include "io/sim/sim_file_data.h"

#include <algorithm>

#include "io/sim/sim_random.h"

namespace distributary {

std::vector<uint8_t> SimFileData::durable() const {
  std::vector<uint8_t> bytes = medium_;
  bytes.resize(durable_size_);
  return bytes;
}

void SimFileData::write(uint64_t at, ByteView bytes, Random& random, double early) {
  if (bytes.empty()) return;
  uint64_t end = at + bytes.size();
  ++version_;
  for (uint64_t sector = at / kSector; sector * kSector < end; ++sector) {
    auto [place, fresh] = dirty_.try_emplace(sector, version_);
    if (!fresh && chance(random, early)) persist(sector, current_sector(sector));
    place->second = version_;
  }
  if (end > current_.size()) current_.resize(end);
  std::copy(bytes.begin(), bytes.end(), current_.begin() + static_cast<ptrdiff_t>(at));
}

void SimFileData::truncate(uint64_t size) {
  ++version_;
  for (uint64_t sector = size / kSector; sector * kSector < current_.size(); ++sector) dirty_[sector] = version_;
  current_.resize(size);
}

std::vector<uint8_t> SimFileData::current_sector(uint64_t sector) const {
  std::vector<uint8_t> bytes(kSector);
  uint64_t from = sector * kSector;
  if (from < current_.size()) {
    std::copy_n(current_.begin() + static_cast<ptrdiff_t>(from), std::min(kSector, current_.size() - from),
                bytes.begin());
  }
  return bytes;
}

void SimFileData::persist(uint64_t sector, ByteView bytes) {
  uint64_t from = sector * kSector;
  if (medium_.size() < from + kSector) medium_.resize(from + kSector);
  std::copy(bytes.begin(), bytes.end(), medium_.begin() + static_cast<ptrdiff_t>(from));
}

SimFileData::Snapshot SimFileData::begin_sync() {
  Snapshot snapshot{++syncs_begun_, current_.size(), {}};
  for (auto [sector, version] : dirty_)
    snapshot.sectors.emplace(sector, Snapshot::Sector{version, current_sector(sector)});
  return snapshot;
}

void SimFileData::end_sync(const Snapshot& snapshot) {
  if (snapshot.sequence < newest_sync_ended_) return;  // a sync begun later has brought more already
  newest_sync_ended_ = snapshot.sequence;
  durable_size_ = snapshot.size;
  for (const auto& [sector, kept] : snapshot.sectors) {
    persist(sector, kept.bytes);
    auto dirty = dirty_.find(sector);
    if (dirty != dirty_.end() && dirty->second == kept.version) dirty_.erase(dirty);
  }
}

void SimFileData::fail_sync(const Snapshot& snapshot, Random& random) {
  bool stale = snapshot.sequence < newest_sync_ended_;
  for (const auto& [sector, kept] : snapshot.sectors) {
    auto dirty = dirty_.find(sector);
    if (dirty == dirty_.end() || dirty->second != kept.version) continue;
    if (!stale && chance(random, 0.5)) persist(sector, kept.bytes);
    dirty_.erase(dirty);
  }
}

// Which dirty sectors reach the medium: the probability for each. Besides any subset, the plain cases come often: none,
// all, and all up to some place.
std::map<uint64_t, double> SimFileData::survival(Random& random) const {
  std::map<uint64_t, double> odds;
  uint64_t kind = random.below(4);
  uint64_t prefix = kind == 2 ? random.below(dirty_.size() + 1) : 0;
  uint64_t index = 0;
  for (auto [sector, version] : dirty_) {
    double values[] = {0.0, 1.0, index < prefix ? 1.0 : 0.0, 0.5};
    odds.emplace(sector, values[kind]);
    ++index;
  }
  return odds;
}

void SimFileData::crash(Random& random) {
  uint64_t torn = ~uint64_t{0};
  if (!dirty_.empty() && chance(random, 0.5))
    torn = std::next(dirty_.begin(), static_cast<ptrdiff_t>(random.below(dirty_.size())))->first;
  for (auto [sector, odds] : survival(random)) {
    std::vector<uint8_t> bytes = current_sector(sector);
    if (sector == torn) {
      bytes.resize(random.below(kSector));  // the head is new, the rest stays as it was
      persist(sector, bytes);
    } else if (chance(random, odds)) {
      persist(sector, bytes);
    }
  }
  uint64_t low = std::min<uint64_t>(durable_size_, current_.size());
  uint64_t high = std::max<uint64_t>(durable_size_, current_.size());
  switch (random.below(3)) {
    case 0: break;  // the old size
    case 1: durable_size_ = current_.size(); break;
    default: durable_size_ = std::min(high, (low + random.below(high - low + 1)) / kSector * kSector + kSector);
  }
  medium_.resize(durable_size_);
  current_ = medium_;
  dirty_.clear();
  newest_sync_ended_ = syncs_begun_ + 1;  // nothing that is still under way may touch the medium again
  syncs_begun_ = newest_sync_ended_;
}

void SimFileData::damage(uint64_t at, uint8_t flip) {
  if (at < current_.size()) current_[at] ^= flip;
  if (at < medium_.size()) medium_[at] ^= flip;
}

}  // namespace distributary
