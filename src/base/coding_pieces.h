// Pieces that several of our formats share, on top of base/coding.h. As there: what is impossible makes `in.ok()`
// false, and the caller looks once at the end.
#pragma once

#include "base/coding.h"
#include "base/uuid.h"

namespace distributary {

inline void put_uuid(Encoder& out, const Uuid& uuid) { out.raw(uuid.view()); }

inline Uuid get_uuid(Decoder& in) {
  const ByteView bytes = in.raw(sizeof(Uuid::bytes));
  return in.ok() ? Uuid::from_view(bytes) : Uuid{};
}

// A count of items that take at least `bytes_min` each. More cannot follow than there are bytes, so it bounds a loop
// and what is reserved.
inline size_t get_count(Decoder& in, size_t bytes_min = 1) {
  const uint64_t count = in.varint();
  if (count > in.remaining() / bytes_min) in.fail();
  return in.ok() ? static_cast<size_t>(count) : 0;
}

}  // namespace distributary
