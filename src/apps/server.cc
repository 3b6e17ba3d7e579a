#include "apps/server.h"

#include <malloc.h>
#include <sys/resource.h>
#include <fmt/core.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "apps/clusters_file.h"
#include "apps/node.h"
#include "apps/program_options.h"
#include "base/log.h"
#include "cluster/identity.h"
#include "io/real/real_world.h"
#include "storage/local/local_log_store.h"
#include "storage/local/sqlite_meta_store.h"
#include "wire/link/link_limits.h"

namespace distributary {
namespace {

const Logger server_logger("server");

std::vector<ProgramOption> init_options() {
  return {
      {"dir", "directory of the node's data; created when missing", "", true},
      {"cluster", "name of the cluster", "", true},
      {"node", "name of this node in its certificate", "node1"},
  };
}

std::vector<ProgramOption> server_options() {
  return {
      {"dir", "directory of the node's data, made by `distributary init`", "", true},
      {"cluster", "name of this cluster: a line of the clusters file", "", true},
      {"clusters", "file that names all clusters; else $MAPR_CLUSTERS_CONF, else $MAPR_HOME/conf/mapr-clusters.conf",
       ""},
      {"kafka", "host:port for Kafka clients", "127.0.0.1:9092"},
      {"advertised", "host:port that clients are told; default: where -kafka listens", ""},
      {"admin", "host:port for maprcli, REST and other clusters", "127.0.0.1:7222"},
      {"gateway", "host:port for links from source clusters, mutual TLS", "127.0.0.1:7660"},
      {"default-stream", "stream of the topics whose name does not begin with '/'", ""},
      {"secure", "true: the admin listener speaks mutual TLS only", "false"},
      {"allow-remote", "true: listen beyond this machine although Kafka clients are not authenticated", "false"},
      {"administrators", "users who may change what belongs to no stream, comma-separated", "root,mapr"},
      {"segment-bytes", "size at which a segment of a stream's log is sealed", "268435456"},
      {"tail-cache-bytes", "memory for the newest log of all streams", "33554432"},
      {"reserve-bytes", "disk space kept for deletions and retention; produce is refused below it", "1073741824"},
      {"rebalance-delay-ms", "how long a new consumer group waits for more members", "500"},
      {"consumer-session-timeout-ms", "silence after which a member of a consumer group of the new protocol is removed",
       "45000"},
      {"consumer-heartbeat-interval-ms", "how often members of such groups are to show themselves", "5000"},
      {"offsets-retention-minutes", "how long a consumer group that nobody uses keeps its committed positions",
       "10080"},
      {"link-connections", "connections that a link over a long distance has at most", "8"},
      {"log-level", "debug, info, warn or error", "info"},
  };
}

int wrong_usage(const std::string& command, const Error& error) {
  fmt::print(stderr, "distributary {}: {}\n`distributary {} -help` shows all options\n", command, error.message,
             command);
  return 2;
}

int show_usage(const std::string& command, const std::vector<ProgramOption>& declared) {
  fmt::print("{}", usage(command, declared));
  return 0;
}

int failed(const std::string& command, const Error& error) {
  fmt::print(stderr, "distributary {}: {}\n", command, error.message);
  return 1;
}

Task<Status> init(World& world, std::string directory, std::string cluster, std::string node) {
  WallMillis now = world.clock().wall_now();
  CO_TRY(RootIdentity root, make_root(cluster, now));
  CO_TRY(TlsIdentity identity, make_node(root, cluster, node, now));
  CO_TRY(std::string fingerprint, root_fingerprint(root.certificate_pem));
  CO_TRY(Uuid id, cluster_id(fingerprint));
  CO_TRY_STATUS(co_await world.files.make_directories(directory));
  CO_TRY_STATUS(co_await save_identity(world.files, directory, root, identity));
  fmt::print("cluster {} id {}\nroot {}\n", cluster, to_string(id), fingerprint);
  fmt::print("line for the clusters file of every node and client (set host and port):\n");
  fmt::print("{} secure=false root={} gateways=127.0.0.1:{} 127.0.0.1:{}\n", cluster, fingerprint, kGatewayPort,
             kAdminPort);
  co_return Status{};
}

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

Result<NodeConfig> node_config(const ProgramOptions& options) {
  NodeConfig config;
  config.cluster = options.text("cluster");
  TRY(config.kafka, parse_address(options.text("kafka"), 9092));
  TRY(config.admin, parse_address(options.text("admin"), kAdminPort));
  TRY(config.gateway, parse_address(options.text("gateway"), kGatewayPort));
  if (!options.text("advertised").empty()) {
    TRY(config.listener.advertised, parse_address(options.text("advertised"), 9092));
  }
  TRY(config.secure_admin, options.boolean("secure"));
  TRY(bool allow_remote, options.boolean("allow-remote"));
  for (const Address& address : {config.kafka, config.secure_admin ? config.kafka : config.admin}) {
    if (allow_remote || is_loopback(address.host)) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is beyond this machine, and nobody who connects there is authenticated; "
                            "listen on 127.0.0.1, or say -allow-remote true",
                            to_string(address)));
  }
  config.broker.default_stream = options.text("default-stream");
  TRY(config.catalog.stream.segment_bytes, options.number("segment-bytes", 1u << 16, 4ull << 30));
  TRY(config.tail_cache_bytes, options.number("tail-cache-bytes", 0, 64ull << 30));
  TRY(uint64_t delay, options.number("rebalance-delay-ms", 0, 60'000));
  config.broker.group.initial_rebalance_delay = std::chrono::milliseconds(delay);
  TRY(uint64_t session, options.number("consumer-session-timeout-ms", 1, 3'600'000));
  TRY(uint64_t heartbeat, options.number("consumer-heartbeat-interval-ms", 1, session));
  config.broker.group.consumer_session_timeout = std::chrono::milliseconds(session);
  config.broker.group.consumer_heartbeat_interval = std::chrono::milliseconds(heartbeat);
  TRY(uint64_t retention, options.number("offsets-retention-minutes", 1, 1ull << 31));
  config.broker.cursor_retention = std::chrono::minutes(retention);
  TRY(uint64_t connections, options.number("link-connections", 1, kLinkConnectionsMax));
  config.link.connections = static_cast<uint16_t>(connections);
  std::string names = options.text("administrators") + ",";
  for (size_t at = 0, comma; (comma = names.find(',', at)) != std::string::npos; at = comma + 1) {
    if (comma > at) config.administrators.push_back(names.substr(at, comma - at));
  }
  return config;
}

Status apply_log_level(const std::string& level) {
  if (level == "debug") return set_log_level(LogLevel::debug), Status{};
  if (level == "info") return set_log_level(LogLevel::info), Status{};
  if (level == "warn") return set_log_level(LogLevel::warn), Status{};
  if (level == "error") return set_log_level(LogLevel::error), Status{};
  return fail(ErrorCode::invalid_argument, fmt::format("-log-level '{}': debug, info, warn or error", level));
}

Task<Result<NodeStores>> open_stores(World& world, std::string directory, uint64_t reserve) {
  NodeStores stores;
  LocalLogOptions local;
  local.root = directory;
  local.reserve = reserve;
  CO_TRY(stores.logs, co_await LocalLogStore::start(world.executor, world.files, local));
  std::string database = directory + "/meta.db";
  CO_TRY(stores.meta, co_await SqliteMetaStore::open(world.executor, world.blocking, database));
  co_return std::move(stores);
}

// Groups, requests and fetches have buffers of hundreds of KiB. By itself malloc maps each of them anew and gives it
// back, and every page is faulted in again for the next one.
void keep_large_buffers() {
  constexpr int kMebibyte = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, 64 * kMebibyte);
  ::mallopt(M_TRIM_THRESHOLD, 64 * kMebibyte);
  ::mallopt(M_TOP_PAD, 4 * kMebibyte);
}

// Each client is a descriptor, and so is each segment in use: as many as the system allows, where it asks us to be
// content with 1,024 unless we say so.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) server_logger.warn("the limit of open files cannot be raised", {});
}

