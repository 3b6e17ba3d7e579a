// CopyGrants: permission for one copy into one stream, made at the destination (the maker has checked copyperm there)
// and shown by the source's cluster in its hello. For one pair of streams; must be used within its time; belongs from
// then on to the copy that used it, until that copy has ended or was idle for too long.
//
// Kept in the MetaStore under "grant/". Threads: the executor's thread only. Ownership: one per gateway.
#pragma once

#include <string>

#include "io/world.h"
#include "storage/meta_store.h"

namespace distributary {

class CopyGrants {
 public:
  CopyGrants(World& world, MetaStore& meta, Duration idle_limit)
      : world_(world), meta_(meta), idle_limit_(idle_limit) {}

  struct Pair {
    std::string source_cluster;
    Uuid source;
    Uuid replica;
    bool operator==(const Pair&) const = default;
  };
  // A secret text: whoever has it, and proves to be of the source's cluster, may copy. Errors: as MetaStore::apply.
  Task<Result<std::string>> issue(Pair pair, Duration valid);
  // Errors: permission_denied (unknown, for another pair, used by another copy, or out of time; the message says what
  // to do).
  Task<Status> use(std::string grant, Pair pair, Uuid copy);
  // The copy has ended.
  Task<Status> finish(std::string grant);
  // Forgets what is out of time.
  Task<Status> purge();

 private:
  World& world_;
  MetaStore& meta_;
  Duration idle_limit_;
};

}  // namespace distributary
