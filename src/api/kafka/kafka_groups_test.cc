// Every version of the APIs of consumer groups, from the client's side.
#include "api/kafka/kafka_harness.h"
#include "wire/kafka/delete_groups.h"
#include "wire/kafka/describe_groups.h"
#include "wire/kafka/find_coordinator.h"
#include "wire/kafka/heartbeat.h"
#include "wire/kafka/join_group.h"
#include "wire/kafka/leave_group.h"
#include "wire/kafka/list_groups.h"
#include "wire/kafka/offset_commit.h"
#include "wire/kafka/offset_fetch.h"
#include "wire/kafka/sync_group.h"

namespace distributary {
namespace {

class KafkaGroupsTest : public testing::Test, protected KafkaHarness {
 protected:
  KafkaGroupsTest() : id(create("t", 2)), client(connect()) {}
  template <class Request, class Body>
  void in_every_version(Body body) {
    const kafka::ApiInfo& api = *kafka::find_api(Request::kKey);
    ASSERT_LE(api.oldest_decodable, api.max_version);
    for (int16_t version = api.oldest_decodable; version <= api.max_version; ++version) {
      SCOPED_TRACE(std::string(api.name) + " " + std::to_string(version));
      body(version);
    }
  }
  static kafka::JoinGroupRequest join_request(std::string group, std::string member = "") {
    kafka::JoinGroupRequest request;
    request.group_id = std::move(group);
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 60'000;
    request.member_id = std::move(member);
    request.protocol_type = "consumer";
    request.protocols = {{"range", Bytes::copy(as_bytes("meta"))}};
    return request;
  }
  kafka::JoinGroupResponse join(const std::string& group, int16_t version = 9) {
    auto response = client.call<kafka::JoinGroupResponse>(join_request(group), version);
    if (response.error_code != kafka::ErrorCode::member_id_required) return response;
    return client.call<kafka::JoinGroupResponse>(join_request(group, response.member_id), version);
  }
  kafka::JoinGroupResponse settle(const std::string& group) {
    auto joined = join(group);
    kafka::SyncGroupRequest sync;
    sync.group_id = group;
    sync.generation_id = joined.generation_id;
    sync.member_id = joined.member_id;
    sync.assignments = {{joined.member_id, Bytes::copy(as_bytes("plan"))}};
    EXPECT_EQ(client.call<kafka::SyncGroupResponse>(sync, 3).error_code, kafka::ErrorCode::none);
    return joined;
  }
  kafka::OffsetCommitRequest commit_request(const std::string& group, int16_t version, int64_t offset) {
    kafka::OffsetCommitRequest request;
    request.group_id = group;
    request.topics = {
        {version < 10 ? "t" : "", version < 10 ? Uuid() : id, {{0, offset, 0, "note"}, {9, offset, 0, std::nullopt}}}};
    return request;
  }

