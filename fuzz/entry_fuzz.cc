// Entries of a log and what is in them, as a disk or a link may give them. The checksum is made right first, so that
// the fuzzer gets past it. What is taken encodes to the same bytes again.
#include <algorithm>
#include <vector>

#include "base/check.h"
#include "model/entry.h"
#include "model/entry_payload.h"
#include "model/rewritten_entry.h"
#include "model/transaction_payload.h"

using namespace distributary;

namespace {

template <class Payload>
void round_trip(ByteView bytes) {
  auto payload = Payload::decode(bytes);
  if (!payload) return;
  auto again = Payload::decode(payload->encode());
  CHECK(again && *again == *payload);
}

// Its steps are in the order in which they are applied.
void read_skipped(ByteView payload) {
  auto skipped = Skipped::decode(payload);
  if (!skipped) return;
  uint64_t at = 0;
  for (const SkippedStep& step : skipped->steps()) {
    CHECK(step.at >= at && step.at < skipped->count);
    at = step.at;
  }
}

void read_payload(const ContentView& content) {
  const ByteView payload = content.payload();
  switch (content.type()) {
    case EntryType::topic_created: return round_trip<TopicCreated>(payload);
    case EntryType::topic_altered: return round_trip<TopicAltered>(payload);
    case EntryType::cursors_committed: return round_trip<CursorsCommitted>(payload);
    case EntryType::cursors_deleted: return round_trip<CursorsDeleted>(payload);
    case EntryType::producer_ids_issued: return round_trip<ProducerIdsIssued>(payload);
    case EntryType::producers_expired: return round_trip<ProducersExpired>(payload);
    case EntryType::records_deleted: return round_trip<RecordsDeleted>(payload);
    case EntryType::transactional_id_registered: return round_trip<TransactionalIdRegistered>(payload);
    case EntryType::transaction_extended: return round_trip<TransactionExtended>(payload);
    case EntryType::transaction_positions: return round_trip<TransactionPositions>(payload);
    case EntryType::transaction_ended: return round_trip<TransactionEnded>(payload);
    case EntryType::skipped: return read_skipped(payload);
    case EntryType::expired: return round_trip<Expired>(payload);
    default: return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)EntryView::parse(ByteView(data, size), 7);
  (void)ContentView::parse(ByteView(data, size));
  if (size < kEntryContentHeaderBytes) return 0;
  std::vector<uint8_t> bytes(data, data + size);
  store_le(bytes.data() + 28, static_cast<uint32_t>(size - kEntryContentHeaderBytes));
  store_le(bytes.data() + 6, kEntryVersion);
  store_le(bytes.data(), crc32c(ByteView(bytes).subspan(4)));
  auto content = ContentView::parse(bytes);
  if (!content) return 0;
  CHECK(content->payload().size() == size - kEntryContentHeaderBytes);
  read_payload(*content);
  std::vector<uint8_t> entry;
  (void)append_content(entry, bytes, 9, 7);
  auto whole = EntryView::parse(entry, 7);
  CHECK(whole && whole->lsn == 9 && std::ranges::equal(whole->content.bytes(), bytes));
  return 0;
}
