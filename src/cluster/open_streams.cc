#include "cluster/open_streams.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"

namespace distributary {
namespace {

const Logger open_streams_logger("cluster");

// A stream that fails sooner than this after it was opened is not opened again at once: a sick disk is not helped by
// it.
constexpr Duration kReopenPause = std::chrono::seconds(1);
constexpr size_t kRemovalsPerScan = 1000;
constexpr int kEpochAttemptsMax = 10;

}  // namespace

namespace {

// Nothing is dropped or rewritten before the link of a registered replica has said how far the replica is.
void hold_for_new_replicas(const std::vector<ReplicaRegistration>& before, const StreamRecord& now, Stream& stream) {
  auto in = [](const std::vector<ReplicaRegistration>& all, const Uuid& uuid) {
    return std::any_of(all.begin(), all.end(), [&](const ReplicaRegistration& one) { return one.uuid == uuid; });
  };
  for (const ReplicaRegistration& replica : now.replicas) {
    if (!in(before, replica.uuid)) stream.set_hold(hold_name(replica.uuid), 0);
  }
  for (const ReplicaRegistration& replica : before) {
    if (!in(now.replicas, replica.uuid)) stream.release_hold(hold_name(replica.uuid));
  }
}

}  // namespace

struct OpenStreams::Closer {
  OpenStreams* owner;
  void operator()(OpenStream* stream) const { owner->let_go(stream); }
};

OpenStreams::OpenStreams(World& world, LogStore& logs, MetaStore& meta, TailCache& cache, Options options)
    : world_(world),
      logs_(logs),
      meta_(meta),
      cache_(cache),
      options_(std::move(options)),
      turns_(world.executor),
      changed_(world.executor),
      scope_(world.executor) {}

Task<Result<StreamHandle>> OpenStreams::get(StreamRecord record) {
  for (;;) {
    if (closed_) co_return fail(ErrorCode::closed, "the node is stopping");
    Slot& slot = slots_[record.uuid];
    if (slot.removed) co_return fail(ErrorCode::not_found, "stream " + record.path + " has been deleted");
    if (slot.handle && slot.handle->stream->failure()) {
      if (world_.clock().now() - slot.opened < kReopenPause) {
        co_return fail(ErrorCode::unavailable, "stream " + record.path + " has failed and is opened again soon: " +
                                                   slot.handle->stream->failure()->message);
      }
      open_streams_logger.warn("opening a failed stream again",
                               {{"stream", record.path}, {"failure", slot.handle->stream->failure()->message}});
      slot.handle.reset();
      continue;
    }
    if (slot.handle) {
      slot.last_used = ++tick_;
      co_return slot.handle;
    }
    if (!slot.opening && slot.closing == 0) break;
    CO_TRY_STATUS(co_await changed_.wait(kNever, scope_.stop_token()));
  }
  CO_TRY_STATUS(make_room());
  Uuid uuid = record.uuid;
  slots_[uuid].opening = true;
  auto opened = co_await open(std::move(record));
  Slot& slot = slots_[uuid];
  slot.opening = false;
  changed_.notify_all();
  if (!opened) {
    if (slot.removed) scope_.spawn(remove_log(uuid));
    co_return fail(opened.error());
  }
  StreamHandle handle(opened->release(), Closer{this});
  handle->deleted = slot.removed;
  if (slot.removed) co_return fail(ErrorCode::not_found, "stream " + handle->record.path + " has been deleted");
  handle->stream->set_space_low(space_low_);
  slot.handle = handle;
  slot.last_used = ++tick_;
  slot.opened = world_.clock().now();
  co_return handle;
}

Task<Result<std::unique_ptr<OpenStream>>> OpenStreams::open(StreamRecord record) {
  LogId id = record.log();
  CO_TRY(StorageEpoch epoch, co_await next_epoch(id));
  auto log = co_await logs_.open(id, epoch);
  if (!log) co_return fail(log.error().context("stream " + record.path));
  cache_.drop(id);
  StreamOptions options = options_for(record.settings);
  Origin origin = record.origin();
  std::unique_ptr<Log> opened_log = std::move(*log);
  auto stream = co_await Stream::open(world_, std::move(opened_log), cache_, origin, epoch, options, &turns_);
  if (!stream) co_return fail(stream.error().context("stream " + record.path));
  for (const Damage& damage : (*stream)->damage()) {
    open_streams_logger.warn("the stream is damaged and read-only",
                             {{"stream", record.path}, {"first_lsn", damage.first_lsn}, {"what", damage.what}});
  }
  hold_for_new_replicas({}, record, **stream);
  auto open_stream = std::make_unique<OpenStream>();
  open_stream->record = std::move(record);
  open_stream->stream = std::move(*stream);
  co_return open_stream;
}

Task<Result<StorageEpoch>> OpenStreams::next_epoch(LogId log) {
  std::string key = epoch_key(log);
  for (int attempt = 0; attempt < kEpochAttemptsMax; ++attempt) {
    CO_TRY(std::optional<std::string> stored, co_await meta_.get(key));
    StorageEpoch next = 1;
    if (stored && stored->size() != sizeof next)
      co_return fail(ErrorCode::corrupt, "the stored epoch of log " + to_string(log) + " is damaged");
    if (stored) next = load_le<StorageEpoch>(as_bytes(*stored).data()) + 1;
    std::string bytes(sizeof next, '\0');
    store_le(reinterpret_cast<uint8_t*>(bytes.data()), next);
    MetaBatch batch;
    batch.require(key, stored).put(key, bytes);
    Status written = co_await meta_.apply(std::move(batch));
    if (written) co_return next;
    if (written.error().code != ErrorCode::conflict) co_return fail(written.error());
  }
  co_return fail(ErrorCode::conflict, "other nodes keep opening log " + to_string(log));
}

StreamOptions OpenStreams::options_for(const StreamSettings& settings) const {
  StreamOptions options = options_.stream;
  options.ttl = std::chrono::seconds(settings.ttl_seconds);
  options.topics = default_topic_settings(settings);
  options.producer_expiry = std::chrono::seconds(settings.pid_expiry_seconds);
  options.durability = settings.durability;
  return options;
}

Status OpenStreams::make_room() {
  size_t open = 0;
  std::map<Uuid, Slot>::iterator oldest = slots_.end();
  for (auto at = slots_.begin(); at != slots_.end(); ++at) {
    const Slot& slot = at->second;
    open += slot.handle != nullptr || slot.opening;
    bool idle = slot.handle && slot.handle.use_count() == 1;
    if (idle && (oldest == slots_.end() || slot.last_used < oldest->second.last_used)) oldest = at;
  }
  if (open < options_.max) return {};
  if (oldest == slots_.end()) {
    return fail(ErrorCode::unavailable,
                "all " + std::to_string(options_.max) + " streams that this node may keep open are in use");
  }
  oldest->second.handle.reset();
  return {};
}

StreamHandle OpenStreams::peek(const Uuid& uuid) const {
  auto found = slots_.find(uuid);
  return found == slots_.end() ? nullptr : found->second.handle;
}

std::vector<StreamHandle> OpenStreams::all() const {
  std::vector<StreamHandle> handles;
  for (const auto& [uuid, slot] : slots_) {
    if (slot.handle) handles.push_back(slot.handle);
  }
  return handles;
}

void OpenStreams::update(const StreamRecord& record) {
  StreamHandle handle = peek(record.uuid);
  if (!handle) return;
  bool new_options = !(handle->record.settings == record.settings);
  hold_for_new_replicas(handle->record.replicas, record, *handle->stream);
  handle->record = record;
  if (new_options) handle->stream->set_options(options_for(record.settings));
}

void OpenStreams::set_space_low(bool low) {
  if (low != space_low_) open_streams_logger.warn(low ? "space is low: producers are refused" : "there is space again");
  space_low_ = low;
  for (const StreamHandle& handle : all()) handle->stream->set_space_low(low);
}

void OpenStreams::remove(const Uuid& uuid) {
  Slot& slot = slots_[uuid];
  slot.removed = true;
  if (slot.handle) {
    slot.handle->deleted = true;
    slot.handle->stream->advanced().notify_all();  // whoever waits for data looks again
    slot.handle.reset();
  } else if (!slot.opening && slot.closing == 0) {
    scope_.spawn(remove_log(uuid));
  }
}

void OpenStreams::let_go(OpenStream* stream) {
  ++closing_;
  ++slots_[stream->record.uuid].closing;
  // Not here: this is some user's destructor.
  world_.executor.post([this, stream] { scope_.spawn(close_one(std::unique_ptr<OpenStream>(stream))); });
}

Task<void> OpenStreams::close_one(std::unique_ptr<OpenStream> stream) {
  Uuid uuid = stream->record.uuid;
  Status closed = co_await stream->stream->close();
  if (!closed && !stream->deleted && !stream->stream->failure()) {
    open_streams_logger.warn("a stream was not closed cleanly",
                             {{"stream", stream->record.path}, {"error", closed.error().message}});
  }
  stream.reset();
  --closing_;
  Slot& slot = slots_[uuid];
  --slot.closing;
  if (slot.removed && slot.closing == 0 && !slot.opening) co_await remove_log(uuid);
  changed_.notify_all();
}

Task<void> OpenStreams::remove_log(Uuid uuid) {
  LogId id{uuid, 0};
  cache_.drop(id);
  Status removed = co_await logs_.remove(id);
  if (removed) {
    MetaBatch batch;
    batch.remove(epoch_key(id)).remove(removed_key(uuid));
    removed = co_await meta_.apply(std::move(batch));
  }
  if (!removed)
    open_streams_logger.warn("a deleted stream's log remains until the next start",
                             {{"log", to_string(id)}, {"error", removed.error().message}});
}

Task<Status> OpenStreams::finish_removals() {
  std::string after;
  for (;;) {
    std::string prefix = kRemovedPrefix;
    CO_TRY(std::vector<MetaEntry> entries, co_await meta_.scan(prefix, after, kRemovalsPerScan));
    for (const MetaEntry& entry : entries) {
      after = entry.key;
      CO_TRY(Uuid uuid, parse_uuid(std::string_view(entry.key).substr(prefix.size())));
      co_await remove_log(uuid);
    }
    if (entries.size() < kRemovalsPerScan) co_return Status{};
  }
}

Task<Status> OpenStreams::close() {
  closed_ = true;
  for (auto& [uuid, slot] : slots_) slot.handle.reset();
  scope_.stop();
  auto busy = [this] {
    if (closing_ > 0) return true;
    for (const auto& [uuid, slot] : slots_) {
      if (slot.opening || slot.handle) return true;
    }
    return false;
  };
  while (busy()) {
    for (auto& [uuid, slot] : slots_) slot.handle.reset();
    CO_TRY_STATUS(co_await changed_.wait());
  }
  co_await scope_.join();
  co_return Status{};
}

}  // namespace distributary
