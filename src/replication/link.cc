#include "replication/link.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "model/path.h"
#include "replication/endings.h"

namespace distributary {

namespace {
const Logger link_logger("link");
}

Link::Link(LinkContext& context, LinkKey key)
    : context_(context),
      key_(key),
      hold_name_(hold_name(key.replica)),
      back_off_(context.world.random, context.options.backoff_min, context.options.backoff_max),
      wake_(context.world.executor),
      progressed_(context.world.executor),
      scope_(context.world.executor) {}

Link::~Link() = default;

void Link::start() {
  scope_.spawn(run());
  scope_.spawn(save_loop());
}

Task<void> Link::stop(Ending why, bool removed) {
  stop_reason_ = why;
  if (session_) session_->stop(why);
  if (removed && source_) source_->stream->release_hold(hold_name_);
  scope_.stop();
  progressed_.notify_all();
  co_await scope_.join();
  if (!removed) {
    co_await save();
    co_return;
  }
  MetaBatch batch;
  batch.remove(link_record_key(key_));
  Status forgotten = co_await context_.meta.apply(std::move(batch));
  if (!forgotten)
    link_logger.warn("the position of a removed link stays behind", {{"error", forgotten.error().message}});
}

void Link::wake() {
  woken_ = true;
  back_off_.reset();
  wake_.notify_all();
}

std::optional<Link::Destination> Link::destination() const {
  if (registration_) return Destination{registration_->cluster, registration_->path};
  if (copy_) return Destination{copy_->cluster, copy_->path};
  return std::nullopt;
}

std::string Link::where() const {
  std::optional<Destination> to = destination();
  return to ? to_string(StreamPath{to->cluster, to->path}) : to_string(key_.replica);
}

void Link::set_registration(std::optional<ReplicaRegistration> registration) {
  if (registration == registration_) return;
  std::optional<Destination> before = destination();
  registration_ = std::move(registration);
  if (session_) {
    session_->set_throttle(registration_ && registration_->throttle);
    if (!flows()) {
      session_->stop(registration_ ? Ending{LinkErrorCode::paused, "paused at the source"}
                                   : Ending{LinkErrorCode::removed, "the replica was removed at the source"});
    } else if (destination() != before) {
      session_->stop({LinkErrorCode::shutting_down, "the replica is reached in another way now"});
    }
  }
  if (destination() != before) problem_.reset();
  wake();
}

void Link::set_copy(std::optional<CopyRun> copy) {
  copy_ = std::move(copy);
  confirmed_ = copy_ && session_ != nullptr;
  if (!copy_ && session_ && (session_mode_ == LinkMode::copy || !flows())) {
    session_->stop({LinkErrorCode::done, "the replica has all that the copy was to bring"});
  }
  wake();
}

// --- The loop around the source stream.

Task<void> Link::run() {
  BackOff reopen(context_.world.random, context_.options.backoff_min, context_.options.backoff_max);
  while (!scope_.stopping()) {
    woken_ = false;
    Result<StreamHandle> source = co_await context_.catalog.stream_by_uuid(key_.source);
    if (scope_.stopping()) co_return;
    if (source) {
      reopen.reset();
      co_await run_with(*source);
    } else {
      ended({LinkErrorCode::source_failed, "the source stream cannot be opened: " + source.error().message}, true);
    }
    source = fail(ErrorCode::cancelled, "let go");  // a stream that failed or was deleted is reopened or gone
    if (!scope_.stopping()) co_await pause(reopen.next());
  }
}

Task<void> Link::run_with(StreamHandle source) {
  Stream& stream = *source->stream;
  co_await load(stream);
  source_ = source;
  stream.set_hold(hold_name_, record_.acknowledged.next - 1);
  TaskScope watcher(context_.world.executor);
  watcher.spawn(watch(stream));
  std::stop_token stop = scope_.stop_token();
  while (!scope_.stopping() && !source->deleted && !stream.failure()) {
    if (!flows()) {
      Status waited = co_await wake_.wait(kNever, stop);
      (void)waited;
      continue;
    }
    woken_ = false;
    Ending why = co_await attempt(source);
    bool wanted = flows();
    ended(std::move(why), wanted);
    if (wanted && !scope_.stopping()) co_await pause(back_off_.next());
  }
  source_.reset();
  stream.advanced().notify_all();  // the watcher looks again and ends
  co_await watcher.join();
}

// Waits for `span`, or until something changed that makes another attempt worth while.
Task<void> Link::pause(Duration span) {
  std::stop_token stop = scope_.stop_token();
  if (std::exchange(woken_, false)) co_return;
  SteadyTime until = context_.world.clock().now() + span;
  Status waited = co_await wake_.wait(until, stop);
  (void)waited;
}

// Notes when the source grew, and wakes the loop when it failed.
Task<void> Link::watch(Stream& source) {
  LogPosition end = source.durable_end();
  std::stop_token stop = scope_.stop_token();
  while (source_ && !source.failure()) {
    Status waited = co_await source.advanced().wait(kNever, stop);
    if (!waited) co_return;
    if (source.durable_end().next == end.next) continue;
    end = source.durable_end();
    record_.last_appended = context_.world.clock().wall_now();
  }
  wake();
}

Task<void> Link::load(Stream& source) {
  if (loaded_) co_return;
  std::string key = link_record_key(key_);
  Result<std::optional<std::string>> value = co_await context_.meta.get(key);
  if (!value) link_logger.warn("the position of a link was not read", {{"error", value.error().message}});
  if (value && value->has_value()) {
    Result<LinkRecord> record = LinkRecord::decode(**value);
    if (record) record_ = *record;
    if (!record)
      link_logger.warn("the position of a link is lost; it is learnt anew", {{"error", record.error().message}});
  }
  if (record_ == LinkRecord{}) {
    OriginPositions nothing;
    Result<LogPosition> begin = co_await source.find_position(nothing);
    if (begin) record_.acknowledged = *begin;
    if (!begin && begin.error().code == ErrorCode::gap) {
      Result<Stream::Baselines> baselines = co_await source.baselines();
      if (baselines) record_.acknowledged = baselines->position;
    }
  }
  loaded_ = true;
}

Task<void> Link::save() {
  if (!loaded_ || !dirty_) co_return;
  dirty_ = false;
  MetaBatch batch;
  batch.put(link_record_key(key_), record_.encode());
  Status saved = co_await context_.meta.apply(std::move(batch));
  if (saved) co_return;
  dirty_ = true;
  link_logger.warn("the position of a link was not saved", {{"error", saved.error().message}});
}

Task<void> Link::save_loop() {
  std::stop_token stop = scope_.stop_token();
  while (!scope_.stopping()) {
    Status slept = co_await sleep_for(context_.world.executor, context_.options.save_interval, stop);
    if (!slept) co_return;
    co_await save();
  }
}

// --- Outcomes.

void Link::ended(Ending why, bool was_wanted) {
  bool trouble = why.code >= LinkErrorCode::protocol;
  if (!trouble || !was_wanted) {
    problem_.reset();
  } else if (!problem_ || problem_code_ != why.code || problem_->message != why.message) {
    problem_ = LinkProblem{std::string(name(why.code)), host_, why.message, context_.world.clock().wall_now()};
    problem_code_ = why.code;
    link_logger.warn("link stopped",
                     {{"replica", where()}, {"code", problem_->code}, {"host", host_}, {"why", why.message}});
  }
  progressed_.notify_all();
}

void Link::accept(Agreement& agreement) {
  std::string lost = describe_regression(record_.held, agreement.held);
  if (!lost.empty()) {
    ++record_.regressions;
    regressed_until_ = std::max(regressed_until_, record_.acknowledged.next);
    link_logger.warn("the replica has lost what it had acknowledged; it is sent again",
                     {{"replica", where()}, {"lost", lost}});
    record_.held = agreement.held;
    record_.acknowledged = agreement.start;
  }
  // A start is found in steps and may lie before the exact place. What was acknowledged earlier, and is not lost, is
  // exact.
  if (!agreement.baselines.empty()) {
    record_.acknowledged = agreement.start;
    record_.acknowledged.next = 1;  // until the baselines are there, too
  } else if (agreement.start.next > record_.acknowledged.next) {
    record_.acknowledged = agreement.start;
  } else {
    agreement.start = record_.acknowledged;
  }
  problem_.reset();
  confirmed_ = true;
  dirty_ = true;
}

void Link::take_progress() {
  const LogPosition& acknowledged = session_->acknowledged();
  if (acknowledged.next >= record_.acknowledged.next && acknowledged != record_.acknowledged) {
    record_.acknowledged = acknowledged;
    if (source_) source_->stream->set_hold(hold_name_, acknowledged.next - 1);
    dirty_ = true;
    back_off_.reset();
  }
  for (const auto& [origin, position] : session_->held()) {
    OriginPosition& known = record_.held[origin];
    if (position.lsn > known.lsn) known = position;
  }
  if (session_->acknowledgements() > 0) record_.last_acknowledged = context_.world.clock().wall_now();
  progressed_.notify_all();
}

}  // namespace distributary