  TopicUuid id;
  KafkaTestClient client;
};

TEST_F(KafkaGroupsTest, FindCoordinatorInEveryVersion) {
  in_every_version<kafka::FindCoordinatorRequest>([this](int16_t version) {
    kafka::FindCoordinatorRequest request;
    request.key = "g";
    request.coordinator_keys = {"g", "h"};
    auto response = client.call<kafka::FindCoordinatorResponse>(request, version);
    if (version < 4) {
      EXPECT_EQ(response.error_code, kafka::ErrorCode::none);
      EXPECT_EQ(response.host, "broker.example");
      EXPECT_EQ(response.port, listener->port());
    } else {
      ASSERT_EQ(response.coordinators.size(), 2u);
      EXPECT_EQ(response.coordinators[1].key, "h");
      EXPECT_EQ(response.coordinators[1].node_id, 1);
    }
    if (version == 0) return;
    request.key_type = 1;
    response = client.call<kafka::FindCoordinatorResponse>(request, version);
    auto error = version < 4 ? response.error_code : response.coordinators.at(0).error_code;
    EXPECT_EQ(error, kafka::ErrorCode::none);
    request.key_type = 2;
    response = client.call<kafka::FindCoordinatorResponse>(request, version);
    error = version < 4 ? response.error_code : response.coordinators.at(0).error_code;
    EXPECT_EQ(error, kafka::ErrorCode::invalid_request);
  });
}

TEST_F(KafkaGroupsTest, JoinGroupInEveryVersion) {
  in_every_version<kafka::JoinGroupRequest>([this](int16_t version) {
    const std::string group = "join" + std::to_string(version);
    auto first = client.call<kafka::JoinGroupResponse>(join_request(group), version);
    if (version >= 4) {
      EXPECT_EQ(first.error_code, kafka::ErrorCode::member_id_required);
      EXPECT_EQ(first.generation_id, -1);
      EXPECT_EQ(first.protocol_name.has_value(), version < 7);
      first = client.call<kafka::JoinGroupResponse>(join_request(group, first.member_id), version);
    }
    EXPECT_EQ(first.error_code, kafka::ErrorCode::none);
    EXPECT_EQ(first.generation_id, 1);
    EXPECT_EQ(first.leader, first.member_id);
    EXPECT_EQ(first.protocol_name, "range");
    if (version >= 7) {
      EXPECT_EQ(first.protocol_type, "consumer");
    }
    ASSERT_EQ(first.members.size(), 1u);
    EXPECT_EQ(as_text(first.members[0].metadata), "meta");
    auto unknown = client.call<kafka::JoinGroupResponse>(join_request(group, "stranger"), version);
    EXPECT_EQ(unknown.error_code, kafka::ErrorCode::unknown_member_id);
  });
}

TEST_F(KafkaGroupsTest, SyncGroupInEveryVersion) {
  in_every_version<kafka::SyncGroupRequest>([this](int16_t version) {
    auto joined = join("sync" + std::to_string(version));
    kafka::SyncGroupRequest sync;
    sync.group_id = "sync" + std::to_string(version);
    sync.generation_id = joined.generation_id;
    sync.member_id = joined.member_id;
    sync.assignments = {{joined.member_id, Bytes::copy(as_bytes("plan"))}};
    if (version >= 5) {
      sync.protocol_name = "wrong";
      EXPECT_EQ(client.call<kafka::SyncGroupResponse>(sync, version).error_code,
                kafka::ErrorCode::inconsistent_group_protocol);
      sync.protocol_name = "range";
      sync.protocol_type = "consumer";
    }
    auto response = client.call<kafka::SyncGroupResponse>(sync, version);
    EXPECT_EQ(response.error_code, kafka::ErrorCode::none);
    EXPECT_EQ(as_text(response.assignment), "plan");
    sync.generation_id = 7;
    EXPECT_EQ(client.call<kafka::SyncGroupResponse>(sync, version).error_code, kafka::ErrorCode::illegal_generation);
  });
}

TEST_F(KafkaGroupsTest, HeartbeatInEveryVersion) {
  auto joined = settle("g");
  in_every_version<kafka::HeartbeatRequest>([&](int16_t version) {
    kafka::HeartbeatRequest request{"g", joined.generation_id, joined.member_id, std::nullopt};
    EXPECT_EQ(client.call<kafka::HeartbeatResponse>(request, version).error_code, kafka::ErrorCode::none);
    request.member_id = "stranger";
    EXPECT_EQ(client.call<kafka::HeartbeatResponse>(request, version).error_code, kafka::ErrorCode::unknown_member_id);
  });
}

TEST_F(KafkaGroupsTest, LeaveGroupInEveryVersion) {
  in_every_version<kafka::LeaveGroupRequest>([this](int16_t version) {
    const std::string group = "leave" + std::to_string(version);
    auto joined = settle(group);
    kafka::LeaveGroupRequest request;
    request.group_id = group;
    request.member_id = joined.member_id;
    request.members = {{joined.member_id, std::nullopt, std::nullopt}, {"stranger", std::nullopt, std::nullopt}};
    auto response = client.call<kafka::LeaveGroupResponse>(request, version);
    EXPECT_EQ(response.error_code, kafka::ErrorCode::none);
    if (version < 3) return;
    ASSERT_EQ(response.members.size(), 2u);
    EXPECT_EQ(response.members[0].error_code, kafka::ErrorCode::none);
    EXPECT_EQ(response.members[1].error_code, kafka::ErrorCode::unknown_member_id);
  });
  EXPECT_EQ(broker->groups().group_count(), 0u);
}

TEST_F(KafkaGroupsTest, OffsetsAreCommittedAndFetchedInEveryVersion) {
  in_every_version<kafka::OffsetCommitRequest>([this](int16_t version) {
    auto response = client.call<kafka::OffsetCommitResponse>(commit_request("g", version, 100 + version), version);
    EXPECT_EQ(response.topics.at(0).topic_id, version < 10 ? Uuid() : id);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, kafka::ErrorCode::none);
    EXPECT_EQ(response.topics.at(0).partitions.at(1).error_code, kafka::ErrorCode::unknown_topic_or_partition);
  });
  in_every_version<kafka::OffsetFetchRequest>([this](int16_t version) {
    kafka::OffsetFetchRequest request;
    if (version < 8) {
      request.group_id = "g";
      request.topics = {{{"t", {0, 1}}}};
    } else {
      request.groups = {{"g", std::nullopt, -1, {{{version < 10 ? "t" : "", version < 10 ? Uuid() : id, {0, 1}}}}},
                        {"never"}};
    }
    auto response = client.call<kafka::OffsetFetchResponse>(request, version);
    auto check = [](const auto& partitions) {
      EXPECT_EQ(partitions.at(0).committed_offset, 110);
      EXPECT_EQ(partitions.at(0).metadata, "note");
      EXPECT_EQ(partitions.at(1).committed_offset, -1);
      EXPECT_EQ(partitions.at(1).metadata, "");
      EXPECT_EQ(partitions.at(1).error_code, kafka::ErrorCode::none);
    };
    if (version < 8) {
      check(response.topics.at(0).partitions);
    } else {
      ASSERT_EQ(response.groups.size(), 2u);
      check(response.groups[0].topics.at(0).partitions);
      EXPECT_TRUE(response.groups[1].topics.empty());
    }
    if (version < 2) return;
    if (version < 8) {
      request.topics = std::nullopt;
      EXPECT_EQ(client.call<kafka::OffsetFetchResponse>(request, version).topics.at(0).partitions.size(), 1u);
    } else {
      request.groups = {{"g", std::nullopt, -1, std::nullopt}};
      auto all = client.call<kafka::OffsetFetchResponse>(request, version).groups.at(0).topics;
      ASSERT_EQ(all.size(), 1u);
      EXPECT_EQ(all[0].partitions.size(), 1u);
      EXPECT_EQ(all[0].topic_id, version < 10 ? Uuid() : id);
    }
  });
}

TEST_F(KafkaGroupsTest, CommitsOfStrangersAreRefused) {
  settle("g");
  kafka::OffsetCommitRequest request = commit_request("g", 9, 1);
  request.member_id = "stranger";
  request.generation_id_or_member_epoch = 1;
  auto response = client.call<kafka::OffsetCommitResponse>(request, 9);
  EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, kafka::ErrorCode::unknown_member_id);
  EXPECT_EQ(response.topics.at(0).partitions.size(), 2u);
}

