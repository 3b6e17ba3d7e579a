// stream replica add, edit, list, pause, resume, remove.
#include <algorithm>

#include "api/admin/admin_context.h"
#include "api/admin/commands.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

OptionSpec replica_option(const char* help) {
  return {.name = "replica", .type = OptionType::stream, .help = help, .required = true};
}

std::vector<OptionSpec> link_options(bool defaults) {
  auto fallback = [defaults](const char* text) { return std::string(defaults ? text : ""); };
  return {
      {.name = "throttle",
       .type = OptionType::boolean,
       .help = "whether the flow is slowed down to spare other work",
       .default_text = fallback("false")},
      {.name = "networkencryption",
       .type = OptionType::boolean,
       .help = "kept and shown; links are always encrypted, by mutual TLS",
       .default_text = fallback("false")},
      {.name = "synchronous",
       .type = OptionType::boolean,
       .help = "whether producers wait for the replica; only false is accepted: replication is asynchronous",
       .default_text = fallback("false")},
      {.name = "networkcompression",
       .type = OptionType::choice,
       .help = "kept and shown; batches travel as producers compressed them",
       .default_text = fallback("that of the stream"),
       .choices = {"off", "lz4", "lzf", "zlib"}},
  };
}

void apply_link_options(const Arguments& arguments, ReplicaRegistration& replica) {
  replica.throttle = arguments.boolean("throttle").value_or(replica.throttle);
  replica.network_encryption = arguments.boolean("networkencryption").value_or(replica.network_encryption);
  replica.synchronous = arguments.boolean("synchronous").value_or(replica.synchronous);
  replica.network_compression = arguments.text("networkcompression", replica.network_compression);
}

// What is not carried out is refused, and not only written down.
Status check_link_options(const Arguments& arguments) {
  if (arguments.flag("synchronous")) {
    return fail(ErrorCode::unsupported, "-synchronous cannot be 'true': this version replicates asynchronously only");
  }
  return {};
}

Result<ReplicaRegistration> find_registration(const AdminCall& call) {
  TRY(StreamPath wanted, parse_stream_path(call.arguments.text("replica"), call.context.cluster));
  const StreamRecord* record = call.context.catalog.record(call.path.path);
  if (!record) return fail(ErrorCode::not_found, "there is no stream " + to_string(call.path));
  for (const ReplicaRegistration& replica : record->replicas) {
    if (replica.cluster == wanted.cluster && replica.path == wanted.path) return replica;
  }
  return fail(ErrorCode::not_found, "stream " + to_string(call.path) + " has no replica " + to_string(wanted));
}

// Which stream is at a path of some cluster, now.
Task<Result<Uuid>> resolve(AdminCall& call, StreamPath path) {
  std::vector<std::string> words{"stream", "identity"};
  Arguments::Pairs options{{"path", to_string(path)}};
  Principal principal = call.principal;
  CO_TRY(Records records,
         co_await call.context.call(path.cluster, std::move(words), std::move(options), std::move(principal)));
  if (records.size() != 1)
    co_return fail(ErrorCode::corrupt, "cluster " + path.cluster + " did not say which stream is at " + path.path);
  CO_TRY(std::string text, text_field(records.front(), "uuid"));
  co_return parse_uuid(text);
}

Task<Result<Records>> add_replica(AdminCall& call) {
  CO_TRY_STATUS(check_link_options(call.arguments));
  CO_TRY(StreamPath path, parse_stream_path(call.arguments.text("replica"), call.context.cluster));
  StreamPath asked = path;
  auto uuid = co_await resolve(call, std::move(asked));
  if (!uuid) co_return fail(uuid.error().context("-replica " + to_string(path)));
  const StreamRecord* record = call.context.catalog.record(call.path.path);
  if (!record) co_return fail(ErrorCode::not_found, "there is no stream " + to_string(call.path));
  ReplicaRegistration replica{.cluster = path.cluster, .path = path.path, .uuid = *uuid};
  replica.network_compression = std::string(to_string(record->settings.compression));
  replica.paused = call.arguments.boolean("paused").value_or(false);
  apply_link_options(call.arguments, replica);
  std::string source = call.path.path;
  auto added = co_await call.context.catalog.add_replica(std::move(source), std::move(replica));
  if (!added) co_return fail(added.error());
  co_return Records();
}

Task<Result<Records>> edit_replica(AdminCall& call) {
  CO_TRY_STATUS(check_link_options(call.arguments));
  CO_TRY(ReplicaRegistration replica, find_registration(call));
  apply_link_options(call.arguments, replica);
  if (call.arguments.has("newreplica")) {
    CO_TRY(StreamPath path, parse_stream_path(call.arguments.text("newreplica"), call.context.cluster));
    StreamPath asked = path;
    auto uuid = co_await resolve(call, std::move(asked));
    if (!uuid) co_return fail(uuid.error().context("-newreplica " + to_string(path)));
    if (*uuid != replica.uuid) {
      co_return fail(ErrorCode::conflict, "-newreplica " + to_string(path) + " is another stream (" + to_string(*uuid) +
                                              ") than the registered one (" + to_string(replica.uuid) +
                                              "); remove the replica and add the new one");
    }
    replica.cluster = path.cluster;
    replica.path = path.path;
  }
  std::string source = call.path.path;
  CO_TRY_STATUS(co_await call.context.catalog.edit_replica(std::move(source), std::move(replica)));
  co_return Records();
}

Task<Result<Records>> set_paused(AdminCall& call, bool paused) {
  CO_TRY(ReplicaRegistration replica, find_registration(call));
  replica.paused = paused;
  std::string source = call.path.path;
  CO_TRY_STATUS(co_await call.context.catalog.edit_replica(std::move(source), std::move(replica)));
  co_return Records();
}

