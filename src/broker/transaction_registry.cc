#include "broker/transaction_registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "model/path.h"
#include "model/printable.h"

namespace distributary {
namespace {
const Logger transaction_registry_logger("broker");
}

const TransactionalId* FoundTransaction::registered() const {
  return home->stream->state().transactions().id(home->record.uuid, id);
}

const TransactionProducer* FoundTransaction::producer() const {
  const TransactionalId* known = registered();
  if (known == nullptr || !bound) return nullptr;
  return bound->stream->state().transactions().producer(bound->record.uuid, known->producer_id);
}

const TransactionProducer* FoundTransaction::open() const {
  const TransactionProducer* known = producer();
  return known != nullptr && known->open ? known : nullptr;
}

int16_t FoundTransaction::epoch() const {
  const TransactionalId* known = registered();
  const TransactionProducer* there = producer();
  const int16_t at_home = known == nullptr ? kNoProducerEpoch : known->epoch;
  return there == nullptr ? at_home : std::max(at_home, there->epoch);
}

Fault coordinator_fault(const Error& error) {
  switch (error.code) {
    case ErrorCode::not_owner: return fault_of(error, Subject::append);
    case ErrorCode::not_found: return {KafkaError::unknown_topic_or_partition, error.message};
    case ErrorCode::too_large:
    case ErrorCode::invalid_argument: return {KafkaError::policy_violation, error.message};
    case ErrorCode::conflict: return {KafkaError::invalid_txn_state, error.message};
    case ErrorCode::permission_denied: return {KafkaError::transactional_id_authorization_failed, error.message};
    default: return {KafkaError::coordinator_not_available, error.message};
  }
}

Fault TransactionRegistry::spans_streams(const FoundTransaction& found, const OpenStream& one,
                                         const OpenStream& other) {
  std::string message = fmt::format(
      "a transaction is of one stream: that of {} is in {} and cannot reach into {}; end it first, or keep "
      "what belongs together in one stream",
      quoted(found.shown), one.record.path, other.record.path);
  const SteadyTime now = context_.world.clock().now();
  if (refusal_logged_ == SteadyTime::min() || now - refusal_logged_ >= kRefusalLogInterval) {
    transaction_registry_logger.info("a transaction over several streams was refused",
                                     {{"why", message}, {"others", std::exchange(refusals_unlogged_, 0)}});
    refusal_logged_ = now;
  } else {
    ++refusals_unlogged_;
  }
  return {KafkaError::policy_violation, std::move(message)};
}

TransactionalIdRegistered registration_of(const FoundTransaction& found) {
  const TransactionalId& known = *found.registered();
  return {found.id,
          known.producer_id,
          found.epoch(),
          known.previous_producer_id,
          known.previous_epoch,
          known.timeout_ms,
          found.bound ? found.bound->record.uuid : found.home->record.uuid};
}

Task<Result<StreamHandle>> TransactionRegistry::home_of(std::string id) {
  const std::string& preferred = context_.directory.names().default_stream();
  if (!preferred.empty()) {
    std::string path = preferred;
    co_return co_await context_.directory.stream(std::move(path));
  }
  StreamHandle first;
  std::vector<std::string> paths = context_.directory.catalog().paths();
  for (std::string& path : paths) {
    // One that does not open may be the home: then nobody can say who writes under the id.
    CO_TRY(StreamHandle stream, co_await context_.directory.stream(std::move(path)));
    if (stream->stream->state().transactions().id(stream->record.uuid, id) != nullptr) co_return stream;
    if (!first) first = std::move(stream);
  }
  if (first) co_return first;
  co_return fail(ErrorCode::unavailable, "there is no stream yet that could hold transactional ids");
}

Task<Fault> TransactionRegistry::find_bound(FoundTransaction& found) {
  for (;;) {
    const TransactionalId* known = found.registered();
    const Uuid bound = known == nullptr ? found.home->record.uuid : known->bound;
    if (bound == found.home->record.uuid) {
      found.bound = found.home;
      co_return Fault{};
    }
    Result<StreamHandle> stream = co_await context_.directory.catalog().stream_by_uuid(bound);
    if (!stream && stream.error().code != ErrorCode::not_found) co_return coordinator_fault(stream.error());
    found.bound = stream ? std::move(*stream) : nullptr;
    known = found.registered();
    if (known != nullptr && known->bound == bound) co_return Fault{};
  }
}

Task<FoundTransaction> TransactionRegistry::find(std::string transactional_id, StreamAction action,
                                                 const Caller& caller) {
  FoundTransaction found;
  Result<TopicPlace> place = fail(ErrorCode::invalid_argument, "");
  if (is_full_topic_name(transactional_id)) place = context_.directory.names().parse(transactional_id);
  Result<StreamHandle> home = StreamHandle();
  found.id = place ? place->topic : transactional_id;
  if (place) {
    home = co_await context_.directory.stream(std::move(place->stream_path));
  } else {
    std::string id = transactional_id;
    home = co_await home_of(std::move(id));
  }
  if (!home) {
    const bool final = home.error().code == ErrorCode::not_found;
    found.fault = final ? Fault{KafkaError::transactional_id_authorization_failed, home.error().message}
                        : coordinator_fault(home.error());
    co_return found;
  }
  found.home = std::move(*home);
  found.shown = context_.directory.names().display(found.home->record.path, found.id);
  if (!context_.directory.allowed(caller, found.home->record, action)) {
    found.fault = {KafkaError::transactional_id_authorization_failed,
                   fmt::format("the transactional id {} is kept in the stream {}, which needs {}",
                               quoted(transactional_id), found.home->record.path, required_permissions(action))};
    co_return found;
  }
  found.fault = co_await find_bound(found);
  co_return found;
}

Fault TransactionRegistry::check(const FoundTransaction& found, const ProducerClaim& claim) const {
  if (busy_.contains(key_of(found)))
    return {KafkaError::concurrent_transactions, "another step of this transactional id is under way; try again"};
  const TransactionalId* known = found.registered();
  if (known == nullptr || known->producer_id != claim.producer_id) {
    return {KafkaError::invalid_producer_id_mapping,
            fmt::format("producer id {} does not belong to the transactional id {}; begin with InitProducerId",
                        claim.producer_id, quoted(found.shown))};
  }
  if (claim.epoch == found.epoch()) return {};
  return {KafkaError::producer_fenced,
          fmt::format("epoch {} of the transactional id {} is over, the present one is {}: a newer producer has begun, "
                      "or its transaction took too long",
                      claim.epoch, quoted(found.shown), found.epoch())};
}

Task<Fault> TransactionRegistry::bind(FoundTransaction& found, ProducerClaim claim, StreamHandle stream,
                                      std::stop_token stop) {
  if (found.bound_to(stream)) co_return Fault{};
  Fault fault = check(found, claim);
  if (!fault.ok()) co_return fault;
  if (found.open() != nullptr) co_return spans_streams(found, *found.bound, *stream);
  Lock lock(*this, found);
  TransactionalIdRegistered registration = registration_of(found);
  registration.bound = stream->record.uuid;
  Result<Lsn> registered = found.home->stream->register_transactional_id(std::move(registration));
  if (!registered) co_return coordinator_fault(registered.error());
  Status durable = co_await found.home->stream->wait_acknowledged(*registered, deadline(), stop);
  if (!durable) co_return coordinator_fault(durable.error());
  found.bound = std::move(stream);
  co_return Fault{};
}

}  // namespace distributary
