#include "storage/local/sqlite.h"

#include <sqlite3.h>

#include "base/check.h"

namespace distributary {
namespace {

Error sqlite_error(sqlite3* database, int result, const std::string& path) {
  std::string reason = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(result);
  std::string message = "metadata database " + path + ": " + reason;
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {ErrorCode::unavailable, message + "; another process uses it: stop that one first"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return {ErrorCode::corrupt, message + "; restore it from a backup"};
    case SQLITE_FULL: return {ErrorCode::storage_full, message};
    case SQLITE_TOOBIG: return {ErrorCode::too_large, message};
    default: return {ErrorCode::io, message};
  }
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
void SqliteConnection::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

void SqliteStatement::bind(int index, std::string_view bytes) {
  // An empty view may have no address, which would bind NULL.
  const char* data = bytes.empty() ? "" : bytes.data();
  CHECK(sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), SQLITE_TRANSIENT) == SQLITE_OK);
}

void SqliteStatement::bind(int index, int64_t number) {
  CHECK(sqlite3_bind_int64(statement_.get(), index, number) == SQLITE_OK);
}

Result<bool> SqliteStatement::step() {
  int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return fail(sqlite_error(sqlite3_db_handle(statement_.get()), result, path_));
}

Status SqliteStatement::run() {
  Result<bool> row = true;
  while (row && *row) row = step();
  reset();
  if (!row) return fail(row.error());
  return {};
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string SqliteStatement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  size_t size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

int64_t SqliteStatement::number(int column) const { return sqlite3_column_int64(statement_.get(), column); }

Result<SqliteConnection> SqliteConnection::open(const std::string& path) {
  SqliteConnection connection;
  connection.path_ = path;
  sqlite3* database = nullptr;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  int result = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  connection.database_.reset(database);
  if (result != SQLITE_OK) return fail(sqlite_error(database, result, path));
  // Exclusive before WAL: then no shared memory is needed, and the lock is held until the end.
  TRY_STATUS(connection.execute("PRAGMA locking_mode = EXCLUSIVE"));
  TRY_STATUS(connection.execute("PRAGMA journal_mode = WAL"));
  TRY_STATUS(connection.execute("PRAGMA synchronous = FULL"));
  return connection;
}

Status SqliteConnection::execute(const char* sql) {
  int result = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (result == SQLITE_OK) return {};
  return fail(sqlite_error(database_.get(), result, path_));
}

Result<SqliteStatement> SqliteConnection::prepare(std::string_view sql) {
  sqlite3_stmt* prepared = nullptr;
  int result = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                  &prepared, nullptr);
  if (result != SQLITE_OK) return fail(sqlite_error(database_.get(), result, path_));
  SqliteStatement statement;
  statement.statement_.reset(prepared);
  statement.path_ = path_;
  return statement;
}

}  // namespace distributary
