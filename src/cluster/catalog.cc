#include "cluster/catalog.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "io/task_scope.h"
#include "model/path.h"
#include "model/printable.h"

namespace distributary {
namespace {

const Logger catalog_logger("cluster");

constexpr size_t kRecordsPerScan = 1000;
constexpr int kChangeAttemptsMax = 10;

Error no_stream(const std::string& path) { return Error{ErrorCode::not_found, "there is no stream " + path}; }

template <class Registration>
uint32_t next_idx(const std::vector<Registration>& registrations) {
  uint32_t last = 0;
  for (const Registration& registration : registrations) last = std::max(last, registration.idx);
  return last + 1;
}

template <class Registration>
auto find_idx(std::vector<Registration>& registrations, uint32_t idx) {
  return std::find_if(registrations.begin(), registrations.end(), [&](const Registration& r) { return r.idx == idx; });
}

// The same place, or the same stream under another name.
template <class Registration>
Status check_new(const std::vector<Registration>& present, const Registration& added, const char* kind,
                 const StreamRecord& record, size_t max) {
  if (added.uuid == record.uuid) {
    return fail(ErrorCode::invalid_argument, "stream " + record.path + " cannot be its own " + kind);
  }
  std::string name = to_string(StreamPath{added.cluster, added.path});
  for (const Registration& other : present) {
    bool same_place = other.cluster == added.cluster && other.path == added.path;
    if (!same_place && other.uuid != added.uuid) continue;
    std::string there = to_string(StreamPath{other.cluster, other.path});
    std::string stale = same_place && other.uuid != added.uuid ? "; that was another stream (" + to_string(other.uuid) +
                                                                     ") at the same path: remove it first"
                                                               : "";
    return fail(ErrorCode::already_exists, name + " is a" + (kind[0] == 'u' ? "n " : " ") + kind + " of stream " +
                                               record.path + " already" + (same_place ? "" : ", as " + there) + stale);
  }
  if (present.size() >= max) {
    return fail(ErrorCode::conflict,
                "stream " + record.path + " has " + std::to_string(max) + " " + kind + "s, which is the limit");
  }
  return {};
}

}  // namespace

class Catalog::Impl {
 public:
  Impl(World& world, LogStore& logs, MetaStore& meta, TailCache& cache, Options options)
      : world(world),
        logs(logs),
        meta(meta),
        options(options),
        streams(world, logs, meta, cache, {.stream = options.stream, .max = options.open_streams_max}),
        changed(world.executor),
        turn(world.executor),
        scope(world.executor) {}

  using Change = std::function<Status(StreamRecord&)>;

  Task<Status> load();
  Task<Result<StreamHandle>> stream(std::string path);
  Task<Result<StreamRecord>> create(std::string path, StreamSettings settings, std::string creator);
  Task<Status> change(std::string path, Change change);
  Task<Status> remove(std::string path);
  Task<void> retention_loop();
  Task<void> space_loop();

  const StreamRecord* find(const std::string& path) const {
    auto found = records.find(path);
    return found == records.end() ? nullptr : &found->second.record;
  }

  struct Stored {
    StreamRecord record;
    std::string bytes;  // as in the MetaStore
    std::optional<SteadyTime> retention_visit;
    bool may_expire = true;  // as of the last visit
  };
  World& world;
  LogStore& logs;
  MetaStore& meta;
  Options options;
  std::map<std::string, Stored> records;
  std::map<Uuid, std::string> paths;
  OpenStreams streams;
  Signal changed;
  bool open_done = false;

 private:
  // Changes to records take turns, so that none is made from a copy that is out of date.
  class Turn {
   public:
    explicit Turn(Impl& owner) : owner_(&owner) { owner.busy = true; }
    Turn(Turn&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    ~Turn() {
      if (!owner_) return;
      owner_->busy = false;
      owner_->turn.notify_all();
    }

   private:
    Impl* owner_;
  };
  Task<Turn> take_turn();
  Task<Status> change_now(std::string path, Change change);
  Task<Status> reload(std::string path);
  void put(StreamRecord record, std::string bytes);
  bool visit_due(const Stored& stored) const;

