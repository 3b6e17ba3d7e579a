// OpenStreams: the Stream objects of this node. Opens each under a new storage epoch, at most once at a time; closes it
// when its last user has let go.
//
// Threads: the executor's thread only. Ownership: the Catalog's. `close` before destruction.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "cluster/stream_record.h"
#include "io/signal.h"
#include "io/task_scope.h"
#include "io/world.h"
#include "storage/meta_store.h"
#include "stream/node_turns.h"
#include "stream/stream.h"
#include "stream/tail_cache.h"

namespace distributary {

// An open stream with its record as of now.
struct OpenStream {
  StreamRecord record;  // replaced in place when settings or registrations change
  std::unique_ptr<Stream> stream;
  bool deleted = false;
};
// Shared, because a stream may be deleted or reopened while a request is using it; the last user's letting go closes
// it.
using StreamHandle = std::shared_ptr<OpenStream>;

class OpenStreams {
 public:
  struct Options {
    StreamOptions stream;  // for what stream settings do not say
    size_t max = 10'000;
  };
  OpenStreams(World& world, LogStore& logs, MetaStore& meta, TailCache& cache, Options options);

  // Opens the stream unless it is open. unavailable when it has failed again just after it was opened.
  Task<Result<StreamHandle>> get(StreamRecord record);
  // The open stream, or null. Does not count as a use.
  StreamHandle peek(const Uuid& uuid) const;
  std::vector<StreamHandle> all() const;
  void update(const StreamRecord& record);
  // Removes the log, at once or after the last user has let go.
  void remove(const Uuid& uuid);
  void set_space_low(bool low);

  // Removes what a removal that was cut short has left.
  Task<Status> finish_removals();
  Task<Status> close();

 private:
  struct Slot {
    StreamHandle handle;
    uint64_t last_used = 0;
    SteadyTime opened{};
    bool opening = false;
    bool removed = false;
    size_t closing = 0;
  };
  struct Closer;

  Task<Result<std::unique_ptr<OpenStream>>> open(StreamRecord record);
  Task<Result<StorageEpoch>> next_epoch(LogId log);
  StreamOptions options_for(const StreamSettings& settings) const;
  Status make_room();
  void let_go(OpenStream* stream);  // the last handle has gone
  Task<void> close_one(std::unique_ptr<OpenStream> stream);
  Task<void> remove_log(Uuid uuid);

  World& world_;
  LogStore& logs_;
  MetaStore& meta_;
  TailCache& cache_;
  Options options_;
  NodeTurns turns_;
  bool space_low_ = false;
  bool closed_ = false;
  uint64_t tick_ = 0;
  size_t closing_ = 0;
  std::map<Uuid, Slot> slots_;
  Signal changed_;
  TaskScope scope_;
};

}  // namespace distributary
