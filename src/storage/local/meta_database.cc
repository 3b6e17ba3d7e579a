#include "storage/local/meta_database.h"

#include <algorithm>

namespace distributary {
namespace {

constexpr int64_t kMetaFormat = 1;  // of the tables; kept in user_version
constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS leases (name BLOB PRIMARY KEY, holder BLOB NOT NULL, until INTEGER NOT NULL) WITHOUT "
    "ROWID;"
    "PRAGMA user_version = 1";
constexpr size_t kMostEntries = size_t{1} << 30;  // SQLite's LIMIT is signed

}  // namespace

Result<std::unique_ptr<MetaDatabase>> MetaDatabase::open(const std::string& path) {
  std::unique_ptr<MetaDatabase> database(new MetaDatabase);
  TRY(database->connection_, SqliteConnection::open(path));
  TRY_STATUS(database->prepare(path));
  return database;
}

Status MetaDatabase::prepare(const std::string& path) {
  TRY_STATUS(check_format(path));
  TRY_STATUS(transact([this] { return connection_.execute(kTables); }));
  TRY(get_, connection_.prepare("SELECT value FROM entries WHERE key = ?1"));
  TRY(scan_, connection_.prepare("SELECT key, value FROM entries WHERE key >= ?1 AND key > ?2 ORDER BY key LIMIT ?3"));
  TRY(put_, connection_.prepare("INSERT OR REPLACE INTO entries (key, value) VALUES (?1, ?2)"));
  TRY(remove_, connection_.prepare("DELETE FROM entries WHERE key = ?1"));
  TRY(find_lease_, connection_.prepare("SELECT holder, until FROM leases WHERE name = ?1"));
  TRY(put_lease_, connection_.prepare("INSERT OR REPLACE INTO leases (name, holder, until) VALUES (?1, ?2, ?3)"));
  TRY(remove_lease_, connection_.prepare("DELETE FROM leases WHERE name = ?1"));
  return {};
}

Status MetaDatabase::check_format(const std::string& path) {
  TRY(SqliteStatement version, connection_.prepare("PRAGMA user_version"));
  TRY(bool row, version.step());
  int64_t format = row ? version.number(0) : 0;
  if (format <= kMetaFormat) return {};
  return fail(ErrorCode::unsupported, "metadata database " + path + " has format " + std::to_string(format) +
                                          "; this build knows " + std::to_string(kMetaFormat) + ": use a newer one");
}

template <class Work>
Status MetaDatabase::transact(Work work) {
  TRY_STATUS(connection_.execute("BEGIN IMMEDIATE"));
  Status done = work();
  if (done) done = connection_.execute("COMMIT");
  if (done) return done;
  Status undone = connection_.execute("ROLLBACK");  // fails when SQLite has rolled back by itself
  static_cast<void>(undone);
  return done;
}

Result<std::optional<std::string>> MetaDatabase::get(const std::string& key) {
  get_.bind(1, key);
  Result<bool> row = get_.step();
  std::optional<std::string> value;
  if (row && *row) value = get_.bytes(0);
  get_.reset();
  if (!row) return fail(row.error());
  return value;
}

Result<std::vector<MetaEntry>> MetaDatabase::scan(const std::string& prefix, const std::string& after, size_t limit) {
  scan_.bind(1, prefix);
  scan_.bind(2, after);
  scan_.bind(3, static_cast<int64_t>(std::min(limit, kMostEntries)));
  std::vector<MetaEntry> found;
  Result<bool> row = scan_.step();
  while (row && *row) {
    std::string key = scan_.bytes(0);
    if (!key.starts_with(prefix)) break;
    found.push_back({std::move(key), scan_.bytes(1)});
    row = scan_.step();
  }
  scan_.reset();
  if (!row) return fail(row.error());
  return found;
}

Status MetaDatabase::apply(const MetaBatch& batch) {
  return transact([&] { return apply_now(batch); });
}

Status MetaDatabase::apply_now(const MetaBatch& batch) {
  for (const MetaBatch::Precondition& each : batch.preconditions) {
    TRY(std::optional<std::string> value, get(each.key));
    if (value != each.value) return fail(ErrorCode::conflict, "metadata key " + each.key + " is not as required");
  }
  for (const MetaBatch::Write& each : batch.writes) {
    SqliteStatement& statement = each.value ? put_ : remove_;
    statement.bind(1, each.key);
    if (each.value) statement.bind(2, *each.value);
    TRY_STATUS(statement.run());
  }
  return {};
}

Result<std::optional<MetaDatabase::Lease>> MetaDatabase::find_lease(const std::string& name) {
  find_lease_.bind(1, name);
  Result<bool> row = find_lease_.step();
  std::optional<Lease> lease;
  if (row && *row) lease = Lease{find_lease_.bytes(0), find_lease_.number(1)};
  find_lease_.reset();
  if (!row) return fail(row.error());
  return lease;
}

Status MetaDatabase::take_lease(const std::string& name, const std::string& holder, WallMillis now, WallMillis until) {
  return transact([&]() -> Status {
    TRY(std::optional<Lease> lease, find_lease(name));
    if (lease && lease->holder != holder && lease->until > now) {
      return fail(ErrorCode::conflict, "lease " + name + " is held by " + lease->holder);
    }
    put_lease_.bind(1, name);
    put_lease_.bind(2, holder);
    put_lease_.bind(3, until);
    return put_lease_.run();
  });
}

Status MetaDatabase::release_lease(const std::string& name, const std::string& holder, WallMillis now) {
  return transact([&]() -> Status {
    TRY(std::optional<Lease> lease, find_lease(name));
    if (!lease) return {};
    if (lease->holder != holder) {
      if (lease->until <= now) return {};
      return fail(ErrorCode::conflict, "lease " + name + " is held by " + lease->holder);
    }
    remove_lease_.bind(1, name);
    return remove_lease_.run();
  });
}

}  // namespace distributary
