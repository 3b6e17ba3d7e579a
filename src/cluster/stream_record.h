// StreamRecord: what the catalog keeps about a stream, and its stored form in the MetaStore.
//
//   stream<path>      the record (the path begins with '/')
//   stream-id/<uuid>  its path
//   epoch/<log id>    the last storage epoch under which its log was opened
//   removed/<uuid>    the path of a removed stream whose log is still to be removed
#pragma once

#include <string>
#include <vector>

#include "cluster/registration.h"
#include "model/ids.h"
#include "model/stream_settings.h"
#include "storage/log_store.h"

namespace distributary {

inline constexpr size_t kStreamPathBytesMax = 1000;  // within the cluster: it is part of a key
inline constexpr const char* kStreamPrefix = "stream/";
inline constexpr const char* kRemovedPrefix = "removed/";

struct StreamRecord {
  Uuid uuid;
  std::string path;  // within the cluster, begins with '/'
  uint32_t incarnation = 1;
  std::string creator;  // user name
  WallMillis created = 0;
  StreamSettings settings;
  std::vector<ReplicaRegistration> replicas;
  std::vector<UpstreamRegistration> upstreams;

  Origin origin() const { return Origin{uuid, incarnation}; }
  LogId log() const { return LogId{uuid, 0}; }
};

std::string stream_key(const std::string& path);
std::string stream_id_key(const Uuid& uuid);
std::string epoch_key(const LogId& log);
std::string removed_key(const Uuid& uuid);

std::string encode_stream_record(const StreamRecord& record);
// unsupported for a newer version, corrupt for anything that was not encoded here.
Result<StreamRecord> decode_stream_record(std::string_view bytes);

}  // namespace distributary
