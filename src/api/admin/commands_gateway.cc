// cluster gateway set, get, list, delete, resolve, local.
#include "api/admin/admin_context.h"
#include "api/admin/commands.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

constexpr Duration kProbeLimit = std::chrono::seconds(2);

OptionSpec cluster_option() {
  return {.name = "cluster", .help = "the cluster on which the command runs", .default_text = "the default cluster"};
}
OptionSpec destination_option() {
  return {.name = "dstcluster", .help = "the cluster whose gateways are meant", .required = true};
}

Task<Result<Records>> set_gateways(AdminCall& call) {
  CO_TRY_STATUS(call.context.check_administrator(call.principal));
  std::string cluster = call.arguments.text("dstcluster");
  std::string gateways = call.arguments.text("gateways");
  Status set = co_await call.context.gateways.set(std::move(cluster), std::move(gateways));
  if (!set) co_return fail(set.error());
  co_return Records();
}

Task<Result<Records>> get_gateways(AdminCall& call) {
  std::string cluster = call.arguments.text("dstcluster");
  CO_TRY(auto all, co_await call.context.gateways.list());
  auto found = all.find(cluster);
  if (found == all.end())
    co_return fail(ErrorCode::not_found, "no gateways have been set for cluster " + quoted(cluster));
  Record record{{"cluster", found->first}, {"gatewayConfig", found->second}};
  Records records{std::move(record)};
  co_return records;
}

Task<Result<Records>> list_gateways(AdminCall& call) {
  CO_TRY(auto all, co_await call.context.gateways.list());
  Records records;
  for (const auto& [cluster, gateways] : all) {
    Record record{{"cluster", cluster}, {"gatewayConfig", gateways}};
    records.push_back(std::move(record));
  }
  co_return records;
}

Task<Result<Records>> delete_gateways(AdminCall& call) {
  CO_TRY_STATUS(call.context.check_administrator(call.principal));
  std::string cluster = call.arguments.text("dstcluster");
  CO_TRY_STATUS(co_await call.context.gateways.remove(std::move(cluster)));
  co_return Records();
}

Task<bool> answers(World& world, Address address) {
  SteadyTime deadline = world.clock().now() + kProbeLimit;
  auto connection = co_await world.network.connect(address, nullptr, deadline, {});
  co_return connection.has_value();
}

Task<Result<Records>> resolve_gateways(AdminCall& call) {
  std::string cluster = call.arguments.text("dstcluster");
  std::string name = cluster;
  CO_TRY(GatewayDirectory::Found found, co_await call.context.gateways.find(std::move(name)));
  std::vector<Address> live;
  for (const Address& address : found.addresses) {
    Address copy = address;
    bool alive = co_await answers(call.context.world, std::move(copy));
    if (alive) live.push_back(address);
  }
  if (live.empty()) {
    co_return fail(ErrorCode::unavailable, "no gateway of cluster " + quoted(cluster) + " answers; tried " +
                                               to_string(found.addresses) + " (from " + found.source + ")");
  }
  Record record{{"cluster", cluster}, {"gatewayConfig", to_string(live)}, {"source", found.source}};
  Records records{std::move(record)};
  co_return records;
}

Task<Result<Records>> local_gateways(AdminCall& call) {
  Records records;
  const std::vector<Address>& own = call.context.own_gateways;
  if (own.empty()) co_return fail(ErrorCode::not_found, "this node runs no gateway");
  if (call.arguments.text("format", "text") == "text") {
    Record record{{"cluster", call.context.cluster}, {"gatewayConfig", to_string(own)}};
    records.push_back(std::move(record));
    co_return records;
  }
  for (const Address& address : own) {
    Record record{{"name", "gateway." + call.context.cluster}, {"type", "TXT"}, {"value", to_string(address)}};
    records.push_back(std::move(record));
  }
  co_return records;
}

}  // namespace

std::vector<Command> gateway_commands() {
  OptionSpec gateways{
      .name = "gateways", .help = "the gateways, host or host:port, separated by blanks", .required = true};
  OptionSpec format{.name = "format",
                    .type = OptionType::choice,
                    .help = "text: as `cluster gateway set` takes it; dns: as records of a zone file",
                    .default_text = "text",
                    .choices = {"dns", "text"}};
  return {
      {.words = {"cluster", "gateway", "set"},
       .help = "stores where a cluster's gateways are",
       .options = {destination_option(), gateways, cluster_option()},
       .handler = set_gateways},
      {.words = {"cluster", "gateway", "get"},
       .help = "shows the stored gateways of one cluster",
       .options = {destination_option(), cluster_option()},
       .handler = get_gateways},
      {.words = {"cluster", "gateway", "list"},
       .help = "lists the stored gateways of all clusters",
       .options = {cluster_option()},
       .handler = list_gateways},
      {.words = {"cluster", "gateway", "delete"},
       .help = "forgets the stored gateways of a cluster; the gateways keep running",
       .options = {destination_option(), cluster_option()},
       .handler = delete_gateways},
      {.words = {"cluster", "gateway", "resolve"},
       .help = "finds the gateways of a cluster that answer, and says where their addresses come from",
       .options = {destination_option(), cluster_option()},
       .handler = resolve_gateways},
      {.words = {"cluster", "gateway", "local"},
       .help = "shows the gateways of the cluster itself",
       .options = {format, cluster_option()},
       .handler = local_gateways},
  };
}

}  // namespace distributary::admin
