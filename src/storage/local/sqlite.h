// A thin skin over SQLite's C interface: one connection, prepared statements, errors as our own. Blocks: used on the
// blocking pool only. Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace distributary {

// A prepared statement, used again and again: bind, step until false, reset.
class SqliteStatement {
 public:
  SqliteStatement() = default;
  void bind(int index, std::string_view bytes);  // from 1; copied; stored as a blob
  void bind(int index, int64_t number);
  Result<bool> step();  // whether there is a row
  Status run();         // step to the end, and reset
  void reset();
  std::string bytes(int column) const;  // from 0
  int64_t number(int column) const;

 private:
  friend class SqliteConnection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  std::string path_;
};

class SqliteConnection {
 public:
  // Opens or creates the database in a mode in which whatever is committed is on stable storage, and no other process
  // may use it. Errors: unavailable (another process uses it), corrupt, storage_full, io; the message names the file.
  static Result<SqliteConnection> open(const std::string& path);

  Status execute(const char* sql);
  Result<SqliteStatement> prepare(std::string_view sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace distributary
