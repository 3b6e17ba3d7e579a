#include "stream/tail_cache.h"

#include <algorithm>

namespace distributary {

void TailCache::put(const LogId& log, SegmentNumber segment, uint64_t at, Bytes data, size_t held) {
  Key key{log, segment, at};
  held = std::max(held, data.size());
  Buffer& buffer = buffers_[key];
  bytes_ += held - buffer.held;
  buffer = {std::move(data), held};
  order_.push_back(key);
  while (bytes_ > budget_ && !order_.empty()) {
    auto oldest = buffers_.find(order_.front());
    order_.pop_front();
    if (oldest == buffers_.end()) continue;
    bytes_ -= oldest->second.held;
    buffers_.erase(oldest);
  }
}

std::optional<Bytes> TailCache::get_from(const LogId& log, SegmentNumber segment, uint64_t at) const {
  auto after = buffers_.upper_bound(Key{log, segment, at});
  if (after == buffers_.begin()) return std::nullopt;
  const Key& key = std::prev(after)->first;
  const Bytes& data = std::prev(after)->second.data;
  if (key.log != log || key.segment != segment || at - key.at >= data.size()) return std::nullopt;
  return data.slice(at - key.at, data.size() - (at - key.at));
}

std::optional<Bytes> TailCache::get(const LogId& log, SegmentNumber segment, uint64_t at, size_t length) const {
  std::optional<Bytes> found = get_from(log, segment, at);
  if (!found || found->size() < length) return std::nullopt;
  return found->slice(0, length);
}

void TailCache::drop(const LogId& log) { drop(log, 0, UINT64_MAX); }

void TailCache::drop(const LogId& log, SegmentNumber first, SegmentNumber last) {
  auto at = buffers_.lower_bound(Key{log, first, 0});
  while (at != buffers_.end() && at->first.log == log && at->first.segment <= last) {
    bytes_ -= at->second.held;
    at = buffers_.erase(at);
  }
}

}  // namespace distributary
