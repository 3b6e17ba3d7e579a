// Big-endian loads and stores, for bytes that Kafka defines. Our own formats are little-endian: base/coding.h.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace distributary {

template <class T>
requires std::is_integral_v<T> T swap_bytes(T value) {
  if constexpr (sizeof(T) == 1) return value;
  if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
  if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
  if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
}

template <class T>
T load_be(const uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return swap_bytes(value);
}

template <class T>
void store_be(uint8_t* at, T value) {
  value = swap_bytes(value);
  std::memcpy(at, &value, sizeof value);
}

}  // namespace distributary
