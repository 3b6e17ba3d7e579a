// Link: the running flow from one stream to one replica. Tries the gateways of the replica's cluster in turn, for ever,
// and keeps what went wrong for people to see.
//
// A link exists while the replica is registered or a copy job fills it. It holds the source stream open and holds back
// its retention, also while paused. It flows while the replica is registered and not paused, or a copy is running; both
// share one session.
//
// Ownership: by the LinkManager; `stop` before destruction. Threads: the executor's thread only.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "cluster/catalog.h"
#include "io/task_scope.h"
#include "replication/back_off.h"
#include "replication/cluster_directory.h"
#include "replication/link_options.h"
#include "replication/link_record.h"
#include "replication/replication_status.h"
#include "replication/source_session.h"

namespace distributary {

// What all links of a node share. Outlives them.
struct LinkContext {
  World& world;
  Catalog& catalog;
  MetaStore& meta;
  ClusterDirectory& directory;
  LinkOptions options;
  size_t sessions = 0;  // that run

  // What one of them may have sent and not had acknowledged.
  uint64_t window_limit() const {
    uint64_t share = options.memory_bytes / std::max<size_t>(1, sessions);
    return std::max(options.window_bytes_min, std::min(options.window_bytes_max, share));
  }
};

// A bounded run on behalf of a copy job.
struct CopyRun {
  Uuid id;
  std::string cluster;  // of the replica
  std::string path;
  std::string grant;  // empty when the pair is registered on both sides
};

class Link {
 public:
  Link(LinkContext& context, LinkKey key);
  ~Link();

  void start();
  // Ends the flow; the replica side is told `why`. With `removed` forgets the position and lets retention go.
  Task<void> stop(Ending why, bool removed);

  // nullopt: not (or no longer) registered.
  void set_registration(std::optional<ReplicaRegistration> registration);
  // nullopt: the copy has ended.
  void set_copy(std::optional<CopyRun> copy);

  const LinkKey& key() const { return key_; }
  bool registered() const { return registration_.has_value(); }
  bool copying() const { return copy_.has_value(); }
  const LogPosition& acknowledged() const { return record_.acknowledged; }
  // Whether the replica itself has confirmed `acknowledged` since the present copy began.
  bool confirmed() const { return confirmed_; }
  const std::optional<LinkProblem>& problem() const { return problem_; }
  std::optional<LinkErrorCode> problem_code() const { return problem_ ? std::optional(problem_code_) : std::nullopt; }
  // Notified when the position or the problem changed.
  Signal& progressed() { return progressed_; }
  Task<ReplicaStatus> status();

 private:
  struct Destination {
    std::string cluster;
    std::string path;
    bool operator==(const Destination&) const = default;
  };
  bool flows() const { return copy_ || (registration_ && !registration_->paused); }
  std::optional<Destination> destination() const;
  std::string where() const;  // the replica, for messages
  void wake();

  Task<void> run();
  Task<void> run_with(StreamHandle source);
  Task<void> watch(Stream& source);
  Task<void> save_loop();
  Task<void> load(Stream& source);
  Task<void> save();
  Task<Ending> attempt(StreamHandle source);
  Task<Ending> try_gateway(StreamHandle source, GatewayTarget target);
  Task<Ending> run_session(StreamHandle source, GatewayTarget target, Hello hello, Welcome welcome,
                           std::unique_ptr<FrameConnection> connection);
  Hello make_hello(const OpenStream& source) const;
  void accept(Agreement& agreement);
  void ended(Ending why, bool was_wanted);
  void take_progress();
  Task<void> pause(Duration span);
  Task<WallMillis> oldest_pending(Stream& source);
  LinkState state() const;

  LinkContext& context_;
  const LinkKey key_;
  const std::string hold_name_;
  std::optional<ReplicaRegistration> registration_;
  std::optional<CopyRun> copy_;
  LinkRecord record_;
  bool loaded_ = false;
  bool dirty_ = false;
  bool confirmed_ = false;
  Lsn regressed_until_ = 0;
  StreamHandle source_;                     // while `run_with` runs
  std::unique_ptr<SourceSession> session_;  // while one is running
  LinkMode session_mode_ = LinkMode::replicate;
  uint64_t sessions_ = 0;
  size_t next_gateway_ = 0;
  std::string host_;  // gateway last tried
  std::optional<LinkProblem> problem_;
  LinkErrorCode problem_code_ = LinkErrorCode::connection_lost;
  BackOff back_off_;
  std::optional<Ending> stop_reason_;
  bool woken_ = false;
  Signal wake_;
  Signal progressed_;
  TaskScope scope_;
};

}  // namespace distributary
