#include "stream/key_compaction.h"

#include <algorithm>

#include "model/batch_filter.h"

namespace distributary {
namespace {

// How long ago, whatever clocks have said.
WallMillis age(WallMillis now, WallMillis then) {
  WallMillis age = 0;
  return __builtin_sub_overflow(now, then, &age) ? INT64_MAX : age;
}

bool is_note(EntryType type) {
  return type == EntryType::cursors_committed || type == EntryType::transaction_extended ||
         type == EntryType::transaction_positions || type == EntryType::transaction_ended;
}

WallMillis later(WallMillis now, WallMillis by) { return by > INT64_MAX - now ? INT64_MAX : now + by; }

}  // namespace

KeyCompaction::KeyCompaction(const StreamState& state, Rules rules, std::vector<bool> compacted, WallMillis now,
                             KeyMap map, const std::vector<SegmentInfo>& segments)
    : state_(state), rules_(std::move(rules)), compacted_(std::move(compacted)), now_(now), map_(std::move(map)) {
  for (const SegmentInfo& segment : segments) places_.push_back({.segment = segment});
}

KeyCompaction::Place* KeyCompaction::find(SegmentNumber segment) {
  auto found = std::partition_point(places_.begin(), places_.end(),
                                    [&](const Place& place) { return place.segment.number < segment; });
  return found != places_.end() && found->segment.number == segment ? &*found : nullptr;
}

void KeyCompaction::see(const IndexEntry& entry) {
  const uint32_t ordinal = ordinal_of(entry.key);
  if (entry.hole() || ordinal >= compacted_.size() || !compacted_[ordinal]) return;
  bool same = seen_ < places_.size() && places_[seen_].segment.number == entry.segment;
  if (!same) {
    const Place* found = find(entry.segment);
    if (found == nullptr) return;
    seen_ = static_cast<size_t>(found - places_.data());
  }
  places_[seen_].compacted = true;
}

Result<bool> KeyCompaction::learn(const ScannedGroup& group, size_t& offset, size_t place) {
  records_ = 0;
  for (;;) {
    if (reading_ && learn_records(place)) return true;
    if (offset >= group.entries_end() || map_.full()) return false;
    auto entry = group.entry(offset);
    if (!entry) return fail(entry.error());
    offset += entry->length;
    if (entry->content.is_batch()) begin_batch(entry->content, place);
    if (is_note(entry->content.type())) places_[place].notes += entry->length;
  }
}

// Old enough, and of no open transaction.
bool KeyCompaction::settled(const ContentView& content, const EffectiveTopicSettings& rules, const Topic& topic) const {
  if (rules.min_compaction_lag_ms > 0 && age(now_, content.appended()) < rules.min_compaction_lag_ms) return false;
  const Offset durable = topic.partitions[content.partition()].high_watermark;
  const TopicPartition partition{content.topic(), content.partition()};
  return content.end_offset() <= std::min(durable, state_.transactions().first_unstable(partition, durable));
}

const AbortedTransaction* KeyCompaction::aborted_with(const StreamState& state, const ContentView& content,
                                                      const RecordBatchView& batch) {
  if (!batch.transactional()) return nullptr;
  return state.transactions().aborted_at({content.topic(), content.partition()}, batch.producer_id(),
                                         content.base_offset());
}

void KeyCompaction::begin_batch(const ContentView& content, size_t place) {
  const Topic* topic = state_.topic(content.topic());
  if (topic == nullptr || content.partition() >= topic->partitions.size()) return;
  if (!is_compacted(*topic)) return;
  const EffectiveTopicSettings rules = rules_(*topic);
  const IndexKey partition = index_key(topic->ordinal, content.partition());
  if (closed_.contains(partition)) return;
  if (!settled(content, rules, *topic)) {
    closed_.insert(partition);  // nor does anything after it: what is known of a key must have no gap
    return;
  }
  auto batch = RecordBatchView::parse(content.batch());
  if (!batch || batch->control()) return;
  if (const AbortedTransaction* aborted = aborted_with(state_, content, *batch)) {
    if (aborted->first != content.base_offset()) places_[place].superseded += content.bytes().size();
    return;
  }
  const PartitionState& at = topic->partitions[content.partition()];
  // The last durable batch of a partition stays as it is; what is dead as a whole goes without us, but until then it is
  // there.
  const bool uncounted = content.end_offset() == at.high_watermark || content.end_offset() <= at.log_start;
  places_[place].max_lag = std::min(places_[place].max_lag, rules.max_compaction_lag_ms);
  begin_records(content, *batch, rules, uncounted);
  if (reading_) {
    reading_->partition = partition;
  } else {
    unreadable_.insert(partition);  // it may hold older records of any key
  }
}

void KeyCompaction::begin_records(const ContentView& content, const RecordBatchView& batch,
                                  const EffectiveTopicSettings& rules, bool uncounted) {
  auto reader = RecordReader::open(batch, kCompactedBatchBytesMax);
  if (!reader) return;
  reading_.emplace(Reading{.reader = std::move(*reader)});
  reading_->overdue = age(now_, content.appended()) >= rules.max_compaction_lag_ms;
  std::optional<WallMillis> horizon = delete_horizon(batch);
  if (horizon) reading_->tombstone = *horizon <= now_ ? KeyMap::Kind::expired : KeyMap::Kind::waiting;
  reading_->horizon = horizon.value_or(INT64_MAX);
  auto records = static_cast<size_t>(std::max(batch.record_count(), 1));
  reading_->bytes = static_cast<uint32_t>(content.bytes().size() / records);
  if (!uncounted) return;
  reading_->tombstone = KeyMap::Kind::value;
  reading_->bytes = 0;
}

// True: there are more.
bool KeyCompaction::learn_records(size_t place) {
  while (records_ < kRecordsPerTurn) {
    auto record = reading_->reader.next();
    if (!record) unreadable_.insert(reading_->partition);
    if (!record || !*record || map_.full()) {
      reading_.reset();
      return false;
    }
    ++records_;
    learn_record(**record, place);
  }
  return true;
}

void KeyCompaction::learn_record(const Record& record, size_t place) {
  if (!record.key) return;
  Hash128 key = map_.hash(reading_->partition, *record.key);
  if (!map_.in_slice(key)) return;
  KeyMap::Newest noted{.offset = record.offset, .segment = static_cast<uint32_t>(place), .bytes = reading_->bytes};
  noted.overdue = reading_->overdue;
  if (!record.value) noted.kind = reading_->tombstone;
  KeyMap::Newest older = map_.note(key, noted);
  count(noted, older, reading_->horizon);
}

void KeyCompaction::count(const KeyMap::Newest& record, const KeyMap::Newest& older, WallMillis horizon) {
  Place& place = places_[record.segment];
  const bool alone = older.offset < 0;
  if (record.kind == KeyMap::Kind::tombstone) place.unmarked += record.bytes;
  if (record.kind == KeyMap::Kind::expired && alone) place.superseded += record.bytes;
  if (record.kind == KeyMap::Kind::expired && !alone) place.blocked = true;
  if (record.kind == KeyMap::Kind::waiting) place.next_horizon = std::min(place.next_horizon, horizon);
  if (alone) return;
  Place& before = places_[older.segment];
  const bool counted = older.kind == KeyMap::Kind::expired && older.alone;
  if (!counted) before.superseded += older.bytes;
  if (older.kind == KeyMap::Kind::tombstone) before.unmarked -= older.bytes;
  before.overdue = before.overdue || older.overdue;
}

void KeyCompaction::begin_row(SegmentNumber first, bool held) {
  while (clean_until_ < places_.size() && places_[clean_until_].clean()) ++clean_until_;
  older_gone_ = clean_until_ == places_.size() || places_[clean_until_].segment.number >= first;
  held_ = held;
  row_again_ = INT64_MAX;
}

void KeyCompaction::end_row(SegmentNumber first, SegmentNumber last) {
  older_gone_ = false;
  for (Place& place : places_) {
    if (place.segment.number >= first && place.segment.number <= last) place.rewritten = true;
  }
}

const KeyMap::Newest* KeyCompaction::known(const Record& record, IndexKey partition) const {
  if (!record.key) return nullptr;
  Hash128 key = map_.hash(partition, *record.key);
  return map_.in_slice(key) ? map_.find(key) : nullptr;
}

bool KeyCompaction::keeps(const Record& record, IndexKey partition) const {
  const KeyMap::Newest* newest = known(record, partition);
  if (newest == nullptr || newest->offset < record.offset) return true;
  if (newest->offset > record.offset) return false;
  // A tombstone goes only when nothing older would come back to life.
  const bool expired = !record.value && newest->kind == KeyMap::Kind::expired;
  return !expired || !newest->alone || held_ || !knows_all(partition);
}

// Whether a tombstone that stays lets its batch get a delete horizon.
void KeyCompaction::see_tombstone(const Record& record, IndexKey partition, Choice& choice) const {
  const KeyMap::Newest* newest = known(record, partition);
  if (newest == nullptr) return;  // another pass knows it
  const bool may = newest->offset == record.offset && knows_all(partition) && (newest->alone || older_gone_);
  (may ? choice.marked : choice.too_early) = true;
}

KeyCompaction::Choice KeyCompaction::choose(RecordReader records, IndexKey partition) const {
  Choice choice;
  for (auto record = records.next();; record = records.next()) {
    choice.whole = record.has_value();
    if (!record || !*record) return choice;
    choice.keep.push_back(keeps(**record, partition));
    const bool tombstone = (*record)->key && !(*record)->value;
    choice.tombstones = choice.tombstones || (choice.keep.back() && tombstone);
    if (choice.keep.back() && tombstone) see_tombstone(**record, partition, choice);
  }
}

Verdict KeyCompaction::judge(const ContentView& content, const Topic& topic, WallMillis now) {
  Verdict verdict;
  const EffectiveTopicSettings rules = rules_(topic);
  // What is behind the high watermark may be lost; it is the last then.
  const bool last = content.end_offset() == topic.partitions[content.partition()].high_watermark;
  if (!is_compacted(topic) || !compacts(rules.cleanup_policy) || last || !settled(content, rules, topic))
    return verdict;
  auto batch = RecordBatchView::parse(content.batch());
  if (!batch || batch->control()) return verdict;
  if (const AbortedTransaction* aborted = aborted_with(state_, content, *batch)) {
    // Its first batch says where it began, also to who reads the log from the begin.
    if (aborted->first != content.base_offset()) verdict.fate = Verdict::Fate::drop;
    return verdict;
  }
  auto reader = RecordReader::open(*batch, kCompactedBatchBytesMax);
  if (!reader) return verdict;
  const Choice choice = choose(*reader, index_key(topic.ordinal, content.partition()));
  verdict.records = choice.keep.size();
  std::optional<WallMillis> horizon;
  if (choice.mark() && !delete_horizon(*batch)) horizon = later(now, rules.delete_retention_ms);
  const WallMillis until = horizon.value_or(delete_horizon(*batch).value_or(now));
  if (choice.tombstones) row_again_ = std::min(row_again_, std::max(now, until));
  const bool untouched = choice.kept() == choice.keep.size() && !horizon;
  if (!choice.whole || untouched) return verdict;
  if (choice.kept() == 0) {
    verdict.fate = Verdict::Fate::drop;
    return verdict;
  }
  auto filtered = filter_batch(*batch, std::move(*reader), choice.keep, horizon);
  if (!filtered) return verdict;  // it stays as it is
  verdict.fate = Verdict::Fate::replace;
  verdict.batch = std::move(*filtered);
  return verdict;
}

}  // namespace distributary
