// What a client asks of Fetcher, and what it gets.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/byte_budget.h"
#include "broker/topic_directory.h"

namespace distributary {

// The protocol's marks in a request's session epoch.
inline constexpr int32_t kFinalFetchEpoch = -1;   // no session; one that is named ends
inline constexpr int32_t kInitialFetchEpoch = 0;  // a new session; one that is named ends

struct FetchRequest {
  struct Partition {
    int32_t partition = 0;
    Offset offset = 0;
    int32_t max_bytes = 1 << 20;
    LeaderEpoch current_leader_epoch = -1;
    LeaderEpoch last_fetched_epoch = -1;
  };
  struct Topic {
    TopicReference topic;
    std::vector<Partition> partitions;
  };
  struct ForgottenTopic {
    TopicReference topic;
    std::vector<int32_t> partitions;
  };
  std::vector<Topic> topics;  // with an incremental request: those that are new or asked otherwise than before
  std::vector<ForgottenTopic> forgotten;
  int32_t session_id = 0;
  int32_t session_epoch = kFinalFetchEpoch;
  bool by_topic_id = false;  // a session names topics in one way
  int32_t max_wait_ms = 500;
  int32_t min_bytes = 1;
  int32_t max_bytes = INT32_MAX;
  bool zstd_allowed = true;
  bool committed = false;  // read_committed: only below the last stable offset, with what was aborted
  bool files = false;      // batches of the answer may be pieces of files; not without zstd_allowed, for which all are
                           // looked at
};

struct FetchedPartition {
  int32_t partition = 0;
  Fault fault;
  Offset high_watermark = -1;
  Offset last_stable = -1;
  Offset log_start = -1;
  LeaderEpoch leader_epoch = -1;
  std::optional<Stream::EpochEnd> diverging;  // the client's last epoch ended before its offset: it must go back
  std::vector<Piece> batches;
  std::vector<AbortedTransaction> aborted;  // with records among `batches`; read_committed only
  size_t bytes = 0;
};

// As the request names it. All of a full request, in its order; of an incremental one what has changed.
struct FetchedTopic {
  std::string name;
  TopicUuid id;
  std::vector<FetchedPartition> partitions;
};

struct FetchAnswer {
  Fault fault;             // of the request as a whole: then there is nothing else
  int32_t session_id = 0;  // 0: no session
  std::vector<FetchedTopic> topics;
  size_t bytes = 0;         // of record batches
  ByteBudget::Share share;  // of the node's budget; kept until the answer is written
};

}  // namespace distributary
