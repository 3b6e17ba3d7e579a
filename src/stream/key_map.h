// KeyMap: of each key the newest record, for compaction. Bounded: it holds a slice of all keys, chosen so that it fits
// its budget. Keys are known by a hash of 128 bits, salted so that nobody can choose two that collide.
//
// Belongs to one compaction. Threads: one executor.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/checksum.h"
#include "base/uuid.h"
#include "stream/index_entry.h"

namespace distributary {

class KeyMap {
 public:
  static constexpr uint32_t kSlicesMax = 4096;  // a power of two

  // Slice `slice` of `slices`, a power of two.
  KeyMap(const Uuid& salt, size_t budget_bytes, uint32_t slices, uint32_t slice);

  // What a record is beside a value.
  enum class Kind : uint8_t {
    value,
    tombstone,  // not yet given a delete horizon
    waiting,    // for its delete horizon
    expired,    // past it
  };
  struct Newest {
    Offset offset = 0;
    uint32_t segment = 0;  // place in the row of segments that are read
    uint32_t bytes = 0;
    Kind kind = Kind::value;
    bool overdue = false;  // it should go at once when it is superseded
    bool alone = true;     // no older record of the key is in the log
  };
  Hash128 hash(IndexKey partition, ByteView key) const;
  bool in_slice(const Hash128& key) const;
  // A record newer than all before; gives what it supersedes (offset -1: nothing). Only while there is room.
  Newest note(const Hash128& key, const Newest& record);
  // One more key could take more memory than the budget, growing included.
  bool full() const;
  const Newest* find(const Hash128& key) const;
  size_t size() const { return newest_.size(); }

 private:
  struct Hasher {
    using is_avalanching = void;
    size_t operator()(const Hash128& key) const { return key.low; }
  };
  Uuid salt_;
  size_t budget_bytes_;
  uint32_t slices_;
  uint32_t slice_;
  boost::unordered_flat_map<Hash128, Newest, Hasher> newest_;
};

}  // namespace distributary