TEST_F(KafkaGroupsTest, ListGroupsInEveryVersion) {
  settle("busy");
  client.call<kafka::OffsetCommitResponse>(commit_request("idle", 9, 5), 9);
  in_every_version<kafka::ListGroupsRequest>([this](int16_t version) {
    kafka::ListGroupsRequest request;
    auto response = client.call<kafka::ListGroupsResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 2u);
    EXPECT_EQ(response.groups[0].group_id, "busy");
    EXPECT_EQ(response.groups[0].protocol_type, "consumer");
    EXPECT_EQ(response.groups[1].group_id, "idle");
    if (version < 4) return;
    EXPECT_EQ(response.groups[0].group_state, "Stable");
    request.states_filter = {"empty"};
    response = client.call<kafka::ListGroupsResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 1u);
    EXPECT_EQ(response.groups[0].group_id, "idle");
    if (version < 5) return;
    request.states_filter = {};
    request.types_filter = {"consumer"};
    EXPECT_TRUE(client.call<kafka::ListGroupsResponse>(request, version).groups.empty());
  });
}

TEST_F(KafkaGroupsTest, DescribeGroupsInEveryVersion) {
  auto joined = settle("busy");
  in_every_version<kafka::DescribeGroupsRequest>([&](int16_t version) {
    kafka::DescribeGroupsRequest request{{"busy", "none"}, true};
    auto response = client.call<kafka::DescribeGroupsResponse>(request, version);
    ASSERT_EQ(response.groups.size(), 2u);
    EXPECT_EQ(response.groups[0].group_state, "Stable");
    EXPECT_EQ(response.groups[0].protocol_data, "range");
    ASSERT_EQ(response.groups[0].members.size(), 1u);
    EXPECT_EQ(response.groups[0].members[0].member_id, joined.member_id);
    EXPECT_EQ(response.groups[0].members[0].client_id, "tester");
    EXPECT_TRUE(response.groups[0].members[0].client_host.starts_with("/client"));
    EXPECT_EQ(as_text(response.groups[0].members[0].member_assignment), "plan");
    EXPECT_EQ(response.groups[1].group_state, "Dead");
    EXPECT_EQ(response.groups[1].error_code,
              version >= 6 ? kafka::ErrorCode::group_id_not_found : kafka::ErrorCode::none);
  });
}

