#include "broker/fetch_sessions.h"

#include <fmt/format.h>

namespace distributary {
namespace {

int32_t epoch_after(int32_t epoch) { return epoch == INT32_MAX ? 1 : epoch + 1; }

}  // namespace

FetchSessions::Opened FetchSessions::open(const FetchRequest& request, const Caller& caller) {
  if (request.session_epoch != kInitialFetchEpoch && request.session_epoch != kFinalFetchEpoch) {
    return resume(request, caller);
  }
  auto ended = find(request.session_id, caller);
  if (ended != kept_.end()) drop(ended);
  Opened opened;
  opened.session = std::make_shared<FetchSession>(context_.world.executor, request, caller);
  opened.epoch = opened.session->next_epoch;
  opened.keep = request.session_epoch == kInitialFetchEpoch;
  return opened;
}

FetchSessions::Opened FetchSessions::resume(const FetchRequest& request, const Caller& caller) {
  auto found = find(request.session_id, caller);
  if (found == kept_.end()) {
    return {.fault = {KafkaError::fetch_session_id_not_found,
                      fmt::format("there is no fetch session {}", request.session_id)}};
  }
  Kept& kept = found->second;
  FetchSession& session = *kept.session;
  if (request.session_epoch != session.next_epoch) {
    return {.fault = {KafkaError::invalid_fetch_session_epoch,
                      fmt::format("the session's next request has epoch {}, not {}", session.next_epoch,
                                  request.session_epoch)}};
  }
  if (request.by_topic_id != session.by_topic_id) {
    return {.fault = {KafkaError::fetch_session_topic_id_error, "a session names topics in one way only"}};
  }
  session.next_epoch = epoch_after(session.next_epoch);
  kept.used = context_.world.clock().now();
  return {.session = kept.session, .epoch = session.next_epoch, .incremental = true};
}

Fault FetchSessions::change(const Opened& opened, const FetchRequest& request) {
  FetchSession& session = *opened.session;
  session.change(request);
  auto found = kept_.find(session.id);
  if (!opened.incremental || found == kept_.end() || found->second.session != opened.session) return {};
  partitions_ += session.size() - found->second.size;  // modulo 2^64, so it may shrink
  found->second.size = session.size();
  if (session.size() == 0) {  // nothing more is followed: the session ends
    drop(found);
    session.id = 0;
  } else if (!has_room(0)) {
    drop(found);
    return {KafkaError::fetch_session_id_not_found, "fetch sessions follow too many partitions; this one was dropped"};
  }
  return {};
}

FetchSessions::Map::iterator FetchSessions::find(int32_t id, const Caller& caller) {
  auto found = kept_.find(id);
  return found != kept_.end() && found->second.session->user == caller.principal.user ? found : kept_.end();
}

void FetchSessions::drop(Map::iterator kept) {
  partitions_ -= kept->second.size;
  kept_.erase(kept);
}

bool FetchSessions::has_room(size_t partitions) const {
  return partitions_ + partitions <= context_.options.fetch_session_partitions_max;
}

bool FetchSessions::make_room(size_t partitions) {
  const SteadyTime aged = context_.world.clock().now() - context_.options.fetch_session_eviction;
  while (kept_.size() >= context_.options.fetch_sessions_max || !has_room(partitions)) {
    auto unused = kept_.end();
    auto smallest = kept_.end();
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
      const Kept& one = at->second;
      if (one.used <= aged && (unused == kept_.end() || one.used < unused->second.used)) unused = at;
      if (one.created <= aged && (smallest == kept_.end() || one.size < smallest->second.size)) smallest = at;
    }
    if (unused != kept_.end()) {
      drop(unused);
    } else if (smallest != kept_.end() && smallest->second.size < partitions) {
      drop(smallest);
    } else {
      return false;
    }
  }
  return true;
}

void FetchSessions::keep(const std::shared_ptr<FetchSession>& session) {
  if (session->size() == 0 || !make_room(session->size())) return;
  int32_t id = 0;
  while (id == 0 || kept_.contains(id)) id = static_cast<int32_t>(context_.world.random.next() & INT32_MAX);
  session->id = id;
  const SteadyTime now = context_.world.clock().now();
  kept_[id] = {session, now, now, session->size()};
  partitions_ += session->size();
}

void FetchSessions::clear() {
  kept_.clear();
  partitions_ = 0;
}

}  // namespace distributary
