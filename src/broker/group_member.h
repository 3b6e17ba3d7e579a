// What a consumer group knows of its members, and the answers that they wait for.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "broker/caller.h"
#include "broker/fault.h"
#include "io/signal.h"

namespace distributary {

inline constexpr std::string_view kConsumerProtocolType = "consumer";

struct GroupProtocol {
  std::string name;
  Bytes metadata;
};

// Partitions of a topic, by the name that the client uses.
struct NamedPartitions {
  std::string topic;
  std::vector<int32_t> partitions;
};

// Reads what members of protocol type `consumer` write to each other, which is for a layer above to know. nullopt:
// cannot be read.
struct ConsumerProtocolReader {
  using Read = std::optional<std::vector<NamedPartitions>> (*)(const Bytes& bytes);
  Read owned = nullptr;     // of a member's metadata
  Read assigned = nullptr;  // of its assignment
};

struct JoinRequest {
  std::string group;
  std::string member_id;  // empty: not a member yet
  std::optional<std::string> instance_id;
  Caller caller;
  std::chrono::milliseconds session_timeout{};
  std::chrono::milliseconds rebalance_timeout{};
  std::string protocol_type;
  std::vector<GroupProtocol> protocols;  // in the member's order of preference
  // Of protocol type `consumer`, as far as the metadata can be read; nullopt: unknown.
  std::optional<std::vector<std::string>> topic_names;
  std::vector<NamedPartitions> owned;  // as the same metadata says
  std::optional<std::string> rack_id;
  bool known_id_needed = false;      // the client understands MEMBER_ID_REQUIRED
  bool may_skip_assignment = false;  // the client understands skip_assignment
};

struct JoinAnswer {
  KafkaError error = KafkaError::none;
  int32_t generation = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::string leader;
  bool skip_assignment = false;
  std::string member_id;
  struct Member {
    std::string member_id;
    std::optional<std::string> instance_id;
    Bytes metadata;
  };
  std::vector<Member> members;  // for the leader only
};

// Who speaks, in every request after joining.
struct MemberClaim {
  std::string group;
  std::string member_id;
  std::optional<std::string> instance_id;
  int32_t generation = -1;  // or member epoch, in a group of the new protocol

  bool names_nobody() const { return generation < 0 && member_id.empty() && !instance_id; }
};

// What kind of commit a member makes.
enum class CommitKind {
  plain,          // OffsetCommit that cannot answer STALE_MEMBER_EPOCH (before version 9)
  with_epochs,    // OffsetCommit that can
  transactional,  // TxnOffsetCommit: refused only if it names a member that is not there; knows no member epochs
};

struct SyncRequest {
  MemberClaim claim;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<std::pair<std::string, Bytes>> assignments;  // member id, assignment; from the leader
};

// What a member is to read that has it from the broker: to be written in the version of its own metadata.
struct UnwrittenAssignment {
  std::vector<NamedPartitions> partitions;
  Bytes metadata;
};

struct SyncAnswer {
  KafkaError error = KafkaError::none;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  Bytes assignment;
  std::optional<UnwrittenAssignment> unwritten = std::nullopt;  // instead
};

// An answer that may come later. Shared by the request that waits for it and the member that will get it, because
// either may go first: the connection breaks, or the member is removed.
template <class Answer>
class Reply {
 public:
  explicit Reply(Executor& executor) : given_(executor) {}
  void give(Answer answer) {
    if (answer_) return;
    answer_ = std::move(answer);
    given_.notify_all();
  }
  bool given() const { return answer_.has_value(); }
  Answer take() { return std::move(*answer_); }
  Signal& signal() { return given_; }

 private:
  Signal given_;
  std::optional<Answer> answer_;
};
template <class Answer>
using ReplyHandle = std::shared_ptr<Reply<Answer>>;

struct GroupMember {
  std::string id;
  std::optional<std::string> instance_id;  // static membership: survives a restart of the client without a rebalance
  std::string client_id;
  std::string client_host;
  std::chrono::milliseconds session_timeout{};
  std::chrono::milliseconds rebalance_timeout{};
  std::vector<GroupProtocol> protocols;
  std::optional<std::vector<std::string>> topic_names;  // subscribed; nullopt: unknown
  Bytes assignment;
  SteadyTime session_deadline = kNever;  // not while an answer is owed to it
  bool synced = false;                   // in this generation
  bool silent = false;                   // known from before a restart of the node, and has not shown itself since
  std::optional<int32_t> former_epoch;   // where it is, and its claims too, in a group that was of the new protocol
  ReplyHandle<JoinAnswer> joining;
  ReplyHandle<SyncAnswer> syncing;

  bool waits() const { return joining != nullptr || syncing != nullptr; }
  const Bytes* metadata(std::string_view protocol) const {
    for (const GroupProtocol& known : protocols) {
      if (known.name == protocol) return &known.metadata;
    }
    return nullptr;
  }
};

enum class GroupState { empty, preparing_rebalance, completing_rebalance, stable };
std::string_view to_string(GroupState state);  // as in the protocol: PreparingRebalance

}  // namespace distributary
