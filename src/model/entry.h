// An entry of a stream's log: the fixed header and a payload (docs/formats/stream-log.md). Two parts: the *local*
// header, which belongs to one log, and the *content*, the same bytes in every replica, with its own checksum and its
// place in the origin's chain.
//
// EntryView borrows the bytes of one entry. Pure values: any thread.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "base/error.h"
#include "base/time.h"
#include "model/ids.h"

namespace distributary {

// rewritten: stands for history of which a rewrite has dropped something (model/rewritten_entry.h).
enum class EntryClass : uint8_t { history = 1, local = 2, baseline = 3, rewritten = 4 };

enum class EntryType : uint8_t {
  record_batch = 1,
  topic_created = 2,
  topic_altered = 3,
  topic_deleted = 4,
  cursors_committed = 5,
  cursors_deleted = 6,
  producer_ids_issued = 7,
  producers_expired = 8,
  leader_epoch_raised = 9,
  records_deleted = 10,
  baseline = 11,
  transactional_id_registered = 12,
  transaction_extended = 13,
  transaction_positions = 14,
  transaction_ended = 15,
  skipped = 32,
  compacted_batch = 33,
  expired = 64,
};
bool is_known(EntryClass entry_class, EntryType type);
std::string_view to_string(EntryType type);

inline constexpr size_t kEntryLocalHeaderBytes = 24;
inline constexpr size_t kEntryContentHeaderBytes = 96;
inline constexpr size_t kEntryHeaderBytes = kEntryLocalHeaderBytes + kEntryContentHeaderBytes;
inline constexpr uint16_t kEntryVersion = 1;
inline constexpr size_t kSkippedHeaderBytes = 40;   // of the payload of a skipped range, before what it did
inline constexpr size_t kCompactedHeaderBytes = 8;  // of the payload of a compacted batch, before the batch
inline constexpr uint64_t kSkippedLsnsMax = uint64_t{1} << 40;
inline constexpr size_t kEntryPayloadBytesMax = 64u << 20;

// Length of a whole entry with `payload` bytes, padded to 8.
inline constexpr size_t entry_length(size_t payload) { return (kEntryHeaderBytes + payload + 7) & ~size_t{7}; }

// A borrowed view of a content: header (96 bytes) and payload, without local header and padding. What links carry.
class ContentView {
 public:
  ContentView() = default;
  explicit ContentView(ByteView bytes) : bytes_(bytes) {}
  // Checks lengths, class, type and version (unsupported), and the checksum (corrupt).
  static Result<ContentView> parse(ByteView bytes);

  ByteView bytes() const { return bytes_; }
  uint32_t checksum() const { return load_le<uint32_t>(at(0)); }
  EntryClass entry_class() const { return static_cast<EntryClass>(*at(4)); }
  EntryType type() const { return static_cast<EntryType>(*at(5)); }
  uint16_t version() const { return load_le<uint16_t>(at(6)); }
  Origin origin() const { return Origin{Uuid::from_view(bytes_.subspan(8, 16)), load_le<uint32_t>(at(24))}; }
  uint32_t payload_length() const { return load_le<uint32_t>(at(28)); }
  OriginLsn origin_lsn() const { return load_le<uint64_t>(at(32)); }
  Hash128 chain_before() const { return {load_le<uint64_t>(at(40)), load_le<uint64_t>(at(48))}; }
  Hash128 chain_after() const;
  // What it stands for in its origin's history and in the log: itself, unless a rewrite has made it.
  uint64_t lsn_count() const;
  OriginLsn last_origin_lsn() const { return origin_lsn() + lsn_count() - 1; }
  uint64_t history_bytes() const;    // of the original contents; 0 when it is no history
  uint64_t history_records() const;  // offsets of the original record batches
  WallMillis appended() const { return load_le<int64_t>(at(56)); }
  TopicUuid topic() const { return Uuid::from_view(bytes_.subspan(64, 16)); }
  PartitionIndex partition() const { return load_le<uint32_t>(at(80)); }
  uint32_t offset_count() const { return load_le<uint32_t>(at(84)); }
  Offset base_offset() const { return load_le<int64_t>(at(88)); }
  Offset end_offset() const { return base_offset() + offset_count(); }
  ByteView payload() const { return bytes_.subspan(kEntryContentHeaderBytes); }
  // The record batch, original or compacted; empty in entries of other types.
  ByteView batch() const;
  bool is_batch() const { return type() == EntryType::record_batch || type() == EntryType::compacted_batch; }
  bool is_rewritten() const { return entry_class() == EntryClass::rewritten; }
  bool is_history() const { return entry_class() == EntryClass::history; }
  // What links carry: history, and what stands for history no longer kept.
  bool travels() const { return entry_class() != EntryClass::local; }

 private:
  const uint8_t* at(size_t offset) const { return bytes_.data() + offset; }
  ByteView bytes_;
};

// What the writer of a new entry decides; the rest is computed.
struct ContentFields {
  EntryClass entry_class = EntryClass::history;
  EntryType type = EntryType::record_batch;
  Origin origin;
  OriginLsn origin_lsn = 0;
  Hash128 chain_before;
  WallMillis appended = 0;
  TopicUuid topic;
  PartitionIndex partition = 0;
  uint32_t offset_count = 0;
  Offset base_offset = 0;
};

// Checksum seed for the local header of entries of one group.
uint32_t entry_salt(uint32_t segment_salt, uint64_t epoch);

// Appends an entry to `group`: reserves its place, lets the caller fill or patch the payload before sealing. Usage:
//   size_t at = begin_entry(group, fields, payload);   // payload copied once
//   ... patch group[at + kEntryHeaderBytes ...]
//   ContentView content = seal_entry(group, at, lsn, salt);
size_t begin_entry(std::vector<uint8_t>& group, const ContentFields& fields, ByteView payload);
ContentView seal_entry(std::vector<uint8_t>& group, size_t at, Lsn lsn, uint32_t salt);
// Appends a content that exists already, byte for byte, under a new local header.
ContentView append_content(std::vector<uint8_t>& group, ByteView content, Lsn lsn, uint32_t salt);

// One whole entry in a log.
struct EntryView {
  Lsn lsn = 0;
  size_t length = 0;  // in the log, padding included
  ContentView content;

  Lsn end_lsn() const { return lsn + content.lsn_count(); }  // one past the last that it stands for

  // Checks the local header against `salt`, the lengths, and the content's checksum. `corrupt` says which of them
  // failed.
  static Result<EntryView> parse(ByteView bytes, uint32_t salt);
  // Local header and lengths only: for walking over entries whose content is checked elsewhere.
  static Result<EntryView> parse_header(ByteView bytes, uint32_t salt);
};

}  // namespace distributary
