// LinkManager: the links of this node. Follows the catalog: one link for each registered replica of each stream, and
// one for each pair that a copy job fills; starts and stops them as registrations come and go.
//
// Ownership: one per node; `stop` before destruction, and before the catalog closes. Threads: the executor's thread
// only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "replication/link.h"

namespace distributary {

class LinkManager {
 public:
  LinkManager(World& world, Catalog& catalog, MetaStore& meta, ClusterDirectory& directory, LinkOptions options);
  ~LinkManager();

  // After Catalog::open. Links begin at once.
  void start();
  Task<void> stop();

  // One for each registered replica of the stream, by idx. Errors: not_found.
  Task<Result<std::vector<ReplicaStatus>>> replicas(Uuid source);

  // --- for CopyJobs. At most one copy per pair: `conflict`.
  Status begin_copy(const LinkKey& key, CopyRun copy);
  void end_copy(const LinkKey& key, const Uuid& copy);
  void note_copy(const LinkKey& key, int percentage);  // for `replicas`
  // Null when there is no such link. Not to be kept over a co_await.
  Link* find(const LinkKey& key);
  // Waits until the link has news, but at most so long.
  Task<void> wait_progress(LinkKey key, Duration at_most, std::stop_token stop);

 private:
  struct Slot {
    std::shared_ptr<Link> link;  // shared: a question for its status may outlive the registration
    std::optional<CopyRun> copy;
    int copy_percentage = 0;
    bool retiring = false;
  };
  Task<void> follow_catalog();
  void reconcile();
  void ensure(const LinkKey& key, std::optional<ReplicaRegistration> registration);
  Task<void> retire(LinkKey key);
  static Task<void> stop_link(Link& link);

  LinkContext context_;
  std::map<LinkKey, Slot> links_;
  bool started_ = false;
  Signal changed_;  // a link was retired, or a link had news
  TaskScope scope_;
};

}  // namespace distributary
