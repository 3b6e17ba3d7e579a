#include "api/admin/admin_service.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "api/admin/envelope.h"
#include "base/log.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

const Logger kAudit("audit");

// The cluster that must run the command: that of -path, else -cluster, else ours.
Result<std::string> cluster_of(const Command& command, const Arguments& arguments, const std::string& own) {
  const OptionSpec* path = command.option("path");
  if (path && path->type == OptionType::stream && arguments.has("path")) {
    TRY(StreamPath parsed, parse_stream_path(arguments.text("path"), own));
    return parsed.cluster;
  }
  return arguments.text("cluster", own);
}

Task<Result<Records>> run_here(AdminContext& context, const Command& command, Arguments arguments,
                               Principal principal) {
  AdminCall call{context, std::move(principal), std::move(arguments), {}};
  const OptionSpec* path = command.option("path");
  if (path && path->type == OptionType::stream && call.arguments.has("path")) {
    CO_TRY(call.path, parse_stream_path(call.arguments.text("path"), context.cluster));
  }
  if (command.action) {
    const StreamRecord* record = context.catalog.record(call.path.path);
    if (!record) co_return fail(ErrorCode::not_found, "there is no stream " + to_string(call.path));
    CO_TRY_STATUS(check_allowed(call.principal, *record, *command.action));
  }
  co_return co_await command.handler(call);
}

void audit(const Command& command, const Arguments& arguments, const std::string& user, const Result<Records>& answer) {
  std::string path = arguments.text("path", "-");
  bool refused = !answer && (answer.error().code == ErrorCode::permission_denied ||
                             answer.error().code == ErrorCode::unauthenticated);
  bool reads = command.words.back() == "info" || command.words.back() == "list" || command.internal;
  if (reads && !refused) return;
  kAudit.info("command", {{"user", user},
                          {"command", command.name()},
                          {"path", path},
                          {"outcome", answer ? "ok" : to_string(answer.error().code)}});
}

HttpResponse to_response(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.fields = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  if (status == 401) response.fields.emplace_back("WWW-Authenticate", "Basic realm=\"distributary\"");
  response.body = std::move(body);
  return response;
}

constexpr std::string_view kPrefix = "/rest/";

struct RestCall {
  std::vector<std::string> words;
  Arguments::Pairs options;
};

Result<RestCall> parse_call(const HttpRequest& request) {
  TRY(HttpTarget target, parse_target(request.target));
  RestCall call;
  if (!target.path.starts_with(kPrefix))
    return fail(ErrorCode::not_found, "there is nothing at " + quoted(target.path) + "; commands are below /rest/");
  std::string_view rest = std::string_view(target.path).substr(kPrefix.size());
  while (!rest.empty()) {
    size_t end = std::min(rest.find('/'), rest.size());
    if (end > 0) call.words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  call.options = std::move(target.parameters);
  if (find_field(request.fields, "content-type").starts_with("application/x-www-form-urlencoded")) {
    TRY(Arguments::Pairs form, parse_form(request.body));
    call.options.insert(call.options.end(), form.begin(), form.end());
  }
  return call;
}

}  // namespace

Status AdminContext::check_administrator(const Principal& principal) const {
  if (std::find(administrators.begin(), administrators.end(), principal.user) != administrators.end()) return {};
  std::string names;
  for (const std::string& name : administrators) names += (names.empty() ? "" : ", ") + name;
  return fail(ErrorCode::permission_denied, "user " + quoted(principal.user) + " is no administrator of cluster " +
                                                cluster + " (they are: " + (names.empty() ? "none" : names) + ")");
}

Task<Result<Records>> AdminContext::call(std::string cluster, std::vector<std::string> words, Arguments::Pairs options,
                                         Principal principal) {
  if (cluster != this->cluster) {
    co_return co_await remote.call(std::move(cluster), std::move(words), std::move(options), principal.user, true);
  }
  const Command* command = CommandTable::instance().find(words);
  if (!command)
    co_return fail(ErrorCode::unsupported, "there is no command " + fmt::format("{}", fmt::join(words, " ")));
  co_return co_await AdminService::run(*this, *command, std::move(options), std::move(principal), true);
}

Task<Result<Records>> AdminService::run(AdminContext& context, const Command& command, Arguments::Pairs options,
                                        Principal principal, bool forwarded) {
  CO_TRY(Arguments arguments, check_arguments(command, options));
  CO_TRY(std::string cluster, cluster_of(command, arguments, context.cluster));
  if (cluster != context.cluster) {
    if (forwarded) {
      co_return fail(ErrorCode::conflict, "this is a node of cluster " + quoted(context.cluster) + " and not of " +
                                              quoted(cluster) +
                                              "; mapr-clusters.conf of the sender names the wrong address");
    }
    Arguments::Pairs full = with_full_paths(command, arguments, context.cluster);
    std::vector<std::string> words = command.words;
    std::string name = principal.user;
    co_return co_await context.remote.call(std::move(cluster), std::move(words), std::move(full), std::move(name),
                                           true);
  }
  std::string user = principal.user;
  Arguments copy = arguments;
  auto answer = co_await run_here(context, command, std::move(arguments), std::move(principal));
  audit(command, copy, user, answer);
  co_return answer;
}

Result<Principal> AdminService::authenticate(const HttpRequest& request, const HttpPeer& peer) const {
  TRY(std::string user, basic_user(find_field(request.fields, "authorization")));
  if (peer.secure) {
    std::string root = peer.identity ? peer.identity->root_fingerprint : "";
    if (root.empty() || (root != trust_.own_root && !context_.map.find_root(root))) {
      return fail(ErrorCode::unauthenticated, "the caller's cluster is not known here (root " +
                                                  (root.empty() ? "none" : root) + "); add root= to its line in " +
                                                  context_.map.source());
    }
    if (user.empty()) return fail(ErrorCode::unauthenticated, "the request names no user");
  }
  return Principal{.user = user.empty() ? kAnonymous : user};
}

Task<HttpResponse> AdminService::serve(HttpRequest request, HttpPeer peer) {
  WallMillis now = context_.world.clock().wall_now();
  auto call = parse_call(request);
  if (!call)
    co_return to_response(call.error().code == ErrorCode::not_found ? 404 : 400,
                          to_envelope(fail(call.error()), "", now));
  if (request.method != "GET" && request.method != "POST" && request.method != "DELETE") {
    Error error{ErrorCode::unsupported, "use GET or POST, not " + quoted(request.method)};
    co_return to_response(405, to_envelope(fail(error), "", now));
  }
  auto principal = authenticate(request, peer);
  if (!principal) {
    kAudit.info("refused", {{"peer", peer.address}, {"reason", principal.error().message}});
    co_return to_response(401,
                          to_envelope(fail(principal.error()), fmt::format("{}", fmt::join(call->words, " ")), now));
  }
  const Command* command = CommandTable::instance().find(call->words);
  if (!command) {
    Error error{ErrorCode::unsupported,
                "there is no command " + quoted(fmt::format("{}", fmt::join(call->words, " ")))};
    co_return to_response(404, to_envelope(fail(error), fmt::format("{}", fmt::join(call->words, " ")), now));
  }
  bool forwarded = !find_field(request.fields, kForwardedField).empty();
  Arguments::Pairs options = std::move(call->options);
  Principal who = std::move(*principal);
  auto answer = co_await run(context_, *command, std::move(options), std::move(who), forwarded);
  co_return to_response(200, to_envelope(answer, command->name(), now));
}

}  // namespace distributary::admin
