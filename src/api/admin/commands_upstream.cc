// stream upstream add, list, remove.
#include "api/admin/admin_context.h"
#include "api/admin/commands.h"

namespace distributary::admin {
namespace {

Task<Result<Records>> add_upstream(AdminCall& call) {
  CO_TRY(StreamPath path, parse_stream_path(call.arguments.text("upstream"), call.context.cluster));
  std::vector<std::string> words{"stream", "identity"};
  Arguments::Pairs options{{"path", to_string(path)}};
  Principal principal = call.principal;
  auto found = co_await call.context.call(path.cluster, std::move(words), std::move(options), std::move(principal));
  if (!found) co_return fail(found.error().context("-upstream " + to_string(path)));
  if (found->size() != 1)
    co_return fail(ErrorCode::corrupt, "cluster " + path.cluster + " did not say which stream is at " + path.path);
  CO_TRY(std::string text, text_field(found->front(), "uuid"));
  UpstreamRegistration upstream{.cluster = path.cluster, .path = path.path};
  CO_TRY(upstream.uuid, parse_uuid(text));
  std::string replica = call.path.path;
  auto added = co_await call.context.catalog.add_upstream(std::move(replica), std::move(upstream));
  if (!added) co_return fail(added.error());
  co_return Records();
}

Task<Result<Records>> remove_upstream(AdminCall& call) {
  CO_TRY(StreamPath path, parse_stream_path(call.arguments.text("upstream"), call.context.cluster));
  const StreamRecord* record = call.context.catalog.record(call.path.path);
  if (!record) co_return fail(ErrorCode::not_found, "there is no stream " + to_string(call.path));
  uint32_t idx = 0;
  for (const UpstreamRegistration& upstream : record->upstreams) {
    if (upstream.cluster == path.cluster && upstream.path == path.path) idx = upstream.idx;
  }
  if (idx == 0)
    co_return fail(ErrorCode::not_found, "stream " + to_string(call.path) + " has no upstream " + to_string(path));
  std::string replica = call.path.path;
  CO_TRY_STATUS(co_await call.context.catalog.remove_upstream(std::move(replica), idx));
  co_return Records();
}

Task<Result<Records>> list_upstreams(AdminCall& call) {
  const StreamRecord* record = call.context.catalog.record(call.path.path);
  if (!record) co_return fail(ErrorCode::not_found, "there is no stream " + to_string(call.path));
  Records records;
  for (const UpstreamRegistration& upstream : record->upstreams) {
    records.push_back({{"cluster", upstream.cluster},
                       {"stream", upstream.path},
                       {"idx", upstream.idx},
                       {"uuid", to_string(upstream.uuid)}});
    std::optional<UpstreamStatus> status = call.context.replication.upstream(record->uuid, upstream.idx);
    if (status && status->problem) {
      records.back().push_back({"errors", Record{{"Code", status->problem->code},
                                                 {"Host", status->problem->host},
                                                 {"Msg", status->problem->message}}});
    }
  }
  co_return records;
}

}  // namespace

std::vector<Command> upstream_commands() {
  std::vector<OptionSpec> both{
      path_option("path of the replica stream"),
      {.name = "upstream", .type = OptionType::stream, .help = "path of the source stream", .required = true}};
  return {
      {.words = {"stream", "upstream", "add"},
       .help = "lets a source stream, and no other at its path, write to this replica",
       .options = both,
       .action = StreamAction::change_upstreams,
       .handler = add_upstream},
      {.words = {"stream", "upstream", "list"},
       .help = "lists the source streams that may write to a replica",
       .options = {path_option("path of the replica stream")},
       .action = StreamAction::change_upstreams,
       .handler = list_upstreams},
      {.words = {"stream", "upstream", "remove"},
       .help = "ends a source stream's leave to write to this replica, at once",
       .options = both,
       .action = StreamAction::change_upstreams,
       .handler = remove_upstream},
  };
}

}  // namespace distributary::admin
