#include "broker/cursor_removal.h"

#include <fmt/format.h>

#include "model/printable.h"

namespace distributary {

bool has_cursors(const StreamState& state, const std::string& group) {
  auto found = state.cursors().find(group);
  return found != state.cursors().end() && !found->second.empty();
}

Result<CursorRemoval> remove_cursors(Stream& stream, const std::string& group, const CursorFilter& passes) {
  CursorRemoval out;
  auto found = stream.state().cursors().find(group);
  if (found == stream.state().cursors().end()) return out;
  std::vector<TopicPartition> own;
  for (const auto& [partition, slots] : found->second) {
    if (!passes(partition)) continue;
    for (const Cursor& slot : slots) {
      if (slot.writer == stream.origin().stream) {
        own.push_back(partition);
      } else {
        out.kept_others = true;
        out.other_writer = slot.writer;
      }
    }
  }
  out.removed = own.size();
  for (size_t at = 0; at < own.size(); at += kCursorsPerEntryMax) {
    const size_t end = std::min(own.size(), at + kCursorsPerEntryMax);
    CursorsDeleted deleted{group,
                           {own.begin() + static_cast<ptrdiff_t>(at), own.begin() + static_cast<ptrdiff_t>(end)}};
    TRY(out.lsn, stream.delete_cursors(std::move(deleted)));
  }
  return out;
}

Fault kept_fault(const CursorRemoval& removal, const std::string& group) {
  if (!removal.kept_others) return {};
  return {
      KafkaError::policy_violation,
      fmt::format("positions of the group {} were committed at the stream {}, of which this one has a replica: they "
                  "can be deleted there only",
                  quoted(group), to_string(removal.other_writer))};
}

}  // namespace distributary