  bool busy = false;
  Signal turn;

 public:
  TaskScope scope;
};

Task<Catalog::Impl::Turn> Catalog::Impl::take_turn() {
  while (busy) {
    Status waited = co_await turn.wait();
    (void)waited;  // without deadline or stop token it is always a notification
  }
  co_return Turn(*this);
}

void Catalog::Impl::put(StreamRecord record, std::string bytes) {
  streams.update(record);
  paths[record.uuid] = record.path;
  Stored& stored = records[record.path];
  stored.bytes = std::move(bytes);
  stored.record = std::move(record);
  changed.notify_all();
}

Task<Status> Catalog::Impl::load() {
  CO_TRY_STATUS(co_await streams.finish_removals());
  std::string after;
  for (;;) {
    std::string prefix = kStreamPrefix;
    CO_TRY(std::vector<MetaEntry> entries, co_await meta.scan(prefix, after, kRecordsPerScan));
    for (MetaEntry& entry : entries) {
      after = entry.key;
      auto record = decode_stream_record(entry.value);
      if (!record) co_return fail(record.error().context("catalog key " + quoted(entry.key)));
      put(std::move(*record), std::move(entry.value));
    }
    if (entries.size() < kRecordsPerScan) break;
  }
  scope.spawn(retention_loop());
  scope.spawn(space_loop());
  co_return Status{};
}

Task<Result<StreamHandle>> Catalog::Impl::stream(std::string path) {
  const StreamRecord* record = find(path);
  if (!record) co_return fail(no_stream(path));
  StreamRecord copy = *record;
  CO_TRY(StreamHandle handle, co_await streams.get(std::move(copy)));
  const StreamRecord* now = find(path);  // it may have changed while the stream was opened
  if (!now || now->uuid != handle->record.uuid) co_return fail(no_stream(path));
  streams.update(*now);
  co_return handle;
}

Task<Result<StreamRecord>> Catalog::Impl::create(std::string path, StreamSettings settings, std::string creator) {
  CO_TRY_STATUS(check_local_path(path));
  if (path.size() > kStreamPathBytesMax) {
    co_return fail(ErrorCode::too_large,
                   "the path of a stream has at most " + std::to_string(kStreamPathBytesMax) + " bytes");
  }
  CO_TRY_STATUS(settings.check());
  Turn held = co_await take_turn();
  if (find(path)) co_return fail(ErrorCode::already_exists, "stream " + path + " exists already");
  StreamRecord record;
  record.uuid = world.random.uuid();
  record.path = path;
  record.creator = std::move(creator);
  record.created = world.clock().wall_now();
  record.settings = std::move(settings);
  std::string bytes = encode_stream_record(record);
  MetaBatch batch;
  batch.require(stream_key(path), std::nullopt).put(stream_key(path), bytes).put(stream_id_key(record.uuid), path);
  Status written = co_await meta.apply(std::move(batch));
  if (!written && written.error().code == ErrorCode::conflict)
    co_return fail(ErrorCode::already_exists, "stream " + path + " exists already");
  if (!written) co_return fail(written.error());
  put(record, std::move(bytes));
  co_return record;
}

Task<Status> Catalog::Impl::reload(std::string path) {
  std::string key = stream_key(path);
  CO_TRY(std::optional<std::string> bytes, co_await meta.get(key));
  if (!bytes) co_return fail(no_stream(path));
  CO_TRY(StreamRecord record, decode_stream_record(*bytes));
  put(std::move(record), std::move(*bytes));
  co_return Status{};
}

Task<Status> Catalog::Impl::change(std::string path, Change change) {
  Turn held = co_await take_turn();
  co_return co_await change_now(std::move(path), std::move(change));
}

Task<Status> Catalog::Impl::change_now(std::string path, Change change) {
  for (int attempt = 0; attempt < kChangeAttemptsMax; ++attempt) {
    auto found = records.find(path);
    if (found == records.end()) co_return fail(no_stream(path));
    StreamRecord record = found->second.record;
    CO_TRY_STATUS(change(record));
    CO_TRY_STATUS(record.settings.check());
    std::string bytes = encode_stream_record(record);
    if (bytes == found->second.bytes) co_return Status{};
    MetaBatch batch;
    batch.require(stream_key(path), found->second.bytes).put(stream_key(path), bytes);
    Status written = co_await meta.apply(std::move(batch));
    if (written) {
      put(std::move(record), std::move(bytes));
      co_return Status{};
    }
    if (written.error().code != ErrorCode::conflict) co_return written;
    CO_TRY_STATUS(co_await reload(path));  // another node was faster
  }
  co_return fail(ErrorCode::conflict, "stream " + path + " keeps being changed elsewhere; try again");
}

Task<Status> Catalog::Impl::remove(std::string path) {
  Turn held = co_await take_turn();
  auto found = records.find(path);
  if (found == records.end()) co_return fail(no_stream(path));
  Uuid uuid = found->second.record.uuid;
  MetaBatch batch;
  batch.require(stream_key(path), found->second.bytes)
      .remove(stream_key(path))
      .remove(stream_id_key(uuid))
      .put(removed_key(uuid), path);
  CO_TRY_STATUS(co_await meta.apply(std::move(batch)));
  records.erase(path);
  paths.erase(uuid);
  streams.remove(uuid);
  changed.notify_all();
  co_return Status{};
}

bool Catalog::Impl::visit_due(const Stored& stored) const {
  if (streams.peek(stored.record.uuid)) return true;
  if (stored.record.settings.ttl_seconds == 0 && !stored.may_expire) return false;
  return !stored.retention_visit || world.clock().now() - *stored.retention_visit >= options.closed_retention_interval;
}

Task<void> Catalog::Impl::retention_loop() {
  std::stop_token stop = scope.stop_token();
  for (;;) {
    Status slept = co_await sleep_for(world.executor, options.retention_interval, stop);
    if (!slept) co_return;
    std::vector<std::string> round;
    for (const auto& [path, stored] : records) round.push_back(path);
    for (const std::string& path : round) {
      auto found = records.find(path);
      if (stop.stop_requested()) co_return;
      if (found == records.end() || !visit_due(found->second)) continue;
      found->second.retention_visit = world.clock().now();
      auto handle = co_await stream(path);
      Status done;
      if (!handle) done = fail(handle.error());
      if (handle) done = co_await (*handle)->stream->enforce_retention();
      found = records.find(path);
      if (handle && found != records.end()) found->second.may_expire = (*handle)->stream->may_expire();
      if (!done && !stop.stop_requested())
        catalog_logger.warn("retention failed", {{"stream", path}, {"error", done.error().message}});
    }
  }
}

Task<void> Catalog::Impl::space_loop() {
  std::stop_token stop = scope.stop_token();
  for (;;) {
    auto left = co_await logs.space_left();
    if (stop.stop_requested()) co_return;
    if (left) {
      streams.set_space_low(*left == 0);
    } else {
      catalog_logger.warn("cannot tell how much space is left", {{"error", left.error().message}});
    }
    Status slept = co_await sleep_for(world.executor, options.space_interval, stop);
    if (!slept) co_return;
  }
}

Catalog::Catalog(World& world, LogStore& logs, MetaStore& meta, TailCache& cache, Options options)
    : impl_(std::make_unique<Impl>(world, logs, meta, cache, options)) {}
Catalog::~Catalog() = default;

Task<Status> Catalog::open() { return impl_->load(); }

Task<Status> Catalog::close() {
  impl_->scope.stop();
  co_await impl_->scope.join();
  co_return co_await impl_->streams.close();
}

Task<Result<StreamHandle>> Catalog::stream(std::string path) { return impl_->stream(std::move(path)); }

Task<Result<StreamHandle>> Catalog::stream_by_uuid(Uuid uuid) {
  const StreamRecord* found = record_by_uuid(uuid);
  if (!found) co_return fail(ErrorCode::not_found, "there is no stream with the id " + to_string(uuid));
  std::string path = found->path;
  co_return co_await impl_->stream(std::move(path));
}

Task<Result<StreamRecord>> Catalog::create(std::string path, StreamSettings settings, std::string creator) {
  return impl_->create(std::move(path), std::move(settings), std::move(creator));
}

Task<Status> Catalog::edit(std::string path, StreamSettings settings) {
  return impl_->change(std::move(path), [settings = std::move(settings)](StreamRecord& record) -> Status {
    record.settings = settings;
    return {};
  });
}

Task<Status> Catalog::change_settings(std::string path, SettingsChange change) {
  return impl_->change(std::move(path),
                       [change = std::move(change)](StreamRecord& record) { return change(record.settings); });
}

Task<Status> Catalog::remove(std::string path) { return impl_->remove(std::move(path)); }

std::vector<StreamHandle> Catalog::open_streams() const { return impl_->streams.all(); }

std::vector<std::string> Catalog::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, stored] : impl_->records) paths.push_back(path);
  return paths;
}

