// SkippedRange: gathers consecutive entries that a rewrite drops, until one skipped entry is written for them all.
//
// Beside record batches these may be positions and the entries of transactions. Of those the range says what has become
// of cursors and producers: of each producer how its last whole transaction ended, and of those that are not whole in
// the range, or may not be, the entries' payloads as they are. So the state after a range is that after the originals.
//
// Belongs to one SegmentRewriter.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/rewritten_entry.h"
#include "stream/stream_state.h"

namespace distributary {

inline constexpr size_t kNoteBytesMax = 16u << 10;  // of a content that is no batch; a larger one is not dropped
// Of names, metadata and payloads, and of cursors; then another range begins. Positions that are in payloads become
// cursors when their transaction turns out to be whole, and must not be too many then.
inline constexpr size_t kSkippedTextMax = 128u << 10;
inline constexpr size_t kSkippedCursorsWanted = kSkippedCursorsMax / 2;

// Whether an entry that is no batch may be dropped: no reader needs it. An end is needed while it is the last of a
// partition, for a reader at the end finds it, and while records that were aborted may be left.
bool is_droppable(const StreamState& state, const ContentView& content);

class SkippedRange {
 public:
  explicit SkippedRange(const StreamState& state) : state_(&state) {}

  bool empty() const { return skipped_.count == 0; }
  // Adds a record batch that is dropped, what is droppable, or a range that was dropped before. False: it does not
  // follow what is here, or would make it too large; write that first.
  Result<bool> add(const EntryView& entry, bool trimmed);
  // What is to be written for them; empty again afterwards.
  struct Taken {
    Lsn lsn = 0;
    uint64_t count = 0;  // of LSNs
    ContentFields fields;
    std::vector<uint8_t> payload;
    std::vector<uint8_t> original;  // instead: the only content that was added, a range of its own or shorter than one
  };
  Taken take();

 private:
  // What a producer of transactions did in the range.
  struct Producer {
    std::vector<SkippedNote> before;  // of a transaction that may have begun before the range
    bool closed = false;              // nothing is open, or only what is in `open`
    std::optional<SkippedTransaction> settled;
    std::vector<SkippedNote> open;  // of one that has begun in the range, after the others, and has not ended
  };

  bool follows(const EntryView& entry) const;
  bool fits(const Skipped& more) const;
  void begin(const EntryView& entry);
  void add_partition(const SkippedPartition& item);
  void add_batch(const SkippedBatch& batch);
  Status add_steps(const Skipped& more, uint64_t first);
  Status add_settled(SkippedTransaction item);
  Status add_note(SkippedNote note);
  Status add_end(Producer& producer, const SkippedNote& note);
  void add_cursor(const std::string& group, SkippedCursor cursor);
  void forget(std::vector<SkippedNote>& notes);

  const StreamState* state_;
  Lsn lsn_ = 0;
  ContentFields fields_;
  Skipped skipped_;
  std::vector<uint8_t> original_;            // of the only entry, if it is no batch
  std::map<TopicPartition, size_t> places_;  // in skipped_.partitions
  std::map<std::pair<TopicPartition, int64_t>, std::vector<SkippedBatch>> batches_;
  std::map<int64_t, Producer> producers_;
  std::map<std::string, std::map<TopicPartition, SkippedCursor>> groups_;
  size_t notes_ = 0;
  size_t cursors_ = 0;
  size_t text_ = 0;
};

}  // namespace distributary
