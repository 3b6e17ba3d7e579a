// stream create, edit, info, delete, purge, list, identity.
#include "api/admin/admin_context.h"
#include "api/admin/commands.h"
#include "api/admin/stream_settings_options.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

// The settings of a stream, anywhere, as far as the caller may see them.
Task<Status> copy_settings(AdminCall& call, StreamSettings& settings) {
  CO_TRY(StreamPath from, parse_stream_path(call.arguments.text("copymetafrom"), call.context.cluster));
  Arguments::Pairs options{{"path", to_string(from)}};
  std::vector<std::string> words{"stream", "info"};
  Principal principal = call.principal;
  auto records = co_await call.context.call(from.cluster, std::move(words), std::move(options), std::move(principal));
  if (!records) co_return fail(records.error().context("-copymetafrom " + to_string(from)));
  if (records->size() != 1)
    co_return fail(ErrorCode::corrupt,
                   "cluster " + from.cluster + " answered with " + std::to_string(records->size()) + " records");
  co_return apply_record(records->front(), settings);
}

Task<Result<Records>> create_stream(AdminCall& call) {
  if (call.context.catalog.record(call.path.path)) {
    co_return fail(ErrorCode::already_exists, "stream " + to_string(call.path) + " exists already");
  }
  StreamSettings settings = StreamSettings::for_creator(call.principal.user);
  if (call.arguments.has("copymetafrom")) {
    CO_TRY_STATUS(co_await copy_settings(call, settings));
  }
  CO_TRY_STATUS(apply_settings(call.arguments, settings));
  std::string path = call.path.path;
  std::string creator = call.principal.user;
  auto created = co_await call.context.catalog.create(std::move(path), std::move(settings), std::move(creator));
  if (!created) co_return fail(created.error());
  co_return Records();
}

Task<Result<Records>> edit_stream(AdminCall& call) {
  const Arguments& arguments = call.arguments;
  if (arguments.has("force") && !arguments.has("compact")) {
    co_return fail(ErrorCode::invalid_argument, "-force goes with -compact only");
  }
  std::string path = call.path.path;
  Catalog::SettingsChange change = [&arguments](StreamSettings& settings) {
    return apply_settings(arguments, settings);
  };
  CO_TRY_STATUS(co_await call.context.catalog.change_settings(std::move(path), std::move(change)));
  co_return Records();
}

// For each stream whose history this one holds: <stream>/<incarnation>:<its last LSN here>:<chain hash up to there>.
// Two streams that agree on an element hold the same history of that origin, to the byte.
std::string describe_history(const StreamState& state) {
  std::string text;
  for (const auto& [origin, position] : state.origins()) {
    text += text.empty() ? "" : ",";
    text += to_string(origin) + ":" + std::to_string(position.lsn) + ":" + to_hex(position.chain);
  }
  return text;
}

Task<Result<Records>> stream_info(AdminCall& call) {
  std::string path = call.path.path;
  CO_TRY(StreamHandle handle, co_await call.context.catalog.stream(std::move(path)));
  const Stream& stream = *handle->stream;
  Record record{
      {"path", handle->record.path},
      {"physicalsize", stream.bytes_on_disk()},
      {"logicalsize", stream.logical_bytes()},
      {"numtopics", static_cast<uint64_t>(stream.state().names().size())},
  };
  append_settings(record, handle->record.settings,
                  is_allowed(call.principal, handle->record.settings, StreamAction::see_permissions));
  record.push_back({"uuid", to_string(handle->record.uuid)});
  record.push_back({"history", describe_history(stream.state())});
  if (!stream.damage().empty()) {
    record.push_back({"errors", Record{{"Code", "ErrDamaged"}, {"Msg", stream.damage().front().what}}});
  }
  Records records{std::move(record)};
  co_return records;
}

Task<Result<Records>> delete_stream(AdminCall& call) {
  std::string path = call.path.path;
  CO_TRY_STATUS(co_await call.context.catalog.remove(std::move(path)));
  co_return Records();
}

