// MetaDatabase: the tables of the local metadata store and what is done with them. Blocks: used on the blocking pool
// only, by one call at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "storage/local/sqlite.h"
#include "storage/meta_store.h"

namespace distributary {

class MetaDatabase {
 public:
  // Errors: see SqliteConnection::open; unsupported for a database of a newer format.
  static Result<std::unique_ptr<MetaDatabase>> open(const std::string& path);

  Result<std::optional<std::string>> get(const std::string& key);
  Result<std::vector<MetaEntry>> scan(const std::string& prefix, const std::string& after, size_t limit);
  Status apply(const MetaBatch& batch);
  Status take_lease(const std::string& name, const std::string& holder, WallMillis now, WallMillis until);
  Status release_lease(const std::string& name, const std::string& holder, WallMillis now);

 private:
  struct Lease {
    std::string holder;
    WallMillis until = 0;
  };
  MetaDatabase() = default;
  Status prepare(const std::string& path);
  Status check_format(const std::string& path);
  // Runs `work` in a transaction: commits when it is ok, else rolls back.
  template <class Work>
  Status transact(Work work);
  Status apply_now(const MetaBatch& batch);
  Result<std::optional<Lease>> find_lease(const std::string& name);

  SqliteConnection connection_;
  SqliteStatement get_, scan_, put_, remove_, find_lease_, put_lease_, remove_lease_;
};

}  // namespace distributary