TEST_F(KafkaGroupsTest, DeleteGroupsInEveryVersion) {
  settle("busy");
  in_every_version<kafka::DeleteGroupsRequest>([this](int16_t version) {
    client.call<kafka::OffsetCommitResponse>(commit_request("idle", 9, 5), 9);
    kafka::DeleteGroupsRequest request{{"idle", "busy", "none"}};
    auto response = client.call<kafka::DeleteGroupsResponse>(request, version);
    ASSERT_EQ(response.results.size(), 3u);
    EXPECT_EQ(response.results[0].error_code, kafka::ErrorCode::none);
    EXPECT_EQ(response.results[1].error_code, kafka::ErrorCode::non_empty_group);
    EXPECT_EQ(response.results[2].error_code, kafka::ErrorCode::group_id_not_found);
  });
}

TEST_F(KafkaGroupsTest, TwoMembersShareTheWork) {
  KafkaTestClient other = connect();
  client.send(join_request("pair"), 3);
  other.send(join_request("pair"), 3);
  auto first = client.receive<kafka::JoinGroupResponse>(3);
  auto second = other.receive<kafka::JoinGroupResponse>(3);
  EXPECT_EQ(first.generation_id, second.generation_id);
  EXPECT_EQ(first.leader, second.leader);
  const bool first_leads = first.leader == first.member_id;
  KafkaTestClient& leader = first_leads ? client : other;
  KafkaTestClient& follower = first_leads ? other : client;
  const std::string follower_id = first_leads ? second.member_id : first.member_id;
  kafka::SyncGroupRequest wait{"pair", first.generation_id, follower_id};
  follower.send(wait, 3);
  kafka::SyncGroupRequest assign{"pair", first.generation_id, first.leader};
  assign.assignments = {{first.leader, Bytes::copy(as_bytes("a"))}, {follower_id, Bytes::copy(as_bytes("b"))}};
  EXPECT_EQ(as_text(leader.call<kafka::SyncGroupResponse>(assign, 3).assignment), "a");
  EXPECT_EQ(as_text(follower.receive<kafka::SyncGroupResponse>(3).assignment), "b");
}

}  // namespace
}  // namespace distributary
