#include "storage/local/local_log_store.h"

#include <algorithm>

#include "storage/local/local_log.h"

namespace distributary {
namespace {

constexpr std::string_view kRemovedPrefix = "removed-";
constexpr uint64_t kReserveShare = 20;  // one part in so many: 5 %

std::string parent_of(const std::string& path) {
  size_t end = path.find_last_not_of('/');
  size_t slash = end == path.npos ? 0 : path.rfind('/', end);
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

LocalLogStore::LocalLogStore(Executor& executor, FileSystem& files, LocalLogOptions options)
    : executor_(executor),
      files_(files),
      options_(std::move(options)),
      logs_path_(options_.root + "/logs"),
      syncs_(executor, files, options_.root),
      open_files_(files, options_.open_files) {}

Task<Result<std::unique_ptr<LocalLogStore>>> LocalLogStore::start(Executor& executor, FileSystem& files,
                                                                  LocalLogOptions options) {
  std::unique_ptr<LocalLogStore> store(new LocalLogStore(executor, files, std::move(options)));
  CO_TRY_STATUS(co_await store->prepare());
  co_return store;
}

Task<Status> LocalLogStore::prepare() {
  CO_TRY_STATUS(co_await files_.make_directories(logs_path_));
  CO_TRY_STATUS(co_await files_.sync_directory(options_.root));
  CO_TRY_STATUS(co_await sync_ancestors(options_.root));
  CO_TRY(std::vector<std::string> names, co_await files_.list(logs_path_));
  for (const std::string& name : names) {
    if (!name.starts_with(kRemovedPrefix)) continue;
    std::string path = logs_path_ + "/" + name;
    CO_TRY_STATUS(co_await files_.remove(path));
  }
  if (!options_.reserve) {
    CO_TRY(uint64_t total, co_await files_.total_bytes(logs_path_));
    options_.reserve = std::min(LocalLogOptions::kMaxDefaultReserve, total / kReserveShare);
  }
  co_return Status{};
}

// They may have been created by this start, or by one that a crash has ended. The ones that we may not open existed
// before.
Task<Status> LocalLogStore::sync_ancestors(std::string path) {
  while (path != "/" && path != ".") {
    path = parent_of(path);
    Status synced = co_await files_.sync_directory(path);
    if (!synced && synced.error().code != ErrorCode::io) co_return synced;
  }
  co_return Status{};
}

Task<Result<std::shared_ptr<LogOwnership>>> LocalLogStore::unlocked(LogId id) {
  while (true) {
    std::shared_ptr<LogOwnership>& known = owners_[id];
    if (!known) known = std::make_shared<LogOwnership>(executor_);
    std::shared_ptr<LogOwnership> ownership = known;
    if (!ownership->locked) co_return ownership;
    CO_TRY_STATUS(co_await ownership->changed.wait());
  }
}

Task<Status> LocalLogStore::drain(LogOwnership& ownership) {
  while (ownership.operations > 0) {
    CO_TRY_STATUS(co_await ownership.changed.wait());
  }
  co_return Status{};
}

Task<Result<std::unique_ptr<Log>>> LocalLogStore::open(LogId id, StorageEpoch epoch) {
  if (epoch == 0) co_return fail(ErrorCode::fenced, "log " + to_string(id) + ": epochs begin at 1");
  CO_TRY(std::shared_ptr<LogOwnership> ownership, co_await unlocked(id));
  LogOwnership::Lock lock(ownership);
  co_return co_await open_locked(id, epoch, ownership);
}

Task<Result<std::unique_ptr<Log>>> LocalLogStore::open_locked(LogId id, StorageEpoch epoch,
                                                              std::shared_ptr<LogOwnership> ownership) {
  LogDirectory directory(files_, syncs_, directory_of(id));
  CO_TRY(StorageEpoch stored, co_await directory.read_epoch());
  if (epoch <= stored) {
    co_return fail(ErrorCode::fenced, "log " + to_string(id) + " was opened under epoch " + std::to_string(stored) +
                                          "; epoch " + std::to_string(epoch) + " is not newer");
  }
  ownership->epoch = epoch;  // older owners are fenced from here on; what they have begun ends first
  CO_TRY_STATUS(co_await drain(*ownership));
  if (stored == 0) {
    CO_TRY_STATUS(co_await files_.make_directories(directory.path()));
  }
  open_files_.forget_below(directory.path());
  CO_TRY(LogDirectory::Contents contents, co_await directory.scan());
  CO_TRY_STATUS(co_await directory.write_epoch(epoch));
  CO_TRY_STATUS(co_await settle(directory, contents.segments, *ownership));
  if (stored == 0) {
    std::vector<std::shared_ptr<File>> none;
    CO_TRY_STATUS(co_await syncs_.sync(std::move(none), logs_path_));
  }
  std::unique_ptr<Log> log =
      std::make_unique<LocalLog>(LocalLog::Parts{files_, syncs_, open_files_, ownership, to_string(id)},
                                 std::move(directory), std::move(contents));
  co_return log;
}

Task<Status> LocalLogStore::settle(LogDirectory& directory, const std::vector<SegmentInfo>& segments,
                                   LogOwnership& ownership) {
  Status synced = co_await directory.sync_last(segments);
  size_t settled = segments.size() - std::min(segments.size(), LogDirectory::kUnsyncedSegments);
  for (size_t i = settled; !synced && i < segments.size(); ++i) ownership.doubt(segments[i].number, 0);
  CO_TRY_STATUS(std::move(synced));
  while (!ownership.doubtful.empty()) {
    auto [number, from] = *ownership.doubtful.begin();
    auto at = std::find_if(segments.begin(), segments.end(),
                           [number = number](const SegmentInfo& info) { return info.number == number; });
    if (at != segments.end()) CO_TRY_STATUS(co_await directory.write_again(*at, from));
    ownership.doubtful.erase(number);
  }
  co_return Status{};
}

Task<Result<std::vector<LogId>>> LocalLogStore::list() {
  CO_TRY(std::vector<std::string> names, co_await files_.list(logs_path_));
  std::vector<LogId> ids;
  for (const std::string& name : names) {
    Result<LogId> id = parse_log_id(name);
    if (id) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  co_return ids;
}

Task<Status> LocalLogStore::remove(LogId id) {
  CO_TRY(std::shared_ptr<LogOwnership> ownership, co_await unlocked(id));
  LogOwnership::Lock lock(ownership);
  co_return co_await remove_locked(id, *ownership);
}

Task<Status> LocalLogStore::remove_locked(LogId id, LogOwnership& ownership) {
  ownership.removed = true;
  CO_TRY_STATUS(co_await drain(ownership));
  owners_.erase(id);  // whoever opens it next begins anew; who waits for the lock will look again
  std::string path = directory_of(id);
  open_files_.forget_below(path);
  // Gone at once and as a whole, by its name; then file by file.
  std::string removed =
      logs_path_ + "/" + std::string(kRemovedPrefix) + to_string(id) + "-" + std::to_string(next_removed_++);
  Status renamed = co_await files_.rename(path, removed);
  if (!renamed && renamed.error().code == ErrorCode::not_found) co_return Status{};
  CO_TRY_STATUS(std::move(renamed));
  std::vector<std::shared_ptr<File>> none;
  CO_TRY_STATUS(co_await syncs_.sync(std::move(none), logs_path_));
  co_return co_await files_.remove(removed);
}

Task<Result<uint64_t>> LocalLogStore::space_left() {
  CO_TRY(uint64_t free, co_await files_.free_bytes(logs_path_));
  co_return free > *options_.reserve ? free - *options_.reserve : 0;
}

}  // namespace distributary
