#include "api/kafka/api_registry.h"

#include <algorithm>

#include "api/kafka/acls.h"
#include "api/kafka/handlers.h"

namespace distributary {
namespace {

using kafka::ApiKey;
constexpr KafkaAccess kOpen = KafkaAccess::open();
constexpr KafkaAccess kProduce = KafkaAccess::stream(StreamAction::produce);
constexpr KafkaAccess kConsume = KafkaAccess::stream(StreamAction::consume);
constexpr KafkaAccess kReadTopics = KafkaAccess::stream(StreamAction::read_topics);
constexpr KafkaAccess kChangeTopics = KafkaAccess::stream(StreamAction::change_topics);
constexpr KafkaAccess kAdministrator = KafkaAccess::cluster();
constexpr KafkaAccess kDeleteRecords = KafkaAccess::stream(StreamAction::delete_records);
constexpr KafkaAccess kDeleteCursors = KafkaAccess::stream(StreamAction::delete_cursors);

// A group is of no stream: its members show nothing of a stream and get nothing but by Fetch and OffsetFetch, which are
// checked. What is assigned here, to members of consumer groups, shows partitions: JoinGroup may be about such a group.
constexpr KafkaApi kApis[] = {
    {ApiKey::produce, kProduce, handle_produce},
    {ApiKey::fetch, kConsume, handle_fetch},
    {ApiKey::list_offsets, kReadTopics, handle_list_offsets},
    {ApiKey::metadata, kReadTopics, handle_metadata},
    {ApiKey::offset_commit, kConsume, handle_offset_commit},
    {ApiKey::offset_fetch, kReadTopics, handle_offset_fetch},
    {ApiKey::find_coordinator, kOpen, handle_find_coordinator},
    {ApiKey::join_group, kReadTopics, handle_join_group},
    {ApiKey::heartbeat, kOpen, handle_heartbeat},
    {ApiKey::leave_group, kOpen, handle_leave_group},
    {ApiKey::sync_group, kOpen, handle_sync_group},
    {ApiKey::describe_groups, kReadTopics, handle_describe_groups},
    {ApiKey::list_groups, kReadTopics, handle_list_groups},
    {ApiKey::api_versions, kOpen, handle_api_versions},
    {ApiKey::create_topics, kChangeTopics, handle_create_topics},
    {ApiKey::delete_topics, kChangeTopics, handle_delete_topics},
    {ApiKey::delete_records, kDeleteRecords, handle_delete_records},
    {ApiKey::init_producer_id, kOpen, handle_init_producer_id},
    {ApiKey::offset_for_leader_epoch, kReadTopics, handle_offset_for_leader_epoch},
    {ApiKey::add_partitions_to_txn, kProduce, handle_add_partitions_to_txn},
    {ApiKey::add_offsets_to_txn, kConsume, handle_add_offsets_to_txn},
    {ApiKey::end_txn, kProduce, handle_end_txn},
    {ApiKey::write_txn_markers, kChangeTopics, handle_write_txn_markers},
    {ApiKey::txn_offset_commit, kConsume, handle_txn_offset_commit},
    {ApiKey::describe_acls, kOpen, handle_describe_acls},
    {ApiKey::create_acls, kOpen, handle_create_acls},
    {ApiKey::delete_acls, kOpen, handle_delete_acls},
    {ApiKey::describe_configs, kReadTopics, handle_describe_configs},
    {ApiKey::alter_configs, kChangeTopics, handle_alter_configs},
    {ApiKey::alter_replica_log_dirs, kAdministrator, handle_alter_replica_log_dirs},
    {ApiKey::describe_log_dirs, kReadTopics, handle_describe_log_dirs},
    {ApiKey::create_partitions, kChangeTopics, handle_create_partitions},
    {ApiKey::delete_groups, kDeleteCursors, handle_delete_groups},
    {ApiKey::elect_leaders, kChangeTopics, handle_elect_leaders},
    {ApiKey::incremental_alter_configs, kChangeTopics, handle_incremental_alter_configs},
    {ApiKey::alter_partition_reassignments, kChangeTopics, handle_alter_partition_reassignments},
    {ApiKey::list_partition_reassignments, kReadTopics, handle_list_partition_reassignments},
    {ApiKey::offset_delete, kDeleteCursors, handle_offset_delete},
    {ApiKey::describe_client_quotas, kAdministrator, handle_describe_client_quotas},
    {ApiKey::alter_client_quotas, kAdministrator, handle_alter_client_quotas},
    {ApiKey::describe_user_scram_credentials, kAdministrator, handle_describe_user_scram_credentials},
    {ApiKey::describe_quorum, kOpen, handle_describe_quorum},
    {ApiKey::update_features, kAdministrator, handle_update_features},
    {ApiKey::describe_cluster, kOpen, handle_describe_cluster},
    {ApiKey::describe_producers, kReadTopics, handle_describe_producers},
    {ApiKey::describe_transactions, kReadTopics, handle_describe_transactions},
    {ApiKey::list_transactions, kReadTopics, handle_list_transactions},
    {ApiKey::consumer_group_heartbeat, kReadTopics, handle_consumer_group_heartbeat},
    {ApiKey::consumer_group_describe, kReadTopics, handle_consumer_group_describe},
    {ApiKey::list_config_resources, kReadTopics, handle_list_config_resources},
    {ApiKey::describe_topic_partitions, kReadTopics, handle_describe_topic_partitions},
};

// Numbers of operations in the protocol.
enum Operation : int {
  read = 3,
  write = 4,
  create = 5,
  remove = 6,
  alter = 7,
  describe = 8,
  cluster_action = 9,
  describe_configs = 10,
  alter_configs = 11,
  idempotent_write = 12
};
constexpr int32_t bit(Operation operation) { return 1 << operation; }

}  // namespace

std::span<const KafkaApi> kafka_apis() { return kApis; }

const KafkaApi* find_kafka_api(kafka::ApiKey key) {
  const KafkaApi* found = std::ranges::lower_bound(kApis, key, {}, &KafkaApi::key);
  return found != std::end(kApis) && found->key == key ? found : nullptr;
}

int32_t topic_operations(const KafkaRequest& request, const StreamRecord& stream) {
  auto may = [&](StreamAction action) { return request.broker().directory().allowed(request.caller, stream, action); };
  int32_t bits = 0;
  if (may(StreamAction::consume)) bits |= bit(read);
  if (may(StreamAction::produce)) bits |= bit(write);
  if (may(StreamAction::change_topics)) bits |= bit(create) | bit(remove) | bit(alter) | bit(alter_configs);
  if (may(StreamAction::read_topics)) bits |= bit(describe) | bit(describe_configs);
  return bits;
}

int32_t cluster_operations(const KafkaRequest& request) {
  const int32_t all = bit(create) | bit(describe) | bit(describe_configs) | bit(idempotent_write);
  if (!request.broker().directory().check_administrator(request.caller)) return all;
  return all | bit(alter) | bit(alter_configs) | bit(cluster_action);
}

int32_t group_operations() { return bit(read) | bit(remove) | bit(describe); }

}  // namespace distributary
