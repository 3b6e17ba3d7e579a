// CopyJobs: `mapr copystream` as a job of the source's cluster. Each is a bounded run of the link between the two
// streams: it ends when the replica durably holds everything up to the source's durable end at the job's start, so a
// registered replica goes on exactly there. Jobs are kept in the MetaStore under "job/copy/" and resumed when the node
// starts.
//
// Ownership: one per node; `stop` before the LinkManager's. Threads: the executor's thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "replication/link_manager.h"

namespace distributary {

inline constexpr size_t kCopiesRunningMax = 64;
inline constexpr size_t kCopiesEndedKept = 100;

struct CopyRequest {
  Uuid source;
  std::string cluster;  // of the destination
  std::string path;
  Uuid replica;
  std::string grant;  // Gateway::issue_grant at the destination; empty when the pair is registered on both sides
};

class CopyJobs {
 public:
  CopyJobs(World& world, Catalog& catalog, MetaStore& meta, LinkManager& links,
           Duration save_interval = std::chrono::seconds(2));
  ~CopyJobs();

  // After LinkManager::start. Resumes what was running.
  Task<Status> start();
  Task<void> stop();  // running jobs stay running, for the next start

  // Errors: not_found (no such source), conflict (a copy of this pair is running, or too many are).
  Task<Result<CopyStatus>> begin(CopyRequest request);
  // What was copied stays. Errors: not_found, conflict (it has ended).
  Task<Status> cancel(Uuid id);
  Result<CopyStatus> find(const Uuid& id) const;
  // Running ones, and the last hundred that ended; newest first.
  std::vector<CopyStatus> list() const;
  // Until the job has ended. Errors: not_found, timed_out, cancelled.
  Task<Result<CopyStatus>> wait(Uuid id, SteadyTime deadline, std::stop_token stop);

  struct Job {
    CopyStatus status;
    std::string grant;
    LogPosition target;       // of the source's log
    uint64_t base_bytes = 0;  // history before the place where the copy began
    uint64_t base_records = 0;
    bool based = false;  // the base is known
  };

 private:
  Task<void> run(Uuid id);
  // Whether the job has ended.
  bool look(Job& job);
  void end(Job& job, CopyState state);
  Task<Status> save(Uuid id);
  Task<void> drop_old();
  size_t running() const;

  World& world_;
  Catalog& catalog_;
  MetaStore& meta_;
  LinkManager& links_;
  Duration save_interval_;
  std::map<Uuid, Job> jobs_;
  Signal ended_;
  TaskScope scope_;
};

}  // namespace distributary
