#include "model/entry.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"

namespace distributary {
namespace {

constexpr size_t kChecksumBytes = sizeof(uint32_t);

uint32_t local_checksum(const uint8_t* entry, uint32_t salt) {
  return crc32c({entry + kChecksumBytes, kEntryLocalHeaderBytes - kChecksumBytes}, salt);
}

ContentView write_local_header(std::vector<uint8_t>& group, size_t at, Lsn lsn, uint32_t salt) {
  uint8_t* entry = group.data() + at;
  uint32_t payload = load_le<uint32_t>(entry + kEntryLocalHeaderBytes + 28);
  store_le<uint32_t>(entry + 4, static_cast<uint32_t>(entry_length(payload)));
  store_le<uint64_t>(entry + 8, lsn);
  store_le<uint64_t>(entry + 16, 0);
  store_le<uint32_t>(entry, local_checksum(entry, salt));
  return ContentView({entry + kEntryLocalHeaderBytes, kEntryContentHeaderBytes + payload});
}

Status check_kind(const ContentView& content) {
  if (content.version() != kEntryVersion || !is_known(content.entry_class(), content.type())) {
    return fail(
        ErrorCode::unsupported,
        fmt::format("entry of class {} type {} version {} is unknown to this build; use a newer one",
                    static_cast<int>(content.entry_class()), static_cast<int>(content.type()), content.version()));
  }
  return {};
}

}  // namespace

bool is_known(EntryClass entry_class, EntryType type) {
  auto number = static_cast<uint8_t>(type);
  if (entry_class == EntryClass::history) return number >= 1 && number <= 15 && type != EntryType::baseline;
  if (entry_class == EntryClass::baseline) return type == EntryType::baseline;
  if (entry_class == EntryClass::rewritten) return type == EntryType::skipped || type == EntryType::compacted_batch;
  return entry_class == EntryClass::local && type == EntryType::expired;
}

std::string_view to_string(EntryType type) {
  switch (type) {
    case EntryType::record_batch: return "record batch";
    case EntryType::topic_created: return "topic created";
    case EntryType::topic_altered: return "topic altered";
    case EntryType::topic_deleted: return "topic deleted";
    case EntryType::cursors_committed: return "cursors committed";
    case EntryType::cursors_deleted: return "cursors deleted";
    case EntryType::producer_ids_issued: return "producer ids issued";
    case EntryType::producers_expired: return "producers expired";
    case EntryType::leader_epoch_raised: return "leader epoch raised";
    case EntryType::records_deleted: return "records deleted";
    case EntryType::baseline: return "baseline";
    case EntryType::transactional_id_registered: return "transactional id registered";
    case EntryType::transaction_extended: return "transaction extended";
    case EntryType::transaction_positions: return "transaction positions";
    case EntryType::transaction_ended: return "transaction ended";
    case EntryType::skipped: return "skipped";
    case EntryType::compacted_batch: return "compacted batch";
    case EntryType::expired: return "expired";
  }
  return "unknown";
}

namespace {

// Payloads of rewritten entries begin alike (docs/formats/stream-log.md): a compacted batch with the checksum of the
// original content, a skipped range with the chain hash after it; then what the originals count for.
constexpr size_t kCompactedChecksumAt = 0;
constexpr size_t kSkippedCountAt = 16;

}  // namespace

Hash128 ContentView::chain_after() const {
  if (type() == EntryType::skipped)
    return {load_le<uint64_t>(payload().data()), load_le<uint64_t>(payload().data() + 8)};
  bool compacted = type() == EntryType::compacted_batch;
  if (!is_history() && !compacted) return chain_before();  // a baseline stands at the position that it names
  uint8_t input[20];
  std::memcpy(input, at(40), 16);
  std::memcpy(input + 16, compacted ? payload().data() + kCompactedChecksumAt : at(0), 4);
  return hash128(input);
}

uint64_t ContentView::lsn_count() const {
  bool range = type() == EntryType::skipped && payload().size() >= kSkippedHeaderBytes;
  return range ? load_le<uint64_t>(payload().data() + kSkippedCountAt) : 1;
}

uint64_t ContentView::history_bytes() const {
  if (is_history()) return bytes_.size();
  if (type() == EntryType::skipped) return load_le<uint64_t>(payload().data() + kSkippedCountAt + 8);
  return type() == EntryType::compacted_batch ? load_le<uint32_t>(payload().data() + 4) : 0;
}

uint64_t ContentView::history_records() const {
  if (type() == EntryType::skipped) return load_le<uint64_t>(payload().data() + kSkippedCountAt + 16);
  return is_batch() ? offset_count() : 0;
}

ByteView ContentView::batch() const {
  if (type() == EntryType::record_batch) return payload();
  bool compacted = type() == EntryType::compacted_batch && payload().size() >= kCompactedHeaderBytes;
  return compacted ? payload().subspan(kCompactedHeaderBytes) : ByteView();
}

Result<ContentView> ContentView::parse(ByteView bytes) {
  if (bytes.size() < kEntryContentHeaderBytes)
    return fail(ErrorCode::corrupt, "entry content is shorter than its header");
  ContentView content(bytes);
  if (content.payload_length() != bytes.size() - kEntryContentHeaderBytes) {
    return fail(ErrorCode::corrupt, "entry content has another length than its header says");
  }
  if (crc32c(bytes.subspan(kChecksumBytes)) != content.checksum()) {
    return fail(ErrorCode::corrupt,
                fmt::format("content checksum of origin LSN {} does not match", content.origin_lsn()));
  }
  TRY_STATUS(check_kind(content));
  size_t needed =
      content.type() == EntryType::skipped ? kSkippedHeaderBytes : (content.is_rewritten() ? kCompactedHeaderBytes : 0);
  bool counts = content.payload_length() >= needed;
  if (counts && content.type() == EntryType::skipped)
    counts = content.lsn_count() > 0 && content.lsn_count() <= kSkippedLsnsMax;
  if (!counts) return fail(ErrorCode::corrupt, "rewritten entry is malformed");
  return content;
}

uint32_t entry_salt(uint32_t segment_salt, uint64_t epoch) {
  return crc32c({reinterpret_cast<const uint8_t*>(&epoch), sizeof epoch}, segment_salt);
}

namespace {

// Room for one more entry, so that its parts do not each let the vector grow, and copy it, again.
void reserve_entry(std::vector<uint8_t>& group, size_t payload) {
  const size_t needed = group.size() + entry_length(payload);
  if (needed > group.capacity()) group.reserve(std::max(needed, 2 * group.capacity()));
}

}  // namespace

size_t begin_entry(std::vector<uint8_t>& group, const ContentFields& fields, ByteView payload) {
  CHECK(payload.size() <= kEntryPayloadBytesMax);
  reserve_entry(group, payload.size());
  size_t at = group.size();
  group.resize(at + kEntryHeaderBytes);  // zeroes
  uint8_t* content = group.data() + at + kEntryLocalHeaderBytes;
  content[4] = static_cast<uint8_t>(fields.entry_class);
  content[5] = static_cast<uint8_t>(fields.type);
  store_le<uint16_t>(content + 6, kEntryVersion);
  std::memcpy(content + 8, fields.origin.stream.bytes.data(), 16);
  store_le<uint32_t>(content + 24, fields.origin.incarnation);
  store_le<uint32_t>(content + 28, static_cast<uint32_t>(payload.size()));
  store_le<uint64_t>(content + 32, fields.origin_lsn);
  store_le<uint64_t>(content + 40, fields.chain_before.low);
  store_le<uint64_t>(content + 48, fields.chain_before.high);
  store_le<int64_t>(content + 56, fields.appended);
  std::memcpy(content + 64, fields.topic.bytes.data(), 16);
  store_le<uint32_t>(content + 80, fields.partition);
  store_le<uint32_t>(content + 84, fields.offset_count);
  store_le<int64_t>(content + 88, fields.base_offset);
  group.insert(group.end(), payload.begin(), payload.end());
  group.resize(at + entry_length(payload.size()));
  return at;
}

ContentView seal_entry(std::vector<uint8_t>& group, size_t at, Lsn lsn, uint32_t salt) {
  uint8_t* content = group.data() + at + kEntryLocalHeaderBytes;
  size_t length = kEntryContentHeaderBytes + load_le<uint32_t>(content + 28);
  store_le<uint32_t>(content, crc32c({content + kChecksumBytes, length - kChecksumBytes}));
  return write_local_header(group, at, lsn, salt);
}

ContentView append_content(std::vector<uint8_t>& group, ByteView content, Lsn lsn, uint32_t salt) {
  CHECK(content.size() >= kEntryContentHeaderBytes);
  reserve_entry(group, content.size() - kEntryContentHeaderBytes);
  size_t at = group.size();
  group.resize(at + kEntryLocalHeaderBytes);
  group.insert(group.end(), content.begin(), content.end());
  group.resize(at + entry_length(content.size() - kEntryContentHeaderBytes));
  return write_local_header(group, at, lsn, salt);
}

Result<EntryView> EntryView::parse_header(ByteView bytes, uint32_t salt) {
  if (bytes.size() < kEntryHeaderBytes) return fail(ErrorCode::corrupt, "entry is cut short");
  if (local_checksum(bytes.data(), salt) != load_le<uint32_t>(bytes.data())) {
    return fail(ErrorCode::corrupt, "header checksum does not match");
  }
  EntryView entry;
  entry.lsn = load_le<uint64_t>(bytes.data() + 8);
  entry.length = load_le<uint32_t>(bytes.data() + 4);
  uint32_t payload = load_le<uint32_t>(bytes.data() + kEntryLocalHeaderBytes + 28);
  if (entry.length > bytes.size() || payload > kEntryPayloadBytesMax || entry.length != entry_length(payload)) {
    return fail(ErrorCode::corrupt, fmt::format("entry {} has an impossible length", entry.lsn));
  }
  for (size_t i = kEntryHeaderBytes + payload; i < entry.length; ++i) {
    if (bytes[i] != 0) return fail(ErrorCode::corrupt, fmt::format("padding of entry {} is not zero", entry.lsn));
  }
  entry.content = ContentView(bytes.subspan(kEntryLocalHeaderBytes, kEntryContentHeaderBytes + payload));
  return entry;
}

Result<EntryView> EntryView::parse(ByteView bytes, uint32_t salt) {
  TRY(EntryView entry, parse_header(bytes, salt));
  auto content = ContentView::parse(entry.content.bytes());
  if (!content) return fail(content.error().context(fmt::format("entry {}", entry.lsn)));
  return entry;
}

}  // namespace distributary