// Asynchronous: sizes go down in `stream info` as segments are rewritten.
Task<Result<Records>> purge_stream(AdminCall& call) {
  std::string path = call.path.path;
  CO_TRY(StreamHandle handle, co_await call.context.catalog.stream(std::move(path)));
  if (!handle->stream->damage().empty())
    co_return fail(ErrorCode::corrupt, "the stream is damaged and read-only: " + handle->stream->damage().front().what);
  CO_TRY_STATUS(co_await handle->stream->enforce_retention());
  handle->stream->start_purge();
  co_return Records();
}

Task<Result<Records>> list_streams(AdminCall& call) {
  Records records;
  for (const std::string& path : call.context.catalog.paths()) {
    const StreamRecord* record = call.context.catalog.record(path);
    if (!record || !is_allowed(call.principal, record->settings, StreamAction::read_settings)) continue;
    records.push_back({{"path", record->path},
                       {"uuid", to_string(record->uuid)},
                       {"replicas", static_cast<uint64_t>(record->replicas.size())},
                       {"upstreams", static_cast<uint64_t>(record->upstreams.size())}});
  }
  co_return records;
}

// What a registration at the other side of a replication needs to know. No permission: a uuid opens nothing.
Task<Result<Records>> stream_identity(AdminCall& call) {
  const StreamRecord* record = call.context.catalog.record(call.path.path);
  if (!record) co_return fail(ErrorCode::not_found, "there is no stream " + to_string(call.path));
  Record identity{{"cluster", call.context.cluster},
                  {"path", record->path},
                  {"uuid", to_string(record->uuid)},
                  {"compression", to_string(record->settings.compression)}};
  Records records{std::move(identity)};
  co_return records;
}

std::vector<OptionSpec> create_options() {
  std::vector<OptionSpec> options{path_option()};
  options.push_back({.name = "copymetafrom",
                     .type = OptionType::stream,
                     .help = "take the settings of this stream, also in another cluster; options given here win"});
  options.push_back({.name = "ischangelog",
                     .type = OptionType::boolean,
                     .help = "whether the stream holds the changes of a table",
                     .default_text = "false"});
  for (OptionSpec& option : settings_options()) options.push_back(std::move(option));
  return options;
}

std::vector<OptionSpec> edit_options() {
  std::vector<OptionSpec> options{path_option()};
  for (OptionSpec& option : settings_options()) {
    option.default_text = "";  // what is not named stays
    options.push_back(std::move(option));
  }
  options.push_back(
      {.name = "compact", .type = OptionType::boolean, .help = "whether only the newest message of each key is kept"});
  options.push_back({.name = "force", .type = OptionType::flag, .help = "with -compact: also when something objects"});
  return options;
}

}  // namespace

std::vector<Command> stream_commands() {
  return {
      {.words = {"stream", "create"},
       .help = "creates a stream",
       .options = create_options(),
       .handler = create_stream},
      {.words = {"stream", "edit"},
       .help = "changes settings of a stream; what is not named stays",
       .options = edit_options(),
       .action = StreamAction::edit_stream,
       .handler = edit_stream},
      {.words = {"stream", "info"},
       .help = "shows a stream and its settings; permissions only to who has adminperm",
       .options = {path_option()},
       .action = StreamAction::read_settings,
       .handler = stream_info},
      {.words = {"stream", "delete"},
       .help = "deletes a stream with everything in it, at once and for good",
       .options = {path_option()},
       .action = StreamAction::delete_stream,
       .handler = delete_stream},
      {.words = {"stream", "purge"},
       .help = "starts giving back the space of deleted topics and of deleted and expired messages",
       .options = {path_option()},
       .action = StreamAction::purge_stream,
       .handler = purge_stream},
      {.words = {"stream", "list"},
       .help = "lists the streams of a cluster whose settings the caller may read",
       .options = {{.name = "cluster", .help = "the cluster to ask", .default_text = "the default cluster"}},
       .handler = list_streams},
      {.words = {"stream", "identity"},
       .help = "tells another cluster which stream is at a path",
       .options = {path_option()},
       .handler = stream_identity,
       .internal = true},
  };
}

}  // namespace distributary::admin
