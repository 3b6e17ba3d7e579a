// KeyCompaction: one pass of key compaction over the sealed segments of a log, for one slice of all keys. First it
// learns of each key the newest record, from all that compacted topics have there; then it says of each batch what is
// left of it, while segments are rewritten. What goes is counted by segment, so that the owner can choose.
//
// Nothing at or above the first record of an open transaction counts, nor what is younger than min.compaction.lag.ms.
// Records of aborted transactions supersede nothing. A tombstone goes when it has a delete horizon, which has passed,
// and no older record of its key is left; it gets the horizon once none is left, or none will be after this pass.
//
// Belongs to one round of a Stream. Threads: one executor. Never waits: the owner lets others go first in between.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "model/record.h"
#include "model/topic_settings.h"
#include "stream/key_map.h"
#include "stream/segment_rewriter.h"
#include "stream/segment_scanner.h"
#include "stream/stream_state.h"

namespace distributary {

inline constexpr size_t kCompactedBatchBytesMax = 64u << 20;  // decompressed; a batch that is larger stays as it is

class KeyCompaction {
 public:
  using Rules = std::function<EffectiveTopicSettings(const Topic&)>;

  // A segment, and what this pass may take from it.
  struct Place {
    SegmentInfo segment;
    bool compacted = false;               // batches of compacted topics are in it
    uint64_t superseded = 0;              // bytes of records that go: superseded, expired tombstones, aborted
    uint64_t unmarked = 0;                // bytes of tombstones that wait for their delete horizon
    uint64_t notes = 0;                   // bytes of what transactions and cursors have said, which goes with records
    bool overdue = false;                 // a superseded record is older than max.compaction.lag.ms
    WallMillis max_lag = INT64_MAX;       // the smallest of its topics
    WallMillis next_horizon = INT64_MAX;  // when the first of its tombstones that wait may go
    bool blocked = false;                 // tombstones past their horizon stay, for something older is left
    bool damaged = false;
    bool rewritten = false;  // by this pass
    bool clean() const { return (superseded == 0 || rewritten) && !damaged; }
  };

  // `compacted`: by ordinal of the topic. `now`: of the whole pass.
  KeyCompaction(const StreamState& state, Rules rules, std::vector<bool> compacted, WallMillis now, KeyMap map,
                const std::vector<SegmentInfo>& segments);

  // --- learning: what the index has, then the batches of each place, in log order
  void see(const IndexEntry& entry);
  size_t places() const { return places_.size(); }
  const Place& place(size_t number) const { return places_[number]; }
  Place* find(SegmentNumber segment);
  // Reads entries of a group from `offset` on, and moves it, until the group's end (false) or until enough records were
  // read that others should go first (true). Errors: corrupt.
  Result<bool> learn(const ScannedGroup& group, size_t& offset, size_t place);
  // Not all of it could be read: it stays, and so do all tombstones.
  void note_damaged(size_t place) { places_[place].damaged = damaged_ = true; }
  bool full() const { return map_.full(); }                 // there are more keys than the map may hold
  bool left_for_later() const { return !closed_.empty(); }  // some records do not count yet

  // --- rewriting: rows of neighbours, in log order. `held`: somebody reads history from before the row's end, and may
  // have older records of a key; tombstones stay.
  void begin_row(SegmentNumber first, bool held);
  void end_row(SegmentNumber first, SegmentNumber last);
  // What is left of a batch that is not dead as a whole.
  Verdict judge(const ContentView& content, const Topic& topic, WallMillis now);
  // From when on more may go from the row that was rewritten last.
  WallMillis row_again() const { return row_again_; }

 private:
  // The batch whose records are being read.
  struct Reading {
    RecordReader reader;
    IndexKey partition = 0;
    uint32_t bytes = 0;  // of each record, by and large
    KeyMap::Kind tombstone = KeyMap::Kind::tombstone;
    bool overdue = false;
    WallMillis horizon = INT64_MAX;
  };
  bool settled(const ContentView& content, const EffectiveTopicSettings& rules, const Topic& topic) const;
  void begin_batch(const ContentView& content, size_t place);
  void begin_records(const ContentView& content, const RecordBatchView& batch, const EffectiveTopicSettings& rules,
                     bool uncounted);
  bool learn_records(size_t place);
  void learn_record(const Record& record, size_t place);
  void count(const KeyMap::Newest& record, const KeyMap::Newest& older, WallMillis horizon);
  const KeyMap::Newest* known(const Record& record, IndexKey partition) const;
  bool keeps(const Record& record, IndexKey partition) const;
  struct Choice {
    std::vector<bool> keep;   // by record
    bool whole = false;       // all records could be read
    bool tombstones = false;  // some stay
    bool marked = false;      // a tombstone may get its delete horizon
    bool too_early = false;   // older records of another are left
    size_t kept() const { return static_cast<size_t>(std::count(keep.begin(), keep.end(), true)); }
    bool mark() const { return marked && !too_early; }
  };
  Choice choose(RecordReader records, IndexKey partition) const;
  void see_tombstone(const Record& record, IndexKey partition, Choice& choice) const;
  bool is_compacted(const Topic& topic) const { return topic.ordinal < compacted_.size() && compacted_[topic.ordinal]; }
  static const AbortedTransaction* aborted_with(const StreamState& state, const ContentView& content,
                                                const RecordBatchView& batch);
  bool knows_all(IndexKey partition) const { return !damaged_ && !unreadable_.contains(partition); }

  const StreamState& state_;
  Rules rules_;
  std::vector<bool> compacted_;
  WallMillis now_;
  KeyMap map_;
  std::vector<Place> places_;  // ascending
  size_t seen_ = 0;            // the place of the entry seen last
  std::optional<Reading> reading_;
  size_t records_ = 0;                              // read since others went first
  boost::unordered_flat_set<IndexKey> closed_;      // partitions of which the rest does not count
  boost::unordered_flat_set<IndexKey> unreadable_;  // partitions with records that the map does not know
  bool damaged_ = false;                            // any place is
  size_t clean_until_ = 0;                          // nothing goes any more from the places before
  bool older_gone_ = false;                         // of every record in the row that is being rewritten
  bool held_ = false;                               // the row is
  WallMillis row_again_ = INT64_MAX;
};

}  // namespace distributary
