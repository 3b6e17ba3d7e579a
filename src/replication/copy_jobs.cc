#include "replication/copy_jobs.h"

#include <algorithm>

#include "base/log.h"
#include "replication/copy_job_record.h"

namespace distributary {

namespace {

const Logger copy_jobs_logger("copy");
constexpr Duration kLookInterval = std::chrono::seconds(1);
constexpr size_t kJobsPerScan = 1000;

// Trouble that trying again will not mend.
bool is_final(LinkErrorCode code, bool granted) {
  switch (code) {
    case LinkErrorCode::gap:
    case LinkErrorCode::diverged:
    case LinkErrorCode::ahead:
    case LinkErrorCode::replica_not_found:
    case LinkErrorCode::replica_uuid_mismatch:
    case LinkErrorCode::grant_invalid:
    case LinkErrorCode::unsupported_entry: return true;
    case LinkErrorCode::not_an_upstream:
    case LinkErrorCode::upstream_uuid_mismatch: return !granted;
    default: return false;
  }
}

uint64_t clamp(uint64_t value, uint64_t low, uint64_t high) { return high <= low ? low : std::clamp(value, low, high); }

}  // namespace

CopyJobs::CopyJobs(World& world, Catalog& catalog, MetaStore& meta, LinkManager& links, Duration save_interval)
    : world_(world),
      catalog_(catalog),
      meta_(meta),
      links_(links),
      save_interval_(save_interval),
      ended_(world.executor),
      scope_(world.executor) {}

CopyJobs::~CopyJobs() = default;

Task<Status> CopyJobs::start() {
  std::string prefix(kCopyJobPrefix), after;
  for (;;) {
    CO_TRY(std::vector<MetaEntry> entries, co_await meta_.scan(prefix, after, kJobsPerScan));
    for (const MetaEntry& entry : entries) {
      Result<Job> job = decode_copy_job(entry.value);
      if (!job)
        copy_jobs_logger.warn("a stored copy job cannot be read", {{"key", entry.key}, {"error", job.error().message}});
      if (job) jobs_[job->status.id] = *job;
    }
    if (entries.size() < kJobsPerScan) break;
    after = entries.back().key;
  }
  for (auto& [id, job] : jobs_) {
    if (job.status.state != CopyState::running) continue;
    copy_jobs_logger.info("copy resumes", {{"id", to_string(id)}, {"stream", job.status.source_path}});
    scope_.spawn(run(id));
  }
  co_return Status{};
}

Task<void> CopyJobs::stop() {
  scope_.stop();
  ended_.notify_all();
  co_await scope_.join();
}

size_t CopyJobs::running() const {
  return std::count_if(jobs_.begin(), jobs_.end(),
                       [](const auto& entry) { return entry.second.status.state == CopyState::running; });
}

Task<Result<CopyStatus>> CopyJobs::begin(CopyRequest request) {
  CO_TRY(StreamHandle source, co_await catalog_.stream_by_uuid(request.source));
  if (scope_.stopping()) co_return fail(ErrorCode::unavailable, "the node is stopping");
  if (running() >= kCopiesRunningMax) {
    co_return fail(ErrorCode::conflict, std::to_string(kCopiesRunningMax) + " copies are running, which is the limit");
  }
  for (const auto& [other, job] : jobs_) {
    bool same = job.status.source == request.source && job.status.replica == request.replica;
    if (!same || job.status.state != CopyState::running) continue;
    co_return fail(ErrorCode::conflict, "a copy of " + job.status.source_path +
                                            " to this stream is running already, as job " + to_string(other));
  }
  Job job;
  job.status.id = world_.random.uuid();
  job.status.source_path = source->record.path;
  job.status.source = request.source;
  job.status.cluster = request.cluster;
  job.status.path = request.path;
  job.status.replica = request.replica;
  job.status.started = world_.clock().wall_now();
  job.grant = request.grant;
  job.target = source->stream->durable_end();
  Uuid id = job.status.id;
  jobs_[id] = job;
  Status saved = co_await save(id);
  if (!saved) {
    jobs_.erase(id);
    co_return fail(saved.error());
  }
  scope_.spawn(run(id));
  co_await drop_old();
  co_return find(id);
}

Task<void> CopyJobs::run(Uuid id) {
  std::stop_token stop = scope_.stop_token();
  LinkKey key;
  {
    Job& job = jobs_.at(id);
    key = {job.status.source, job.status.replica};
    CopyRun copy{id, job.status.cluster, job.status.path, job.grant};
    Status begun = links_.begin_copy(key, copy);
    if (!begun) {
      job.status.problem = LinkProblem{"ErrCopyRunning", "", begun.error().message, world_.clock().wall_now()};
      end(job, CopyState::failed);
    }
  }
  SteadyTime save_at = world_.clock().now() + save_interval_;
  while (!scope_.stopping() && !look(jobs_.at(id))) {
    if (world_.clock().now() >= save_at) {
      Status saved = co_await save(id);
      if (!saved) copy_jobs_logger.warn("the progress of a copy was not saved", {{"error", saved.error().message}});
      save_at = world_.clock().now() + save_interval_;
    }
    co_await links_.wait_progress(key, kLookInterval, stop);
  }
  Status saved = co_await save(id);
  if (!saved)
    copy_jobs_logger.warn("the end of a copy was not saved; it will run again", {{"error", saved.error().message}});
  if (!scope_.stopping()) links_.end_copy(key, id);
  ended_.notify_all();
}

bool CopyJobs::look(Job& job) {
  CopyStatus& s = job.status;
  if (s.state != CopyState::running) return true;
  if (catalog_.record_by_uuid(s.source) == nullptr) {
    s.problem = LinkProblem{"ErrSourceDeleted", "", "the source stream was deleted", world_.clock().wall_now()};
    end(job, CopyState::failed);
    return true;
  }
  LinkKey key{s.source, s.replica};
  Link* link = links_.find(key);
  if (link == nullptr) return false;
  s.problem = link->problem();
  if (link->confirmed()) {
    const LogPosition& now = link->acknowledged();
    if (!job.based) {
      job.base_bytes = std::min(now.history_bytes, job.target.history_bytes);
      job.base_records = std::min(now.history_records, job.target.history_records);
      job.based = true;
    }
    s.bytes_total = job.target.history_bytes - job.base_bytes;
    s.records_total = job.target.history_records - job.base_records;
    s.bytes_done = clamp(now.history_bytes, job.base_bytes, job.target.history_bytes) - job.base_bytes;
    s.records_done = clamp(now.history_records, job.base_records, job.target.history_records) - job.base_records;
    s.percentage = s.bytes_total == 0 ? 100 : static_cast<int>(s.bytes_done * 100 / s.bytes_total);
    links_.note_copy(key, s.percentage);
    if (now.next >= job.target.next) {
      end(job, CopyState::done);
      return true;
    }
  }
  std::optional<LinkErrorCode> code = link->problem_code();
  if (!code || !is_final(*code, !job.grant.empty())) return false;
  end(job, CopyState::failed);
  return true;
}

void CopyJobs::end(Job& job, CopyState state) {
  job.status.state = state;
  job.status.ended = world_.clock().wall_now();
  job.grant.clear();
  if (state == CopyState::done) {
    job.status.problem.reset();
    job.status.percentage = 100;
  }
  copy_jobs_logger.info("copy ended", {{"id", to_string(job.status.id)},
                                       {"stream", job.status.source_path},
                                       {"state", to_string(state)},
                                       {"why", job.status.problem ? job.status.problem->message : std::string()}});
}

Task<Status> CopyJobs::save(Uuid id) {
  MetaBatch batch;
  batch.put(copy_job_key(id), encode_copy_job(jobs_.at(id)));
  co_return co_await meta_.apply(std::move(batch));
}

Task<void> CopyJobs::drop_old() {
  std::vector<std::pair<WallMillis, Uuid>> old;
  for (const auto& [id, job] : jobs_) {
    if (job.status.state != CopyState::running) old.push_back({job.status.ended, id});
  }
  if (old.size() <= kCopiesEndedKept) co_return;
  std::sort(old.begin(), old.end());
  old.resize(old.size() - kCopiesEndedKept);
  MetaBatch batch;
  for (const auto& [ended, id] : old) {
    batch.remove(copy_job_key(id));
    jobs_.erase(id);
  }
  Status dropped = co_await meta_.apply(std::move(batch));
  if (!dropped) copy_jobs_logger.warn("old jobs were not dropped", {{"error", dropped.error().message}});
}

Task<Status> CopyJobs::cancel(Uuid id) {
  auto found = jobs_.find(id);
  if (found == jobs_.end()) co_return fail(ErrorCode::not_found, "there is no copy job " + to_string(id));
  Job& job = found->second;
  if (job.status.state != CopyState::running) {
    co_return fail(ErrorCode::conflict,
                   "copy job " + to_string(id) + " has ended: " + std::string(to_string(job.status.state)));
  }
  LinkKey key{job.status.source, job.status.replica};
  end(job, CopyState::cancelled);
  links_.end_copy(key, id);  // its progress wakes the job's task, which sees that it has ended
  co_return co_await save(id);
}

Result<CopyStatus> CopyJobs::find(const Uuid& id) const {
  auto found = jobs_.find(id);
  if (found == jobs_.end()) return fail(ErrorCode::not_found, "there is no copy job " + to_string(id));
  return found->second.status;
}

std::vector<CopyStatus> CopyJobs::list() const {
  std::vector<CopyStatus> out;
  for (const auto& [id, job] : jobs_) out.push_back(job.status);
  std::sort(out.begin(), out.end(), [](const CopyStatus& a, const CopyStatus& b) { return a.started > b.started; });
  return out;
}

Task<Result<CopyStatus>> CopyJobs::wait(Uuid id, SteadyTime deadline, std::stop_token stop) {
  for (;;) {
    CO_TRY(CopyStatus status, find(id));
    if (status.state != CopyState::running) co_return status;
    if (scope_.stopping())
      co_return fail(ErrorCode::cancelled, "the node is stopping; the copy goes on when it runs again");
    CO_TRY_STATUS(co_await ended_.wait(deadline, stop));
  }
}

}  // namespace distributary
