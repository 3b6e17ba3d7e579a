// Catalog: the streams of this cluster. Their paths, settings and registrations (in the MetaStore), and the open Stream objects of this node.
//
// Streams are opened on first use and stay open. A stream whose log failed is discarded and opened again by the catalog; one that was deleted
// fails with not_found. Users hold a StreamHandle for the time of one operation or session and ask again afterwards.
//
// Threads: the executor's thread only. Ownership: one per node; `close` before destruction.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/registration.h"
#include "io/signal.h"
#include "io/world.h"
#include "model/stream_settings.h"
#include "storage/log_store.h"
#include "storage/meta_store.h"
#include "stream/stream.h"
#include "stream/tail_cache.h"

namespace distributary {

struct StreamRecord {
  Uuid uuid;
  std::string path;  // within the cluster, begins with '/'
  uint32_t incarnation = 1;
  std::string creator;  // user name
  WallMillis created = 0;
  StreamSettings settings;
  std::vector<ReplicaRegistration> replicas;
  std::vector<UpstreamRegistration> upstreams;
};

// An open stream with its record as of now. Shared, because a stream may be deleted or reopened while a request is using it: the catalog closes
// it when the last user has let go.
struct OpenStream {
  StreamRecord record;  // replaced in place when settings or registrations change
  std::unique_ptr<Stream> stream;
  bool deleted = false;
};
using StreamHandle = std::shared_ptr<OpenStream>;

class Catalog {
 public:
  struct Options {
    StreamOptions stream;  // defaults for what stream settings do not say
    size_t open_streams_max = 10'000;
  };
  Catalog(World& world, LogStore& logs, MetaStore& meta, TailCache& cache, Options options);
  ~Catalog();
  // Loads every record. Streams open lazily.
  Task<Status> open();
  Task<Status> close();

  // --- streams. Errors: not_found, already_exists, invalid_argument; the message names the path.
  Task<Result<StreamHandle>> stream(std::string path);
  Task<Result<StreamHandle>> stream_by_uuid(Uuid uuid);
  Task<Result<StreamRecord>> create(std::string path, StreamSettings settings, std::string creator);
  Task<Status> edit(std::string path, StreamSettings settings);
  Task<Status> remove(std::string path);
  std::vector<std::string> paths() const;
  const StreamRecord* record(const std::string& path) const;
  const StreamRecord* record_by_uuid(const Uuid& uuid) const;

  // --- registrations. Errors also: conflict (full, or there already).
  Task<Result<ReplicaRegistration>> add_replica(std::string path, ReplicaRegistration replica);
  Task<Status> edit_replica(std::string path, ReplicaRegistration replica);  // by idx
  Task<Status> remove_replica(std::string path, uint32_t idx);
  Task<Result<UpstreamRegistration>> add_upstream(std::string path, UpstreamRegistration upstream);
  Task<Status> remove_upstream(std::string path, uint32_t idx);

  // Notified at once when any record changed, was created or removed: links and gateway sessions look again.
  Signal& changed();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace distributary
