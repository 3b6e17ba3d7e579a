#include "replication/source_session.h"

#include <algorithm>

#include "base/log.h"
#include "replication/back_off.h"
#include "replication/endings.h"
#include "wire/link/entries_frame.h"

namespace distributary {

namespace {
const Logger source_session_logger("link");
}

SourceSession::SourceSession(World& world, Stream& source, Setup setup, std::function<void()> on_progress)
    : world_(world),
      source_(source),
      setup_(std::move(setup)),
      on_progress_(std::move(on_progress)),
      window_(setup_.acknowledged, setup_.welcome.window),
      held_(setup_.agreement.held),
      position_(setup_.agreement.start),
      work_(world.executor),
      scope_(world.executor) {
  for (const HeldPosition& held : setup_.welcome.positions) acknowledged_[held.origin] = {held.lsn, held.chain};
}

Task<Ending> SourceSession::run(std::unique_ptr<FrameConnection> first) {
  lines_.resize(setup_.options.connections);
  lines_[0].connection = std::move(first);
  lines_[0].live = true;
  live_lines_ = 1;
  tune(*lines_[0].connection);
  // Others go where this one went, also when the name has several addresses.
  Result<Address> peer = parse_address(lines_[0].connection->peer_address(), setup_.gateway.address.port);
  if (peer) setup_.gateway.address = *peer;
  open_lines(std::max<uint16_t>(1, setup_.options.connections_at_once));
  scope_.spawn(pump());
  scope_.spawn(widen());
  co_await scope_.join();
  co_return *ending_;
}

void SourceSession::stop(Ending why) { end(std::move(why), true); }

void SourceSession::end(Ending why, bool tell) {
  if (ending_) return;
  ending_ = std::move(why);
  tell_ = tell;
  stop_.request_stop();
  work_.notify_all();
}

bool SourceSession::caught_up() const {
  return window_.empty() && window_.acknowledged().next >= source_.durable_end().next;
}

// --- Reading the log.

Task<void> SourceSession::pump() {
  Status begun = co_await send_baselines();
  if (!begun) co_return;  // stopped
  while (!ending_) {
    Result<bool> found = co_await read_once();
    if (ending_) co_return;
    if (!found) {
      end(ending_of(found.error(), LinkErrorCode::source_failed), true);
      co_return;
    }
    if (*found) continue;
    on_progress_();
    if (source_.failure()) {
      end({LinkErrorCode::source_failed, source_.failure()->message}, true);
      co_return;
    }
    if (source_.durable_end().next != position_.next) continue;
    source_.want_durable();  // again with every group that an async source writes
    std::stop_token stop = stop_.get_token();
    Status waited = co_await source_.advanced().wait(kNever, stop);
    (void)waited;  // the loop looks at what it waits for
  }
}

Task<Result<bool>> SourceSession::read_once() {
  size_t bytes_max = std::min<size_t>(setup_.options.frame_bytes, setup_.welcome.frame_bytes_max);
  CO_TRY(LogChunk chunk, co_await source_.read_log(position_, bytes_max));
  if (chunk.contents.empty() && chunk.next.next == position_.next) co_return false;
  size_t bytes = chunk.bytes;
  CO_TRY_STATUS(co_await send_chunk(std::move(chunk)));
  if (setup_.throttle && bytes > 0) {
    double seconds = static_cast<double>(bytes) / static_cast<double>(setup_.options.throttle_bytes_per_second);
    auto span = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    std::stop_token stop = stop_.get_token();
    CO_TRY_STATUS(co_await sleep_for(world_.executor, span, stop));
  }
  co_return true;
}

bool SourceSession::wanted(const ContentView& content) const {
  Origin origin = content.origin();
  if (origin.stream == setup_.replica) return false;  // it came from there
  auto held = held_.find(origin);
  OriginLsn lsn = held == held_.end() ? 0 : held->second.lsn;
  if (content.entry_class() == EntryClass::baseline && content.origin_lsn() == 0) return lsn == 0;
  return content.last_origin_lsn() > lsn;
}

Task<Status> SourceSession::send_baselines() {
  if (setup_.agreement.baselines.empty()) co_return Status{};
  CO_TRY_STATUS(co_await send_contents(setup_.agreement.baselines, setup_.acknowledged, false));
  window_.skip_to(position_);
  co_return Status{};
}

Task<Status> SourceSession::send_chunk(LogChunk chunk) {
  CO_TRY_STATUS(co_await send_contents(std::move(chunk.contents), position_, true));
  position_ = chunk.next;
  window_.skip_to(chunk.next);
  on_progress_();
  co_return Status{};
}

// Makes frames of what the replica does not hold; each stands for the position `before` until the caller says otherwise
// of the last.
Task<Status> SourceSession::send_contents(std::vector<Bytes> all, LogPosition before, bool wanted_only) {
  const size_t bytes_max = setup_.welcome.frame_bytes_max;
  for (size_t next = 0; next < all.size();) {
    OutgoingFrame frame;
    std::vector<Bytes> contents;
    size_t bytes = 0;
    for (; next < all.size() && contents.size() < kEntriesPerFrameMax; ++next) {
      ContentView content(all[next].view());
      if (wanted_only && !wanted(content)) continue;
      bytes += content.bytes().size();
      if (!contents.empty() && bytes + entries_frame_overhead(contents.size() + 1) > bytes_max) break;
      contents.push_back(all[next]);
      frame.reached[content.origin()] = position_after(content);
    }
    if (contents.empty()) break;
    frame.bytes = entries_frame_bytes(contents);
    CO_TRY_STATUS(co_await wait_room(frame.bytes));
    for (const auto& [origin, position] : frame.reached) held_[origin] = position;
    frame.number = window_.next_number();
    frame.pieces = encode_entries(frame.number, std::move(contents));
    frame.after = before;
    window_.add(std::move(frame));
    work_.notify_all();
  }
  co_return Status{};
}

Task<Status> SourceSession::wait_room(size_t bytes) {
  while (!window_.fits(bytes, setup_.window_limit())) {
    std::stop_token stop = stop_.get_token();
    CO_TRY_STATUS(co_await work_.wait(kNever, stop));
  }
  co_return Status{};
}

// --- Connections.

void SourceSession::open_lines(uint16_t count) {
  for (size_t most = std::min<size_t>(count, lines_.size()); opened_ < most; ++opened_) {
    scope_.spawn(keep_line(opened_));
  }
}

void SourceSession::tune(FrameConnection& connection) const {
  if (connection.round_trip() >= setup_.options.long_round_trip) connection.tune_for_distance();
}

// Of the connections that are open, the shortest.
Duration SourceSession::round_trip() const {
  Duration shortest = Duration::max();
  for (const Line& line : lines_) {
    if (line.live) shortest = std::min(shortest, line.connection->round_trip());
  }
  return shortest == Duration::max() ? Duration{0} : shortest;
}

// One connection does not fill a long path, least of all one that loses packets. When a frame has waited for a
// connection through two round trips, as many connections again are opened.
Task<void> SourceSession::widen() {
  const LinkOptions& options = setup_.options;
  std::stop_token stop = stop_.get_token();
  while (!ending_ && opened_ < lines_.size()) {
    if (!window_.first_waiting()) {
      Status waited = co_await work_.wait(kNever, stop);
      (void)waited;  // the loop looks at what it waits for
      continue;
    }
    uint64_t next = window_.next_number();
    Duration span = std::max(options.widen_interval, 2 * round_trip());
    Status slept = co_await sleep_for(world_.executor, span, stop);
    if (!slept) co_return;
    std::optional<uint64_t> waits = window_.first_waiting();
    bool too_long = waits && *waits < next;
    if (too_long && round_trip() >= options.long_round_trip) open_lines(static_cast<uint16_t>(2 * opened_));
  }
}

Task<void> SourceSession::keep_line(uint16_t index) {
  BackOff back_off(world_.random, setup_.options.backoff_min, setup_.options.backoff_max);
  std::stop_token stop = stop_.get_token();
  while (!ending_) {
    Line& line = lines_[index];
    if (!line.live) {
      Result<std::unique_ptr<FrameConnection>> joined = co_await join_line(index);
      if (ending_) co_return;
      if (!joined) {
        Status slept = co_await sleep_for(world_.executor, back_off.next(), stop);
        (void)slept;
        continue;
      }
      back_off.reset();
      line.connection = std::move(*joined);
      line.live = true;
      ++live_lines_;
    }
    co_await use_line(index);
  }
}

Task<Result<std::unique_ptr<FrameConnection>>> SourceSession::join_line(uint16_t index) {
  std::stop_token stop = stop_.get_token();
  GatewayTarget target = setup_.gateway;
  LinkOptions options = setup_.options;
  CO_TRY(std::unique_ptr<FrameConnection> connection, co_await dial(world_, target, options, stop));
  tune(*connection);
  Join join{setup_.session, index};
  CO_TRY(std::optional<Ending> refused, co_await say_join(world_, *connection, join, options, stop));
  if (refused) co_return fail(ErrorCode::conflict, refused->message);
  co_return std::move(connection);
}

Task<void> SourceSession::use_line(uint16_t index) {
  TaskScope scope(world_.executor);
  scope.spawn(send_on(index));
  Status received = co_await receive_on(index);
  if (!ending_) line_lost(index, received.error());
  co_await scope.join();
  lines_[index].live = false;
  lines_[index].connection->close();
  lines_[index].connection.reset();
}

void SourceSession::line_lost(uint16_t index, const Error& error) {
  Line& line = lines_[index];
  line.live = false;
  line.connection->close();
  --live_lines_;
  window_.lost(index);
  work_.notify_all();
  source_session_logger.debug("connection lost",
                              {{"gateway", line.connection->peer_address()}, {"error", error.message}});
  if (live_lines_ == 0) end(ending_of_connection(line_error_ ? *line_error_ : error), false);
  line_error_.reset();
}

Task<void> SourceSession::send_on(uint16_t index) {
  Line& line = lines_[index];
  FrameConnection& connection = *line.connection;
  SteadyTime heartbeat = world_.clock().now();
  std::stop_token stop = stop_.get_token();
  while (line.live && !ending_) {
    Status sent;
    if (world_.clock().now() >= heartbeat) {
      heartbeat = world_.clock().now() + setup_.options.heartbeat;
      sent = co_await send_heartbeat(connection);
    } else if (const OutgoingFrame* frame = window_.take(index)) {
      std::vector<Bytes> pieces = frame->pieces;  // the frame may be acknowledged meanwhile
      sent = co_await connection.write(pieces, setup_.options.silence_limit, stop);
    } else {
      Status waited = co_await work_.wait(heartbeat, stop);
      (void)waited;
      continue;
    }
    if (sent || ending_) continue;
    if (!line_error_) line_error_ = sent.error();
    connection.close();  // the receiving side of this line sees it and gives the line up
    co_return;
  }
  if (!line.live || !tell_) co_return;
  Bytes goodbye(ending_->encode(FrameType::stopped));
  Status told = co_await connection.write(goodbye, setup_.options.goodbye_limit, std::stop_token());
  (void)told;  // the other side finds out by itself, later
}

Task<Status> SourceSession::send_heartbeat(FrameConnection& connection) {
  LogPosition end = source_.durable_end();
  const LogPosition& acknowledged = window_.acknowledged();
  Heartbeat beat{end.history_bytes, end.history_records, acknowledged.history_bytes, acknowledged.history_records,
                 world_.clock().wall_now()};
  Bytes frame(beat.encode());
  std::stop_token stop = stop_.get_token();
  co_return co_await connection.write(frame, setup_.options.silence_limit, stop);
}

Task<Status> SourceSession::receive_on(uint16_t index) {
  FrameConnection& connection = *lines_[index].connection;
  FrameReadLimits limits;
  limits.bytes_max = kPositionsFrameBytesMax;
  limits.silence = setup_.options.silence_limit;
  std::stop_token stop = stop_.get_token();
  while (!ending_) {
    CO_TRY(Frame frame, co_await connection.read(limits, stop));
    CO_TRY_STATUS(take(frame));
  }
  co_return Status{};
}

Status SourceSession::take(const Frame& frame) {
  if (frame.type == FrameType::stopped) {
    TRY(Ending why, Ending::decode(frame.body()));
    end(std::move(why), false);
    return {};
  }
  if (frame.type != FrameType::acknowledged) {
    return fail(ErrorCode::corrupt,
                "the gateway sent a frame of type " + std::string(to_string(frame.type)) + " in a session");
  }
  TRY(Acknowledged message, Acknowledged::decode(frame.body()));
  Status checked = window_.acknowledge(message);
  if (!checked) {
    end(ending_of(checked.error(), LinkErrorCode::protocol), true);
    return {};
  }
  for (const HeldPosition& held : message.positions) {
    OriginPosition& known = acknowledged_[held.origin];
    if (held.lsn >= known.lsn) known = {held.lsn, held.chain};
  }
  ++acknowledgements_;
  work_.notify_all();
  on_progress_();
  return {};
}

}  // namespace distributary
