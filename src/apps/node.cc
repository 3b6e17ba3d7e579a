#include "apps/node.h"

#include "api/admin/admin_service.h"
#include "api/kafka/kafka_listener.h"
#include "apps/node_replication.h"
#include "base/log.h"
#include "broker/broker.h"
#include "stream/tail_cache.h"

namespace distributary {
namespace {
const Logger node_logger("node");
}

class Node::Impl {
 public:
  Impl(World& world, NodeConfig config, NodeStores stores, const ClusterMap& map, const TlsIdentity& identity,
       std::string own_root);
  Task<Status> start();
  Status listen();
  Task<Status> stop();
  admin::AdminContext admin_context();

  World& world;
  NodeConfig config;
  NodeStores stores;
  const ClusterMap& map;
  const TlsIdentity& identity;
  std::string own_root;
  TailCache cache;
  Catalog catalog;
  GatewayDirectory gateway_directory;
  NodeClusters clusters;
  LinkManager links;
  CopyJobs copies;
  Gateway gateway;
  NodeReplication replication;
  admin::RemoteClusters remote;
  AllowAll authorizer;  // of the plaintext listener, which is for one machine
  std::unique_ptr<admin::AdminContext> context;
  std::unique_ptr<admin::AdminService> service;
  std::unique_ptr<HttpServer> http;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<KafkaListener> kafka;
  bool catalog_open = false;
  bool gateway_open = false;
  bool links_started = false;
  bool kafka_open = false;
};

Node::Impl::Impl(World& world_in, NodeConfig config_in, NodeStores stores_in, const ClusterMap& map_in,
                 const TlsIdentity& identity_in, std::string own_root_in)
    : world(world_in),
      config(std::move(config_in)),
      stores(std::move(stores_in)),
      map(map_in),
      identity(identity_in),
      own_root(std::move(own_root_in)),
      cache(config.tail_cache_bytes),
      catalog(world, *stores.logs, *stores.meta, cache, config.catalog),
      gateway_directory(*stores.meta, map),
      clusters(config.cluster, map, gateway_directory, &identity, own_root),
      links(world, catalog, *stores.meta, clusters, config.link),
      copies(world, catalog, *stores.meta, links),
      gateway(world, catalog, *stores.meta, clusters, config.gateway_options),
      replication(catalog, links, copies, gateway),
      remote(world, map, &identity) {}

Task<Status> Node::Impl::start() {
  CO_TRY_STATUS(co_await catalog.open());
  catalog_open = true;
  CO_TRY_STATUS(listen());
  links.start();
  links_started = true;
  CO_TRY_STATUS(co_await copies.start());
  co_return Status{};
}

admin::AdminContext Node::Impl::admin_context() {
  Address gateway_address{config.gateway.host, gateway.port()};
  Address kafka_address{config.kafka.host, kafka->port()};
  return admin::AdminContext{.world = world,
                             .cluster = config.cluster,
                             .catalog = catalog,
                             .map = map,
                             .gateways = gateway_directory,
                             .remote = remote,
                             .replication = replication,
                             .own_gateways = {gateway_address},
                             .host = to_string(kafka_address),
                             .administrators = config.administrators};
}

Status Node::Impl::listen() {
  TRY_STATUS(gateway.start(config.gateway));
  gateway_open = true;
  config.broker.cluster_name = config.cluster;
  broker = std::make_unique<Broker>(world, catalog, authorizer, config.broker, config.listener.node_id);
  if (config.listener.cluster_id.empty()) config.listener.cluster_id = own_root.substr(0, 22);
  if (config.listener.advertised.host.empty()) config.listener.advertised.host = config.kafka.host;
  kafka = std::make_unique<KafkaListener>(*broker, config.listener);
  TRY_STATUS(kafka->listen(config.kafka, nullptr));
  kafka_open = true;
  context = std::make_unique<admin::AdminContext>(admin_context());
  service = std::make_unique<admin::AdminService>(*context, admin::AdminService::Trust{own_root});
  TRY(std::unique_ptr<Listener> listener,
      world.network.listen(config.admin, config.secure_admin ? &identity : nullptr));
  http = std::make_unique<HttpServer>(world, std::move(listener), config.secure_admin, *service);
  http->start();
  return {};
}

Task<Status> Node::Impl::stop() {
  if (http) co_await http->stop();
  if (kafka_open) co_await kafka->stop();
  if (broker) co_await broker->stop();
  if (links_started) {
    co_await copies.stop();
    co_await links.stop();
  }
  if (gateway_open) co_await gateway.stop();
  if (!catalog_open) co_return Status{};
  Status closed = co_await catalog.close();
  if (!closed) node_logger.warn("a stream did not close cleanly", {{"why", closed.error().message}});
  co_return closed;
}

Node::Node(World& world, NodeConfig config, NodeStores stores, const ClusterMap& map, const TlsIdentity& identity,
           std::string own_root)
    : impl_(std::make_unique<Impl>(world, std::move(config), std::move(stores), map, identity, std::move(own_root))) {}
Node::~Node() = default;

Task<Status> Node::start() { co_return co_await impl_->start(); }
Task<Status> Node::stop() { co_return co_await impl_->stop(); }
uint16_t Node::kafka_port() const { return impl_->kafka->port(); }
uint16_t Node::admin_port() const { return impl_->http->port(); }
uint16_t Node::gateway_port() const { return impl_->gateway.port(); }
Catalog& Node::catalog() { return impl_->catalog; }

}  // namespace distributary