Task<Result<Records>> pause_replica(AdminCall& call) { return set_paused(call, true); }
Task<Result<Records>> resume_replica(AdminCall& call) { return set_paused(call, false); }

Task<Result<Records>> remove_replica(AdminCall& call) {
  CO_TRY(ReplicaRegistration replica, find_registration(call));
  std::string source = call.path.path;
  CO_TRY_STATUS(co_await call.context.catalog.remove_replica(std::move(source), replica.idx));
  co_return Records();
}

Record describe(const ReplicaRegistration& replica, const std::optional<ReplicaStatus>& status) {
  ReplicaStatus s = status.value_or(ReplicaStatus{});
  std::string state = s.replica_state.empty() ? "REPLICA_STATE_REPLICATING" : s.replica_state;
  Record record{
      {"cluster", replica.cluster},
      {"stream", replica.path},
      {"type", "MapRStream"},
      {"replicaPath", replica.path},
      {"replicaState", state},
      {"paused", replica.paused},
      {"throttle", replica.throttle},
      {"idx", replica.idx},
      {"networkencryption", replica.network_encryption},
      {"synchronous", replica.synchronous},
      {"networkcompression", replica.network_compression},
      {"propagateExistingData", true},
      {"isUptodate", s.up_to_date},
      {"minPendingTS", s.min_pending_time},
      {"maxPendingTS", s.max_pending_time},
      {"bytesPending", s.bytes_pending},
      {"putsPending", s.puts_pending},
      {"bucketsPending", s.entries_pending},
      {"uuid", to_string(replica.uuid)},
      {"copyTableCompletionPercentage", s.copy_percentage},
      {"linkState", to_string(s.link_state)},
      {"lagSeconds", s.lag_seconds},
  };
  if (s.problem) {
    record.push_back(
        {"errors", Record{{"Code", s.problem->code}, {"Host", s.problem->host}, {"Msg", s.problem->message}}});
  }
  return record;
}

// What helps to look into a link, only when asked.
void append_detail(Record& record, const ReplicaStatus& status) {
  record.push_back({"connected", status.connected});
  record.push_back({"acknowledgedLsn", status.acknowledged_lsn});
  record.push_back({"lastAcknowledged", status.last_acknowledged});
  record.push_back({"sessions", status.sessions});
  record.push_back({"regressions", status.regressions});
}

Task<Result<Records>> list_replicas(AdminCall& call) {
  const StreamRecord* record = call.context.catalog.record(call.path.path);
  if (!record) co_return fail(ErrorCode::not_found, "there is no stream " + to_string(call.path));
  Uuid source = record->uuid;
  std::vector<ReplicaRegistration> replicas = record->replicas;  // the record may change while the figures are taken
  Records records;
  for (const ReplicaRegistration& replica : replicas) {
    std::optional<ReplicaStatus> status = co_await call.context.replication.replica(source, replica.idx);
    records.push_back(describe(replica, status));
    if (call.arguments.flag("detail")) append_detail(records.back(), status.value_or(ReplicaStatus{}));
  }
  co_return records;
}

}  // namespace

std::vector<Command> replica_commands() {
  std::vector<OptionSpec> add{path_option("path of the source stream"),
                              replica_option("path of an existing stream that becomes its replica"),
                              {.name = "paused",
                               .type = OptionType::boolean,
                               .help = "whether the flow waits for `stream replica resume`",
                               .default_text = "false"}};
  for (OptionSpec& option : link_options(true)) add.push_back(std::move(option));
  std::vector<OptionSpec> edit{
      path_option("path of the source stream"),
      replica_option("path of the replica, as registered"),
      {.name = "newreplica", .type = OptionType::stream, .help = "path at which the same replica stream is now"}};
  for (OptionSpec& option : link_options(false)) edit.push_back(std::move(option));
  std::vector<OptionSpec> both{path_option("path of the source stream"),
                               replica_option("path of the replica, as registered")};
  std::vector<OptionSpec> list{
      path_option("path of the source stream"),
      {.name = "refreshnow",
       .type = OptionType::boolean,
       .help = "taken for compatibility: figures are always of this moment",
       .default_text = "false"},
      {.name = "detail", .type = OptionType::flag, .help = "also shows the link's connection and position"}};
  return {
      {.words = {"stream", "replica", "add"},
       .help = "registers an existing stream as a replica; data flows once the replica has this stream as an upstream",
       .options = add,
       .action = StreamAction::add_replica,
       .handler = add_replica},
      {.words = {"stream", "replica", "edit"},
       .help = "changes a replica's registration; what is not named stays",
       .options = edit,
       .action = StreamAction::change_replicas,
       .handler = edit_replica},
      {.words = {"stream", "replica", "list"},
       .help = "lists the replicas of a stream with what they still have to get",
       .options = list,
       .action = StreamAction::change_replicas,
       .handler = list_replicas},
      {.words = {"stream", "replica", "pause"},
       .help = "stops the flow to a replica and keeps its position",
       .options = both,
       .action = StreamAction::change_replicas,
       .handler = pause_replica},
      {.words = {"stream", "replica", "resume"},
       .help = "lets the flow to a replica go on from where it stopped",
       .options = both,
       .action = StreamAction::change_replicas,
       .handler = resume_replica},
      {.words = {"stream", "replica", "remove"},
       .help = "unregisters a replica; the replica stream stays with its data",
       .options = both,
       .action = StreamAction::change_replicas,
       .handler = remove_replica},
  };
}

}  // namespace distributary::admin
