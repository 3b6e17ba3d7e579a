// Broker: what a Kafka client can ask of a node, without the bytes of the protocol. The parts are the manual: each has
// its own header.
//
// Ownership: one per listener; the world, the catalog and the authorizer outlive it. `stop` must be awaited before
// destruction, after all requests have ended. Threads: the executor's.
#pragma once

#include "broker/client_quotas.h"
#include "broker/cursor_expiry.h"
#include "broker/cursors.h"
#include "broker/fetcher.h"
#include "broker/group_coordinator.h"
#include "broker/log_sizes.h"
#include "broker/offsets.h"
#include "broker/producer.h"
#include "broker/producer_ids.h"
#include "broker/record_remover.h"
#include "broker/resource_configs.h"
#include "broker/topic_admin.h"
#include "broker/transaction_admin.h"
#include "broker/transaction_timeouts.h"

namespace distributary {

class Broker {
 public:
  Broker(World& world, Catalog& catalog, Authorizer& authorizer, BrokerOptions options, int32_t node_id)
      : options_(std::move(options)),
        directory_(catalog, authorizer, TopicNames(options_.cluster_name, options_.default_stream)),
        context_{world, options_, directory_},
        topics_(context_, node_id),
        producer_ids_(context_),
        transaction_registry_(context_),
        transactions_(context_, producer_ids_, transaction_registry_),
        transaction_admin_(context_, transaction_registry_),
        transaction_timeouts_(context_),
        producer_(context_, transactions_),
        fetcher_(context_),
        offsets_(context_),
        record_remover_(context_),
        log_sizes_(context_),
        group_configs_(catalog.meta(), group_config_kind(options_.group)),
        broker_configs_(catalog.meta(), broker_config_kind()),
        groups_(context_, group_configs_),
        cursors_(context_, groups_),
        quotas_(world, catalog.meta()),
        cursor_expiry_(context_, groups_) {}

  World& world() { return context_.world; }
  const BrokerOptions& options() const { return options_; }
  TopicDirectory& directory() { return directory_; }
  TopicAdmin& topics() { return topics_; }
  Producer& producer() { return producer_; }
  Fetcher& fetcher() { return fetcher_; }
  Offsets& offsets() { return offsets_; }
  RecordRemover& record_remover() { return record_remover_; }
  LogSizes& log_sizes() { return log_sizes_; }
  Cursors& cursors() { return cursors_; }
  ProducerIds& producer_ids() { return producer_ids_; }
  ResourceConfigs& group_configs() { return group_configs_; }
  ResourceConfigs& broker_configs() { return broker_configs_; }
  GroupCoordinator& groups() { return groups_; }
  ClientQuotas& quotas() { return quotas_; }
  Transactions& transactions() { return transactions_; }
  TransactionAdmin& transaction_admin() { return transaction_admin_; }
  TransactionTimeouts& transaction_timeouts() { return transaction_timeouts_; }
  CursorExpiry& cursor_expiry() { return cursor_expiry_; }
  // Reads what is kept in the MetaStore; before anything is served.
  Task<Status> load() {
    CO_TRY_STATUS(co_await quotas_.table().load());
    CO_TRY_STATUS(co_await group_configs_.load());
    CO_TRY_STATUS(co_await broker_configs_.load());
    co_return co_await groups_.load();
  }
  Task<void> stop() {
    co_await cursor_expiry_.stop();
    co_await transaction_timeouts_.stop();
    co_await fetcher_.stop();
    co_await groups_.stop();
  }

 private:
  BrokerOptions options_;
  TopicDirectory directory_;
  BrokerContext context_;
  TopicAdmin topics_;
  ProducerIds producer_ids_;
  TransactionRegistry transaction_registry_;
  Transactions transactions_;
  TransactionAdmin transaction_admin_;
  TransactionTimeouts transaction_timeouts_;
  Producer producer_;
  Fetcher fetcher_;
  Offsets offsets_;
  RecordRemover record_remover_;
  LogSizes log_sizes_;
  ResourceConfigs group_configs_;
  ResourceConfigs broker_configs_;
  GroupCoordinator groups_;
  Cursors cursors_;
  ClientQuotas quotas_;
  CursorExpiry cursor_expiry_;
};

}  // namespace distributary