// Runs until `stop` is requested.
Task<Status> serve(World& world, const ProgramOptions& options, NodeConfig config, const ClusterMap& map,
                   std::stop_token stop) {
  std::string directory = options.text("dir");
  CO_TRY(TlsIdentity identity, co_await load_identity(world.files, directory));
  CO_TRY(std::string own_root, root_fingerprint(identity.chain_pem));
  CO_TRY(uint64_t reserve, options.number("reserve-bytes", 0, 1ull << 50));
  CO_TRY(NodeStores stores, co_await open_stores(world, directory, reserve));
  const ClusterEntry* own = map.find(config.cluster);
  if (own != nullptr && !own->root_fingerprint.empty() && own->root_fingerprint != own_root) {
    co_return fail(ErrorCode::conflict,
                   fmt::format("{} says that the root of cluster {} is {}, but the identity in {} has {}", map.source(),
                               config.cluster, own->root_fingerprint, directory, own_root));
  }
  Node node(world, config, std::move(stores), map, identity, own_root);
  Status started = co_await node.start();
  if (started) {
    fmt::print("distributary: cluster {} serves kafka {}:{} admin {}:{} gateway {}:{} from {}\n", config.cluster,
               config.kafka.host, node.kafka_port(), config.admin.host, node.admin_port(), config.gateway.host,
               node.gateway_port(), directory);
    std::fflush(stdout);
    Signal stopped(world.executor);
    while (!stop.stop_requested()) (void)co_await stopped.wait(kNever, stop);
    server_logger.info("stopping");
  }
  Status closed = co_await node.stop();
  if (!started) co_return started;
  co_return closed;
}

}  // namespace

