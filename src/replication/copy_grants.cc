#include "replication/copy_grants.h"

#include "base/coding.h"
#include "wire/link/link_limits.h"

namespace distributary {

namespace {

constexpr std::string_view kPrefix = "grant/";
constexpr size_t kPurgeBatch = 1000;
constexpr uint8_t kGrantsVersion = 1;

struct Record {
  CopyGrants::Pair pair;
  WallMillis expires = 0;
  Uuid copy;  // nil: not used yet
};

std::string encode(const Record& record) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u8(kGrantsVersion);
  out.text(record.pair.source_cluster);
  out.raw(record.pair.source.view());
  out.raw(record.pair.replica.view());
  out.i64(record.expires);
  out.raw(record.copy.view());
  return std::string(as_text(bytes));
}

Result<Record> decode(const std::string& value) {
  Decoder in(as_bytes(value));
  Record out;
  uint8_t version = in.u8();
  out.pair.source_cluster = in.text();
  ByteView source = in.raw(16), replica = in.raw(16);
  out.expires = in.i64();
  ByteView copy = in.raw(16);
  if (!in.done() || version != kGrantsVersion) return fail(ErrorCode::corrupt, "a stored copy grant cannot be read");
  out.pair.source = Uuid::from_view(source);
  out.pair.replica = Uuid::from_view(replica);
  out.copy = Uuid::from_view(copy);
  return out;
}

std::string key_of(const std::string& grant) { return std::string(kPrefix) + grant; }

WallMillis millis(Duration span) { return std::chrono::duration_cast<std::chrono::milliseconds>(span).count(); }

Error denied(std::string_view why) {
  return Error{ErrorCode::permission_denied,
               "the grant for this copy " + std::string(why) + "; start the copy again with `mapr copystream`"};
}

}  // namespace

Task<Result<std::string>> CopyGrants::issue(Pair pair, Duration valid) {
  CO_TRY_STATUS(co_await purge());
  std::string grant = to_string(world_.random.uuid()) + to_string(world_.random.uuid());
  Record record{pair, world_.clock().wall_now() + millis(valid), Uuid{}};
  MetaBatch batch;
  batch.require(key_of(grant), std::nullopt).put(key_of(grant), encode(record));
  CO_TRY_STATUS(co_await meta_.apply(std::move(batch)));
  co_return grant;
}

Task<Status> CopyGrants::use(std::string grant, Pair pair, Uuid copy) {
  if (grant.empty() || grant.size() > kGrantBytesMax || copy.is_nil()) co_return fail(denied("is missing"));
  std::string key = key_of(grant);
  CO_TRY(std::optional<std::string> value, co_await meta_.get(key));
  if (!value) co_return fail(denied("is not known"));
  CO_TRY(Record record, decode(*value));
  WallMillis now = world_.clock().wall_now();
  if (record.pair != pair) co_return fail(denied("is for other streams"));
  if (!record.copy.is_nil() && record.copy != copy) co_return fail(denied("was used by another copy"));
  if (record.expires < now) co_return fail(denied("is out of time"));
  record.copy = copy;
  record.expires = now + millis(idle_limit_);
  MetaBatch batch;
  batch.require(key, *value).put(key, encode(record));
  co_return co_await meta_.apply(std::move(batch));
}

Task<Status> CopyGrants::finish(std::string grant) {
  MetaBatch batch;
  batch.remove(key_of(grant));
  co_return co_await meta_.apply(std::move(batch));
}

Task<Status> CopyGrants::purge() {
  std::string prefix(kPrefix), after;
  CO_TRY(std::vector<MetaEntry> entries, co_await meta_.scan(prefix, after, kPurgeBatch));
  MetaBatch batch;
  for (const MetaEntry& entry : entries) {
    Result<Record> record = decode(entry.value);
    if (!record || record->expires < world_.clock().wall_now()) batch.require(entry.key, entry.value).remove(entry.key);
  }
  if (batch.writes.empty()) co_return Status{};
  Status removed = co_await meta_.apply(std::move(batch));
  // A grant that was used in between stays; the next purge looks again.
  if (!removed && removed.error().code != ErrorCode::conflict) co_return removed;
  co_return Status{};
}

}  // namespace distributary
