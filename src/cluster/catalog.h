// Catalog: the streams of this cluster. Their paths, settings and registrations (in the MetaStore), and the open Stream
// objects of this node.
//
// Streams are opened on first use and stay open, as many as the options allow; then the one that has not been used for
// longest, and that nobody holds, is closed. A stream whose log failed is discarded and opened again by the catalog;
// one that was deleted fails with not_found. Users hold a StreamHandle for the time of one operation or session and ask
// again afterwards.
//
// From time to time the catalog has every stream drop what is older than its ttl, and tells the open ones when space
// runs low.
//
// Threads: the executor's thread only. Ownership: one per node; `close` before destruction, which waits until every
// StreamHandle is gone.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/open_streams.h"
#include "cluster/stream_record.h"
#include "io/signal.h"
#include "io/world.h"
#include "storage/log_store.h"
#include "storage/meta_store.h"
#include "stream/stream.h"
#include "stream/tail_cache.h"

namespace distributary {

class Catalog {
 public:
  struct Options {
    StreamOptions stream;  // defaults for what stream settings do not say
    size_t open_streams_max = 10'000;
    Duration retention_interval = std::chrono::minutes(1);       // of open streams
    Duration closed_retention_interval = std::chrono::hours(1);  // of those that nobody has opened
    Duration space_interval = std::chrono::seconds(1);
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
  // Reads, changes and writes as one step; `change` may be called more than once.
  using SettingsChange = std::function<Status(StreamSettings&)>;
  Task<Status> change_settings(std::string path, SettingsChange change);
  Task<Status> remove(std::string path);
  std::vector<std::string> paths() const;
  // Those that are open now; asking does not count as a use.
  std::vector<StreamHandle> open_streams() const;
  const StreamRecord* record(const std::string& path) const;
  const StreamRecord* record_by_uuid(const Uuid& uuid) const;

  // --- registrations. Errors also: conflict (no place left), already_exists (the same place or the same stream).
  Task<Result<ReplicaRegistration>> add_replica(std::string path, ReplicaRegistration replica);
  Task<Status> edit_replica(std::string path, ReplicaRegistration replica);  // by idx
  Task<Status> remove_replica(std::string path, uint32_t idx);
  Task<Result<UpstreamRegistration>> add_upstream(std::string path, UpstreamRegistration upstream);
  Task<Status> remove_upstream(std::string path, uint32_t idx);

  // Where the catalog keeps its records: for what else is kept for the cluster.
  MetaStore& meta();
  // Notified at once when any record changed, was created or removed: links and gateway sessions look again.
  Signal& changed();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace distributary
