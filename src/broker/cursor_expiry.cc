#include "broker/cursor_expiry.h"

#include <algorithm>

#include "base/log.h"
#include "broker/cursor_removal.h"

namespace distributary {
namespace {

const Logger cursor_expiry_logger("cursors");

// Of all writers: while a group is in use anywhere, its positions stay everywhere.
WallMillis newest_commit(const GroupCursors& cursors) {
  WallMillis newest = 0;
  for (const auto& [partition, slots] : cursors) {
    for (const Cursor& slot : slots) newest = std::max(newest, slot.committed);
  }
  return newest;
}

}  // namespace

CursorExpiry::CursorExpiry(BrokerContext context, GroupCoordinator& groups)
    : context_(context), groups_(groups), started_(context.world.clock().now()), scope_(context.world.executor) {
  scope_.spawn(loop());
}

Task<void> CursorExpiry::stop() {
  scope_.stop();
  co_await scope_.join();
}

Task<void> CursorExpiry::loop() {
  while (!scope_.stopping()) {
    Status slept =
        co_await sleep_for(context_.world.executor, context_.options.cursor_check_interval, scope_.stop_token());
    if (!slept) co_return;
    Result<size_t> forgotten = co_await run_once(scope_.stop_token());
    if (!forgotten && forgotten.error().code == ErrorCode::cancelled) co_return;
    if (!forgotten) {
      cursor_expiry_logger.warn("positions of unused groups could not be forgotten",
                                {{"why", forgotten.error().message}});
    } else if (*forgotten > 0) {
      cursor_expiry_logger.info("positions of unused groups were forgotten", {{"count", *forgotten}});
    }
  }
}

bool CursorExpiry::expired(const std::string& group, const std::vector<StreamHandle>& streams,
                           size_t& looks_left) const {
  if (groups_.has_members(group)) return false;
  const SteadyTime now = context_.world.clock().now();
  const auto emptied = groups_.emptied_at(group);
  if (emptied && now - *emptied < context_.options.cursor_retention) return false;
  const WallMillis retention = std::chrono::milliseconds(context_.options.cursor_retention).count();
  const WallMillis before = context_.world.clock().wall_now() - retention;
  return std::ranges::none_of(streams, [&](const StreamHandle& stream) {
    looks_left -= std::min<size_t>(looks_left, 1);
    const auto& cursors = stream->stream->state().cursors();
    auto found = cursors.find(group);
    return found != cursors.end() && newest_commit(found->second) >= before;
  });
}

size_t CursorExpiry::sweep(const StreamHandle& stream, const std::vector<StreamHandle>& streams, size_t& looks_left,
                           DurableWait& wait) {
  const auto& cursors = stream->stream->state().cursors();
  const WallMillis retention = std::chrono::milliseconds(context_.options.cursor_retention).count();
  const WallMillis before = context_.world.clock().wall_now() - retention;
  size_t removed = 0;
  while (looks_left > 0) {
    auto group = cursors.upper_bound(next_group_);
    if (group == cursors.end()) break;
    next_group_ = group->first;
    looks_left -= std::min(looks_left, group->second.size());
    if (newest_commit(group->second) >= before || !expired(next_group_, streams, looks_left)) continue;
    Result<CursorRemoval> removal =
        remove_cursors(*stream->stream, next_group_, [](const TopicPartition&) { return true; });
    if (!removal) {
      cursor_expiry_logger.warn(
          "positions of an unused group stay",
          {{"stream", stream->record.path}, {"group", next_group_}, {"why", removal.error().message}});
      break;
    }
    wait.add(stream, removal->lsn);
    removed += removal->removed;
  }
  return removed;
}

Task<Result<size_t>> CursorExpiry::run_once(std::stop_token stop) {
  const SteadyTime now = context_.world.clock().now();
  const Duration retention = context_.options.cursor_retention;
  if (now - started_ < std::min<Duration>(retention, kCursorExpiryGrace)) co_return size_t{0};
  groups_.forget_emptied_before(now - retention);
  const Caller nobody;  // without an action, nothing is checked
  std::vector<StreamHandle> streams = co_await context_.directory.streams(nobody);
  size_t removed = 0;
  size_t looks_left = kCursorsPerRun;
  DurableWait wait;
  for (const StreamHandle& stream : streams) {
    if (stream->record.path < next_stream_) continue;
    if (stream->record.path != next_stream_) next_group_.clear();
    next_stream_ = stream->record.path;
    removed += sweep(stream, streams, looks_left, wait);
    if (looks_left == 0) break;
  }
  if (looks_left > 0) {
    next_stream_.clear();
    next_group_.clear();
  }
  CO_TRY_STATUS(co_await wait.wait(now + context_.options.durable_wait_max, stop));
  co_return removed;
}

}  // namespace distributary
