// MetaStore: a small ordered key-value store for what is not in a stream's log: the catalog of streams and their
// settings, registrations, jobs, epochs. Shaped so that SQLite, memory and RADOS omap with compare-and-set can all do
// it.
//
// Keys and values are byte strings; keys at most 1 KiB, values at most 1 MiB. Everything acknowledged is durable.
// Threads: the executor's thread only. Errors: conflict (a precondition does not hold), too_large, invalid_argument (an
// empty key), io, corrupt, storage_full.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "io/task.h"

namespace distributary {

struct MetaEntry {
  std::string key;
  std::string value;
  bool operator==(const MetaEntry&) const = default;
};

// All or nothing: when every precondition holds, every write is made; else `conflict` and nothing.
struct MetaBatch {
  struct Precondition {
    std::string key;
    std::optional<std::string> value;  // nullopt: the key must be absent
  };
  struct Write {
    std::string key;
    std::optional<std::string> value;  // nullopt: delete
  };
  std::vector<Precondition> preconditions;
  std::vector<Write> writes;

  MetaBatch& require(std::string key, std::optional<std::string> value) {
    preconditions.push_back({std::move(key), std::move(value)});
    return *this;
  }
  MetaBatch& put(std::string key, std::string value) {
    writes.push_back({std::move(key), std::move(value)});
    return *this;
  }
  MetaBatch& remove(std::string key) {
    writes.push_back({std::move(key), std::nullopt});
    return *this;
  }
};

inline constexpr size_t kMaxMetaKey = 1024;
inline constexpr size_t kMaxMetaValue = size_t{1} << 20;
Status check_meta_batch(const MetaBatch& batch);  // the limits; for engines

class MetaStore {
 public:
  virtual ~MetaStore() = default;
  virtual Task<Result<std::optional<std::string>>> get(std::string key) = 0;
  // Entries whose key begins with `prefix` and is greater than `after`, in key order, at most `limit`.
  virtual Task<Result<std::vector<MetaEntry>>> scan(std::string prefix, std::string after, size_t limit) = 0;
  virtual Task<Status> apply(MetaBatch batch) = 0;

  // A number that grows with every change of a key that begins with `prefix`; `wait_change` returns when it is no
  // longer `seen`.
  virtual uint64_t version(const std::string& prefix) = 0;
  virtual Task<Status> wait_change(std::string prefix, uint64_t seen, SteadyTime deadline, std::stop_token stop) = 0;

  // Leases (apart from the keys): `holder` has `name` until `span` has passed without a renewal. Taking one held by
  // another is `conflict`. Taking one's own renews it. Releasing one that is free or has run out is ok; one that
  // another holds, `conflict`.
  virtual Task<Status> take_lease(std::string name, std::string holder, Duration span) = 0;
  virtual Task<Status> release_lease(std::string name, std::string holder) = 0;
};

}  // namespace distributary
