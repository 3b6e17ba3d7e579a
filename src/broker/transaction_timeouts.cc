#include "broker/transaction_timeouts.h"

#include <algorithm>
#include <map>

#include "base/log.h"

namespace distributary {
namespace {

constexpr std::chrono::hours kExpiryInterval{1};
const Logger transaction_timeouts_logger("broker");

}  // namespace

TransactionTimeouts::TransactionTimeouts(BrokerContext context) : context_(context), scope_(context.world.executor) {
  scope_.spawn(loop());
}

Task<void> TransactionTimeouts::stop() {
  scope_.stop();
  co_await scope_.join();
}

Task<void> TransactionTimeouts::loop() {
  SteadyTime expiry = context_.world.clock().now() + kExpiryInterval;
  while (!scope_.stopping()) {
    Status slept =
        co_await sleep_for(context_.world.executor, context_.options.transaction_sweep_interval, scope_.stop_token());
    if (!slept) co_return;
    abort_late();
    if (context_.world.clock().now() < expiry) continue;
    expiry = context_.world.clock().now() + kExpiryInterval;
    co_await expire_unused();
  }
}

void TransactionTimeouts::abort_late() {
  const WallMillis now = context_.world.clock().wall_now();
  for (const StreamHandle& stream : context_.directory.catalog().open_streams()) {
    if (!stream->stream->state().transactions().open().empty()) abort_late(*stream, now);
  }
}

void TransactionTimeouts::abort_late(const OpenStream& stream, WallMillis now) {
  if (stream.stream->failure() || !stream.stream->damage().empty()) return;
  const TransactionState& transactions = stream.stream->state().transactions();
  std::vector<Stream::TransactionEnding> late;
  for (const TransactionState::ProducerKey& key : transactions.open()) {
    if (key.first != stream.record.uuid) continue;  // its own stream ends it
    const TransactionProducer& producer = transactions.producers().at(key);
    if (now - producer.started <= static_cast<WallMillis>(producer.timeout_ms)) continue;
    const auto next_epoch = static_cast<int16_t>(std::min<int>(producer.epoch + 1, INT16_MAX));
    late.push_back({key.second, next_epoch, false, true});
    transaction_timeouts_logger.info("a transaction takes too long and is aborted",
                                     {{"stream", stream.record.path},
                                      {"transactional_id", producer.transactional_id},
                                      {"producer_id", key.second},
                                      {"timeout_ms", producer.timeout_ms}});
  }
  for (const Stream::TransactionEnding& ending : late) {
    Result<Lsn> ended = stream.stream->end_transaction(ending);
    if (!ended)
      transaction_timeouts_logger.warn("a late transaction cannot be aborted yet",
                                       {{"stream", stream.record.path}, {"why", ended.error().message}});
  }
}

// A transactional id is used where its transactions are.
Task<WallMillis> TransactionTimeouts::last_use(StreamHandle home, TransactionalId id) {
  if (id.bound == home->record.uuid) co_return id.updated;  // its producer is looked at anyway
  Result<StreamHandle> bound = co_await context_.directory.catalog().stream_by_uuid(id.bound);
  if (!bound) co_return bound.error().code == ErrorCode::not_found ? id.updated : INT64_MAX;
  const Uuid there = (*bound)->record.uuid;
  const TransactionProducer* producer = (*bound)->stream->state().transactions().producer(there, id.producer_id);
  if (producer == nullptr) co_return id.updated;
  co_return producer->open ? INT64_MAX : std::max(id.updated, producer->updated);
}

Task<void> TransactionTimeouts::expire_unused(StreamHandle stream) {
  const Uuid own = stream->record.uuid;
  std::vector<TransactionalId> ids;
  for (const auto& [key, id] : stream->stream->state().transactions().ids()) {
    if (key.first == own) ids.push_back(id);
  }
  std::map<int64_t, WallMillis> used;  // by producer id
  for (const TransactionalId& id : ids) {
    WallMillis last = co_await last_use(stream, id);
    used[id.producer_id] = std::max(used[id.producer_id], last);
  }
  for (const auto& [key, producer] : stream->stream->state().transactions().producers()) {
    if (key.first != own) continue;
    WallMillis last = producer.open ? INT64_MAX : producer.updated;
    used[key.second] = std::max(used[key.second], last);
  }
  const std::chrono::milliseconds expiry = stream->stream->options().producer_expiry;
  const WallMillis before = context_.world.clock().wall_now() - expiry.count();
  std::erase_if(used, [&](const auto& item) { return item.second >= before; });
  if (used.empty()) co_return;
  std::vector<int64_t> unused;
  for (const auto& [producer_id, last] : used) unused.push_back(producer_id);
  Result<Lsn> expired = stream->stream->expire_producers(std::move(unused));
  if (!expired)
    transaction_timeouts_logger.warn("unused transactional ids cannot be forgotten yet",
                                     {{"stream", stream->record.path}, {"why", expired.error().message}});
}

Task<void> TransactionTimeouts::expire_unused() {
  std::vector<StreamHandle> streams = context_.directory.catalog().open_streams();
  for (StreamHandle& stream : streams) {
    if (scope_.stopping()) co_return;
    if (stream->stream->state().transactions().empty()) continue;
    StreamHandle one = std::move(stream);
    co_await expire_unused(std::move(one));
  }
}

}  // namespace distributary
