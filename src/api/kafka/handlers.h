// Every handler, one file each.
#pragma once

#include "api/kafka/request.h"

namespace distributary {

Task<Result<KafkaAnswer>> handle_add_offsets_to_txn(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_add_partitions_to_txn(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_alter_client_quotas(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_alter_configs(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_alter_partition_reassignments(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_alter_replica_log_dirs(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_api_versions(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_consumer_group_describe(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_consumer_group_heartbeat(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_create_partitions(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_create_topics(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_delete_groups(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_delete_records(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_delete_topics(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_client_quotas(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_cluster(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_configs(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_groups(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_log_dirs(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_producers(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_quorum(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_update_features(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_topic_partitions(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_transactions(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_describe_user_scram_credentials(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_elect_leaders(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_end_txn(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_fetch(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_find_coordinator(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_heartbeat(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_incremental_alter_configs(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_init_producer_id(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_join_group(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_leave_group(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_list_config_resources(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_list_groups(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_list_offsets(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_list_partition_reassignments(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_list_transactions(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_metadata(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_offset_commit(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_offset_delete(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_offset_fetch(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_offset_for_leader_epoch(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_produce(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_sync_group(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_txn_offset_commit(const KafkaRequest& request);
Task<Result<KafkaAnswer>> handle_write_txn_markers(const KafkaRequest& request);

}  // namespace distributary