const StreamRecord* Catalog::record(const std::string& path) const { return impl_->find(path); }

const StreamRecord* Catalog::record_by_uuid(const Uuid& uuid) const {
  auto found = impl_->paths.find(uuid);
  return found == impl_->paths.end() ? nullptr : impl_->find(found->second);
}

Task<Result<ReplicaRegistration>> Catalog::add_replica(std::string path, ReplicaRegistration replica) {
  Impl::Change change = [&replica](StreamRecord& record) -> Status {
    TRY_STATUS(check_new(record.replicas, replica, "replica", record, kReplicasMax));
    replica.idx = next_idx(record.replicas);
    record.replicas.push_back(replica);
    return {};
  };
  CO_TRY_STATUS(co_await impl_->change(std::move(path), std::move(change)));
  co_return replica;
}

Task<Status> Catalog::edit_replica(std::string path, ReplicaRegistration replica) {
  return impl_->change(std::move(path), [replica = std::move(replica)](StreamRecord& record) -> Status {
    auto found = find_idx(record.replicas, replica.idx);
    if (found == record.replicas.end()) {
      return fail(ErrorCode::not_found,
                  "stream " + record.path + " has no replica with idx " + std::to_string(replica.idx));
    }
    *found = replica;
    return {};
  });
}

Task<Status> Catalog::remove_replica(std::string path, uint32_t idx) {
  return impl_->change(std::move(path), [idx](StreamRecord& record) -> Status {
    auto found = find_idx(record.replicas, idx);
    if (found == record.replicas.end()) {
      return fail(ErrorCode::not_found, "stream " + record.path + " has no replica with idx " + std::to_string(idx));
    }
    record.replicas.erase(found);
    return {};
  });
}

Task<Result<UpstreamRegistration>> Catalog::add_upstream(std::string path, UpstreamRegistration upstream) {
  Impl::Change change = [&upstream](StreamRecord& record) -> Status {
    TRY_STATUS(check_new(record.upstreams, upstream, "upstream", record, kUpstreamsMax));
    upstream.idx = next_idx(record.upstreams);
    record.upstreams.push_back(upstream);
    return {};
  };
  CO_TRY_STATUS(co_await impl_->change(std::move(path), std::move(change)));
  co_return upstream;
}

Task<Status> Catalog::remove_upstream(std::string path, uint32_t idx) {
  return impl_->change(std::move(path), [idx](StreamRecord& record) -> Status {
    auto found = find_idx(record.upstreams, idx);
    if (found == record.upstreams.end()) {
      return fail(ErrorCode::not_found, "stream " + record.path + " has no upstream with idx " + std::to_string(idx));
    }
    record.upstreams.erase(found);
    return {};
  });
}

MetaStore& Catalog::meta() { return impl_->meta; }
Signal& Catalog::changed() { return impl_->changed; }

}  // namespace distributary
