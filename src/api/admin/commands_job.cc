// job list, info, cancel; and what `mapr copystream` speaks with the servers: stream copy start, stream copy prepare.
#include "api/admin/admin_context.h"
#include "api/admin/commands.h"
#include "api/admin/stream_settings_options.h"

namespace distributary::admin {
namespace {

Record describe(const AdminContext& context, const CopyStatus& copy) {
  Record record{
      {"id", to_string(copy.id)},
      {"type", "copystream"},
      {"state", to_string(copy.state)},
      {"src", to_string(StreamPath{context.cluster, copy.source_path})},
      {"dst", to_string(StreamPath{copy.cluster, copy.path})},
      {"percentage", copy.percentage},
      {"bytesdone", copy.bytes_done},
      {"bytestotal", copy.bytes_total},
      {"messagesdone", copy.records_done},
      {"messagestotal", copy.records_total},
      {"started", copy.started},
      {"ended", copy.ended},
  };
  if (copy.problem) {
    record.push_back(
        {"errors", Record{{"Code", copy.problem->code}, {"Host", copy.problem->host}, {"Msg", copy.problem->message}}});
  }
  return record;
}

// Who may copy from a stream may see the jobs that do; the jobs of a deleted stream belong to administrators.
bool may_see(const AdminCall& call, const CopyStatus& copy) {
  const StreamRecord* record = call.context.catalog.record_by_uuid(copy.source);
  if (!record) return call.context.check_administrator(call.principal).has_value();
  return is_allowed(call.principal, record->settings, StreamAction::copy_from);
}

Result<CopyStatus> find_job(const AdminCall& call) {
  std::string text = call.arguments.text("id");
  auto id = parse_uuid(text);
  if (!id) return fail(id.error().context("-id"));
  for (const CopyStatus& copy : call.context.replication.copies()) {
    if (copy.id == *id && may_see(call, copy)) return copy;
  }
  return fail(ErrorCode::not_found, "there is no job " + text + " that you may see");
}

Task<Result<Records>> list_jobs(AdminCall& call) {
  Records records;
  for (const CopyStatus& copy : call.context.replication.copies()) {
    if (may_see(call, copy)) records.push_back(describe(call.context, copy));
  }
  co_return records;
}

Task<Result<Records>> job_info(AdminCall& call) {
  CO_TRY(CopyStatus copy, find_job(call));
  Record record = describe(call.context, copy);
  Records records{std::move(record)};
  co_return records;
}

Task<Result<Records>> cancel_job(AdminCall& call) {
  CO_TRY(CopyStatus copy, find_job(call));
  CO_TRY_STATUS(co_await call.context.replication.cancel_copy(copy.id));
  co_return Records();
}

// On the source: has the destination made ready, then starts the job.
Task<Result<Records>> start_copy(AdminCall& call) {
  CO_TRY(StreamPath to, parse_stream_path(call.arguments.text("dst"), call.context.cluster));
  if (to == call.path) co_return fail(ErrorCode::invalid_argument, "-dst cannot be the source itself");
  std::vector<std::string> words{"stream", "copy", "prepare"};
  Arguments::Pairs options{{"path", to_string(to)}, {"src", to_string(call.path)}};
  Principal principal = call.principal;
  auto prepared = co_await call.context.call(to.cluster, std::move(words), std::move(options), std::move(principal));
  if (!prepared) co_return fail(prepared.error().context("-dst " + to_string(to)));
  if (prepared->size() != 1)
    co_return fail(ErrorCode::corrupt, "cluster " + to.cluster + " did not say which stream is at " + to.path);
  CO_TRY(std::string text, text_field(prepared->front(), "uuid"));
  ReplicationControl::CopyOrder order{.source_path = call.path.path, .cluster = to.cluster, .path = to.path};
  CO_TRY(order.replica, parse_uuid(text));
  CO_TRY(order.grant, text_field(prepared->front(), "grant"));
  CO_TRY(Uuid job, co_await call.context.replication.start_copy(std::move(order)));
  Record record{{"id", to_string(job)}};
  Records records{std::move(record)};
  co_return records;
}

struct RemoteSource {
  StreamPath path;
  Uuid uuid;
};

Task<Result<RemoteSource>> find_source(AdminCall& call) {
  RemoteSource source;
  CO_TRY(source.path, parse_stream_path(call.arguments.text("src"), call.context.cluster));
  std::vector<std::string> words{"stream", "identity"};
  Arguments::Pairs options{{"path", to_string(source.path)}};
  Principal principal = call.principal;
  CO_TRY(Records records,
         co_await call.context.call(source.path.cluster, std::move(words), std::move(options), std::move(principal)));
  if (records.size() != 1)
    co_return fail(ErrorCode::corrupt,
                   "cluster " + source.path.cluster + " did not say which stream is at " + source.path.path);
  CO_TRY(std::string text, text_field(records.front(), "uuid"));
  CO_TRY(source.uuid, parse_uuid(text));
  co_return source;
}

// The destination of a copy takes the settings of its source when it has to be created.
Task<Status> create_destination(AdminCall& call, const RemoteSource& source) {
  std::vector<std::string> words{"stream", "info"};
  Arguments::Pairs options{{"path", to_string(source.path)}};
  Principal principal = call.principal;
  CO_TRY(Records records,
         co_await call.context.call(source.path.cluster, std::move(words), std::move(options), std::move(principal)));
  if (records.size() != 1)
    co_return fail(ErrorCode::corrupt, "cluster " + source.path.cluster + " did not describe " + source.path.path);
  StreamSettings settings = StreamSettings::for_creator(call.principal.user);
  CO_TRY_STATUS(apply_record(records.front(), settings));
  std::string path = call.path.path;
  std::string creator = call.principal.user;
  auto created = co_await call.context.catalog.create(std::move(path), std::move(settings), std::move(creator));
  if (!created && created.error().code != ErrorCode::already_exists) co_return fail(created.error());
  co_return Status{};
}

Task<Result<Records>> prepare_copy(AdminCall& call) {
  CO_TRY(RemoteSource source, co_await find_source(call));
  if (!call.context.catalog.record(call.path.path)) {
    CO_TRY_STATUS(co_await create_destination(call, source));
  }
  const StreamRecord* record = call.context.catalog.record(call.path.path);
  if (!record) co_return fail(ErrorCode::not_found, "stream " + to_string(call.path) + " has just been deleted");
  CO_TRY_STATUS(check_allowed(call.principal, *record, StreamAction::copy_to));
  ReplicationControl::CopyGrant grant{
      .replica = record->uuid, .source_cluster = source.path.cluster, .source = source.uuid};
  std::string uuid = to_string(record->uuid);
  CO_TRY(std::string secret, co_await call.context.replication.grant_copy(std::move(grant)));
  Record answer{{"uuid", uuid}, {"grant", secret}};
  Records records{std::move(answer)};
  co_return records;
}

}  // namespace

std::vector<Command> job_commands() {
  OptionSpec cluster{.name = "cluster", .help = "the cluster to ask", .default_text = "the default cluster"};
  OptionSpec id{.name = "id", .help = "the job's id, as `job list` shows it", .required = true};
  OptionSpec path{.name = "path", .type = OptionType::stream, .help = "path of the stream", .required = true};
  OptionSpec destination{
      .name = "dst", .type = OptionType::stream, .help = "path of the destination", .required = true};
  OptionSpec source{.name = "src", .type = OptionType::stream, .help = "path of the source", .required = true};
  return {
      {.words = {"job", "list"},
       .help = "lists long-running work of a cluster: copies that it sends",
       .options = {cluster},
       .handler = list_jobs},
      {.words = {"job", "info"}, .help = "shows one job", .options = {id, cluster}, .handler = job_info},
      {.words = {"job", "cancel"},
       .help = "stops a job; what it has done stays done",
       .options = {id, cluster},
       .handler = cancel_job},
      {.words = {"stream", "copy", "start"},
       .help = "starts a copy of a stream",
       .options = {path, destination},
       .action = StreamAction::copy_from,
       .handler = start_copy,
       .internal = true},
      {.words = {"stream", "copy", "prepare"},
       .help = "makes a destination ready to be filled",
       .options = {path, source},
       .handler = prepare_copy,
       .internal = true},
  };
}

std::vector<Command> all_commands() {
  std::vector<Command> all;
  for (auto family : {stream_commands, topic_commands, cursor_commands, replica_commands, upstream_commands,
                      gateway_commands, job_commands}) {
    for (Command& command : family()) all.push_back(std::move(command));
  }
  return all;
}

}  // namespace distributary::admin
