#include "replication/gateway_session.h"

#include <algorithm>

#include "base/log.h"
#include "replication/endings.h"
#include "wire/link/entries_frame.h"

namespace distributary {

namespace {
const Logger gateway_session_logger("gateway");
}

GatewaySession::GatewaySession(World& world, GatewayAuthority& authority, StreamHandle replica, Setup setup,
                               GatewayOptions options, std::function<uint64_t(size_t)> window)
    : world_(world),
      authority_(authority),
      replica_(std::move(replica)),
      setup_(std::move(setup)),
      options_(options),
      window_(std::move(window)),
      largest_window_(window_(1)),
      work_(world.executor),
      scope_(world.executor) {}

GatewaySession::~GatewaySession() = default;

bool GatewaySession::admits(const std::optional<PeerIdentity>& peer) const {
  if (ending_ || connections_ >= setup_.hello.connections) return false;
  if (!peer || !setup_.peer) return peer.has_value() == setup_.peer.has_value();
  return peer->root_fingerprint == setup_.peer->root_fingerprint && peer->common_name == setup_.peer->common_name;
}

void GatewaySession::stop(Ending why) { end(std::move(why), true); }

void GatewaySession::end(Ending why, bool tell) {
  if (ending_) return;
  ending_ = std::move(why);
  tell_ = tell;
  stop_.request_stop();
  work_.notify_all();
}

void GatewaySession::check_authority() {
  if (std::optional<Ending> refusal = authority_.check(setup_.hello, setup_.peer, setup_.granted)) stop(*refusal);
}

std::vector<HeldPosition> GatewaySession::positions(bool touched_only) const {
  std::vector<HeldPosition> out;
  for (const auto& [origin, position] : replica_->stream->state().origins()) {
    if (touched_only && !touched_.contains(origin)) continue;
    out.push_back({origin, position.lsn, position.chain});
  }
  return out;
}

Task<Result<Welcome>> GatewaySession::welcome() {
  Welcome out;
  out.window = largest_window_;
  out.frame_bytes_max = options_.frame_bytes_max;
  out.positions = positions(false);
  if (out.positions.size() > kOriginsMax) {
    co_return fail(ErrorCode::too_large,
                   "the replica holds entries of more than " + std::to_string(kOriginsMax) + " origins");
  }
  Lsn last = replica_->stream->last_lsn();
  acknowledged_ = {1, out.window, {}};
  std::stop_token stop = stop_.get_token();
  CO_TRY_STATUS(co_await replica_->stream->wait_durable(last, kNever, stop));
  co_return out;
}

Task<void> GatewaySession::serve(FrameConnection& connection) {
  ++connections_;
  bool live = true;
  TaskScope writer(world_.executor);
  writer.spawn(write_loop(connection, live));
  Status read = co_await read_loop(connection);
  bool last = --connections_ == 0;
  if (!ending_ && last) {
    Ending why = ending_of_connection(read.error());
    bool tell = why.code == LinkErrorCode::protocol;
    end(std::move(why), tell);
  }
  if (!ending_) connection.close();
  live = false;
  work_.notify_all();
  co_await writer.join();
  connection.close();
}

// --- From the source.

Task<Status> GatewaySession::read_loop(FrameConnection& connection) {
  FrameReadLimits limits;
  limits.silence = options_.silence_limit;
  std::stop_token stop = stop_.get_token();
  while (!ending_) {
    CO_TRY(Frame frame, co_await connection.read(limits, stop));
    if (ending_) break;
    last_heard_ = world_.clock().wall_now();
    CO_TRY_STATUS(take(std::move(frame)));
  }
  co_return Status{};
}

Status GatewaySession::take(Frame frame) {
  switch (frame.type) {
    case FrameType::entries: {
      TRY(EntriesFrame entries, EntriesFrame::decode(frame.body()));
      TRY_STATUS(frames_.offer(entries.number, std::move(frame), 2 * largest_window_));
      apply_ready();
      return {};
    }
    case FrameType::heartbeat: {
      TRY(heartbeat_, Heartbeat::decode(frame.body()));
      check_authority();
      return {};
    }
    case FrameType::stopped: {
      TRY(Ending why, Ending::decode(frame.body()));
      end(std::move(why), false);
      return {};
    }
    default:
      return fail(ErrorCode::corrupt,
                  "the source sent a frame of type " + std::string(to_string(frame.type)) + " in a session");
  }
}

void GatewaySession::apply_ready() {
  while (!ending_) {
    std::optional<Frame> frame = frames_.take();
    if (!frame) break;
    check_authority();
    if (ending_) return;
    Status applied = apply(*frame);
    if (!applied) {
      gateway_session_logger.warn("session stopped", {{"stream", replica_->record.path},
                                                      {"source", setup_.hello.source_path},
                                                      {"error", applied.error().message}});
      stop(ending_of(applied.error(), LinkErrorCode::replica_failed));
      return;
    }
    applied_ = frames_.next();
  }
  work_.notify_all();
}

Status GatewaySession::apply(const Frame& frame) {
  TRY(EntriesFrame entries, EntriesFrame::decode(frame.body()));
  for (ByteView content : entries.contents) {
    TRY_STATUS(replica_->stream->append_replicated(content));
    touched_.insert(ContentView(content).origin());
  }
  return {};
}

// --- To the source.

Task<void> GatewaySession::acknowledge_loop() {
  std::stop_token stop_token = stop_.get_token();
  while (!ending_) {
    if (applied_ == acknowledged_.next_frame) {
      Status waited = co_await work_.wait(kNever, stop_token);
      (void)waited;  // the loop looks at what it waits for
      continue;
    }
    // The positions may count what another session has just appended, so wait for all of the log.
    Acknowledged next{applied_, 0, positions(true)};
    Lsn lsn = replica_->stream->last_lsn();
    Status durable = co_await replica_->stream->wait_durable(lsn, kNever, stop_token);
    if (ending_) co_return;
    if (!durable) {
      stop(ending_of(durable.error(), LinkErrorCode::replica_failed));
      co_return;
    }
    next.window = window_(connections_);
    largest_window_ = std::max(largest_window_, next.window);
    acknowledged_ = std::move(next);
    ++acknowledgements_;
    work_.notify_all();
  }
}

// `live` belongs to the caller, who outlives this task.
Task<void> GatewaySession::write_loop(FrameConnection& connection, const bool& live) {
  std::stop_token stop = stop_.get_token();
  uint64_t sent = 0;
  SteadyTime due = world_.clock().now();
  while (live && !ending_) {
    if (sent == acknowledgements_ && world_.clock().now() < due) {
      Status waited = co_await work_.wait(due, stop);
      (void)waited;
      continue;
    }
    sent = acknowledgements_;
    due = world_.clock().now() + options_.acknowledge_interval;
    Bytes frame(acknowledged_.encode());
    Status written = co_await connection.write(frame, options_.silence_limit, stop);
    if (written || ending_) continue;
    connection.close();  // the reading side of this connection sees it
    co_return;
  }
  if (!ending_ || !tell_) co_return;
  Bytes goodbye(ending_->encode(FrameType::stopped));
  Status told = co_await connection.write(goodbye, options_.goodbye_limit, std::stop_token());
  (void)told;  // the source finds out by itself, later
}

}  // namespace distributary