int run_init(const std::vector<std::string>& arguments) {
  if (asks_for_help(arguments)) return show_usage("init", init_options());
  auto options = ProgramOptions::parse(init_options(), arguments);
  if (!options) return wrong_usage("init", options.error());
  std::unique_ptr<RealWorld> real = make_real_world();
  std::string directory = options->text("dir");
  std::string cluster = options->text("cluster");
  std::string node = options->text("node");
  Status done = real->executor().run(init(real->world(), directory, cluster, node));
  return done ? 0 : failed("init", done.error());
}

int run_server(const std::vector<std::string>& arguments) {
  if (asks_for_help(arguments)) return show_usage("server", server_options());
  auto options = ProgramOptions::parse(server_options(), arguments);
  if (!options) return wrong_usage("server", options.error());
  auto config = node_config(*options);
  if (!config) return wrong_usage("server", config.error());
  Status level = apply_log_level(options->text("log-level"));
  if (!level) return wrong_usage("server", level.error());
  auto map = load_clusters_file(options->text("clusters"));
  if (!map) return failed("server", map.error());
  if (!std::filesystem::is_directory(options->text("dir"))) {
    return failed("server",
                  Error{ErrorCode::not_found,
                        fmt::format("there is no directory {}; make it with: distributary init -dir {} -cluster {}",
                                    options->text("dir"), options->text("dir"), config->cluster)});
  }
  auto lock = lock_directory(options->text("dir"));
  if (!lock) return failed("server", lock.error());
  keep_large_buffers();
  raise_descriptor_limit();
  std::unique_ptr<RealWorld> real = make_real_world();
  std::stop_source stop;
  real->executor().on_signals({SIGTERM, SIGINT}, [&](int) { stop.request_stop(); });
  Status served = real->executor().run(serve(real->world(), *options, *config, *map, stop.get_token()));
  return served ? 0 : failed("server", served.error());
}

}  // namespace distributary
