#include "stream/key_map.h"

#include <utility>

#include "base/coding.h"

namespace distributary {

KeyMap::KeyMap(const Uuid& salt, size_t budget_bytes, uint32_t slices, uint32_t slice)
    : salt_(salt), budget_bytes_(budget_bytes), slices_(slices), slice_(slice) {}

bool KeyMap::full() const {
  if (newest_.size() < newest_.max_load()) return false;
  constexpr size_t kSlotBytes = sizeof(Hash128) + sizeof(Newest) + 1;
  return newest_.bucket_count() * 3 * kSlotBytes > budget_bytes_;  // while it grows, the old table is there too
}

Hash128 KeyMap::hash(IndexKey partition, ByteView key) const {
  std::vector<uint8_t> input;
  input.reserve(24 + key.size());
  Encoder out(input);
  out.raw(salt_.view());
  out.u64(partition);
  out.raw(key);
  return hash128(input);
}

// By the upper bits, so that slice i of n is what slices 2i and 2i+1 of 2n are.
bool KeyMap::in_slice(const Hash128& key) const {
  return static_cast<uint32_t>((key.high >> 32) * slices_ >> 32) == slice_;
}

KeyMap::Newest KeyMap::note(const Hash128& key, const Newest& record) {
  auto [place, is_new] = newest_.try_emplace(key, record);
  if (is_new) return Newest{.offset = -1};
  Newest older = std::exchange(place->second, record);
  place->second.alone = false;
  return older;
}

const KeyMap::Newest* KeyMap::find(const Hash128& key) const {
  auto found = newest_.find(key);
  return found == newest_.end() ? nullptr : &found->second;
}

}  // namespace distributary
