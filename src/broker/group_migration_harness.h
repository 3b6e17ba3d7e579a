// A group whose members speak both protocols, and clients of both, for tests of how it changes over between them.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker_harness.h"
#include "broker/group_migration.h"

namespace distributary {

// In these tests metadata and assignments are partition numbers of the topic `t`: "03".
inline std::optional<std::vector<NamedPartitions>> read_digits(const Bytes& bytes) {
  NamedPartitions out{"t", {}};
  for (char digit : as_text(bytes)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    out.partitions.push_back(digit - '0');
  }
  return std::vector<NamedPartitions>{out};
}
inline const ConsumerProtocolReader kDigitsReader{read_digits, read_digits};

class GroupMigrationTest : public testing::Test, protected BrokerHarness {
 protected:
  using seconds = std::chrono::seconds;
  struct Classic {
    std::string id;
    int32_t generation = -1;
    std::string reads;  // what it says that it owns when it joins
    std::optional<std::string> instance;
    MemberClaim claim() const { return {"g", id, instance, generation}; }
  };
  struct Consumer {
    std::string id;
    int32_t epoch = kJoinEpoch;
    std::string reads;
    std::optional<std::string> instance;
  };
  static constexpr int kPartitions = 6;

  GroupMigrationTest() { topic = create("t", kPartitions); }
  GroupCoordinator& groups() { return broker->groups(); }

  static JoinRequest join_request(const Classic& member) {
    JoinRequest join;
    join.group = "g";
    join.member_id = member.id;
    join.instance_id = member.instance;
    join.caller.client_id = "c";
    join.session_timeout = seconds(10);
    join.rebalance_timeout = seconds(60);
    join.protocol_type = "consumer";
    join.protocols = {{"range", Bytes::copy(as_bytes(member.reads))}};
    join.topic_names = std::vector<std::string>{"t"};
    join.owned = *read_digits(join.protocols[0].metadata);
    return join;
  }
  static Task<void> join_into(GroupCoordinator& groups, JoinRequest request, std::optional<JoinAnswer>& out) {
    std::stop_token never;
    Result<JoinAnswer> answer = co_await groups.join(std::move(request), never);
    if (answer) out = std::move(*answer);
  }
  // All at once, as in a rebalance of the classic protocol.
  std::vector<JoinAnswer> join_all(const std::vector<Classic*>& members) {
    std::vector<std::optional<JoinAnswer>> answers(members.size());
    TaskScope scope(sim.executor());
    for (size_t i = 0; i < members.size(); ++i) {
      scope.spawn(join_into(groups(), join_request(*members[i]), answers[i]));
    }
    EXPECT_TRUE(
        sim.executor().run_until_true([&] { return std::ranges::all_of(answers, [](auto& a) { return !!a; }); }));
    std::vector<JoinAnswer> out;
    for (size_t i = 0; i < members.size(); ++i) {
      members[i]->id = answers[i]->member_id;
      members[i]->generation = answers[i]->generation;
      out.push_back(std::move(*answers[i]));
    }
    return out;
  }
  SyncAnswer sync(const Classic& member, std::vector<std::pair<std::string, Bytes>> assignments = {}) {
    return must(run(groups().sync({member.claim(), "consumer", "range", std::move(assignments)}, {})));
  }
  // A generation of the classic protocol in which everybody reads what is said.
  void settle(const std::vector<std::pair<Classic*, std::string>>& members) {
    std::vector<Classic*> all;
    std::vector<std::pair<std::string, Bytes>> assignments;
    for (auto& [member, reads] : members) all.push_back(member);
    const std::string leader = join_all(all)[0].leader;
    for (auto& [member, reads] : members) assignments.emplace_back(member->id, Bytes::copy(as_bytes(reads)));
    auto leads = [&](const auto& entry) { return entry.first->id == leader; };
    EXPECT_EQ(sync(*std::ranges::find_if(members, leads)->first, assignments).error, KafkaError::none);
    for (auto& [member, reads] : members) {
      SyncAnswer answer = sync(*member);
      EXPECT_EQ(answer.error, KafkaError::none);
      member->reads = as_text(answer.assignment);
    }
  }
  // Joins a group of the new protocol and takes its assignment; the client has set what it goes on owning.
  JoinAnswer rejoin(Classic& member) {
    JoinAnswer joined = join_all({&member}).at(0);
    EXPECT_EQ(joined.error, KafkaError::none);
    EXPECT_EQ(joined.leader, "");
    EXPECT_TRUE(joined.members.empty());
    SyncAnswer synced = sync(member);
    EXPECT_EQ(synced.error, KafkaError::none);
    member.reads.clear();
    if (!synced.unwritten) return joined;
    for (const NamedPartitions& named : synced.unwritten->partitions) {
      EXPECT_EQ(named.topic, "t");
      for (int32_t partition : named.partitions) member.reads += static_cast<char>('0' + partition);
    }
    return joined;
  }
  JoinAnswer rejoin_eagerly(Classic& member) {
    member.reads.clear();
    return rejoin(member);
  }
  KafkaError beat(const Classic& member) { return groups().heartbeat(member.claim()); }
  KafkaError check_commit(const MemberClaim& claim) { return groups().check_commit(claim, CommitKind::plain); }

  PartitionSet partitions(const std::string& digits) const {
    PartitionSet out;
    for (char digit : digits) out.push_back({topic, static_cast<PartitionIndex>(digit - '0')});
    return out;
  }
  ConsumerHeartbeatAnswer send(Consumer& member, int32_t epoch) {
    ConsumerHeartbeat request;
    request.group = "g";
    request.member_id = member.id;
    request.instance_id = member.instance;
    request.epoch = epoch;
    request.classic_reader = &kDigitsReader;
    request.owned = partitions(member.reads);
    if (epoch == kJoinEpoch) {
      request.rebalance_timeout = seconds(30);
      request.topic_names = std::vector<std::string>{"t"};
    }
    ConsumerHeartbeatAnswer answer = run(groups().consumer_heartbeat(request, caller));
    if (!answer.fault.ok() || epoch < 0) return answer;
    member.epoch = answer.epoch;
    if (!answer.assignment) return answer;
    member.reads.clear();
    for (const TopicPartition& partition : *answer.assignment) {
      member.reads += static_cast<char>('0' + partition.partition);
    }
    return answer;
  }
  Consumer join(const std::string& id, std::optional<std::string> instance = std::nullopt) {
    Consumer out{id, kJoinEpoch, "", std::move(instance)};
    ConsumerHeartbeatAnswer answer = send(out, kJoinEpoch);
    EXPECT_TRUE(answer.fault.ok()) << answer.fault.message;
    return out;
  }
  KafkaError beat(Consumer& member) { return send(member, member.epoch).fault.error; }
  KafkaError leave(Consumer& member) { return send(member, kLeaveEpoch).fault.error; }
  std::string type() {
    std::vector<GroupSummary> listed = run(groups().list(caller));
    return listed.empty() ? "" : listed[0].type;
  }
  static std::string sorted(std::string digits) {
    std::ranges::sort(digits);
    return digits;
  }
  ConsumerGroupDescription describe() { return run(groups().describe_consumer_groups({"g"}, caller)).at(0); }

  TopicUuid topic;
};

}  // namespace distributary
