// Link: one attempt to reach the replica, and the session that comes of it.
#include "base/log.h"
#include "model/path.h"
#include "replication/endings.h"
#include "replication/link.h"

namespace distributary {

namespace {
const Logger link_attempt_logger("link");
}

Hello Link::make_hello(const OpenStream& source) const {
  Hello hello;
  std::optional<Destination> to = destination();
  hello.mode = copy_ ? LinkMode::copy : LinkMode::replicate;
  hello.connections = context_.options.connections;
  hello.session = context_.world.random.uuid();
  hello.source = source.stream->origin();
  hello.storage_epoch = source.stream->epoch();
  hello.replica = key_.replica;
  hello.source_cluster = context_.directory.local_cluster();
  hello.source_path = source.record.path;
  hello.replica_cluster = to->cluster;
  hello.replica_path = to->path;
  if (copy_) {
    hello.copy = copy_->id;
    hello.grant = copy_->grant;
  }
  return hello;
}

// Tries the gateways, beginning after the one that was tried last, until one answers.
Task<Ending> Link::attempt(StreamHandle source) {
  const std::string cluster = destination()->cluster;
  host_.clear();
  std::optional<ClusterTrust> trust = context_.directory.trust(cluster);
  if (!trust) {
    co_return Ending{LinkErrorCode::no_gateways,
                     "cluster " + cluster + " is not in the cluster map of this node: add its line"};
  }
  Result<std::vector<Address>> gateways = co_await context_.directory.gateways(cluster);
  if (!gateways) co_return Ending{LinkErrorCode::no_gateways, gateways.error().message};
  if (gateways->empty()) {
    co_return Ending{LinkErrorCode::no_gateways, "no gateway of cluster " + cluster +
                                                     " is known; run: maprcli cluster gateway set -dstcluster " +
                                                     cluster + " -gateways <host:port>"};
  }
  std::string last_error;
  for (size_t tried = 0; tried < gateways->size(); ++tried) {
    if (scope_.stopping() || !flows()) co_return stop_reason_.value_or(Ending{LinkErrorCode::paused, "paused"});
    GatewayTarget target{(*gateways)[next_gateway_++ % gateways->size()], cluster, *trust,
                         context_.directory.identity()};
    host_ = to_string(target.address);
    Ending why = co_await try_gateway(source, target);
    if (why.code != LinkErrorCode::all_gateways_unreachable) co_return why;
    last_error = why.message;
  }
  co_return Ending{LinkErrorCode::all_gateways_unreachable, "All configured gateways to cluster " + cluster +
                                                                " are unreachable (" + last_error + "); trying again"};
}

Task<Ending> Link::try_gateway(StreamHandle source, GatewayTarget target) {
  LinkOptions options = context_.options;
  std::stop_token stop = scope_.stop_token();
  Result<std::unique_ptr<FrameConnection>> connection = co_await dial(context_.world, target, options, stop);
  if (!connection) {
    bool stranger = connection.error().code == ErrorCode::unauthenticated;
    co_return Ending{stranger ? LinkErrorCode::root_not_trusted : LinkErrorCode::all_gateways_unreachable,
                     connection.error().message};
  }
  if (!flows()) co_return Ending{LinkErrorCode::paused, "paused"};
  Hello hello = make_hello(*source);
  Result<HelloAnswer> answer = co_await say_hello(context_.world, **connection, hello, options, stop);
  if (!answer) {
    Ending why = ending_of_connection(answer.error());
    if (why.code == LinkErrorCode::connection_lost) why.code = LinkErrorCode::all_gateways_unreachable;
    co_return why;
  }
  if (answer->refused) co_return *answer->refused;
  co_return co_await run_session(source, target, hello, answer->welcome, std::move(*connection));
}

Task<Ending> Link::run_session(StreamHandle source, GatewayTarget target, Hello hello, Welcome welcome,
                               std::unique_ptr<FrameConnection> connection) {
  Stream& stream = *source->stream;
  std::string replica = where();
  Agreement agreement = co_await agree(stream, key_.replica, replica, welcome.positions);
  if (!agreement.refusal && !flows()) agreement.refusal = Ending{LinkErrorCode::paused, "paused at the source"};
  if (scope_.stopping()) agreement.refusal = *stop_reason_;
  if (agreement.refusal) {
    Bytes goodbye(agreement.refusal->encode(FrameType::stopped));
    Status told = co_await connection->write(goodbye, context_.options.goodbye_limit, std::stop_token());
    (void)told;
    co_return *agreement.refusal;
  }
  accept(agreement);
  stream.set_hold(hold_name_, record_.acknowledged.next - 1);
  link_attempt_logger.info("session begins",
                           {{"stream", source->record.path}, {"replica", replica}, {"gateway", host_}});
  SourceSession::Setup setup{
      target,           hello.session, key_.replica, std::move(welcome), std::move(agreement), record_.acknowledged,
      context_.options, false};
  setup.throttle = registration_ && registration_->throttle;
  setup.window_limit = [this] { return context_.window_limit(); };
  auto on_progress = [this] { take_progress(); };
  session_ = std::make_unique<SourceSession>(context_.world, stream, std::move(setup), on_progress);
  session_mode_ = hello.mode;
  ++sessions_;
  ++context_.sessions;
  progressed_.notify_all();
  SteadyTime begun = context_.world.clock().now();
  Ending why = co_await session_->run(std::move(connection));
  take_progress();
  if (context_.world.clock().now() - begun > context_.options.backoff_max) back_off_.reset();  // it was a good one
  session_.reset();
  --context_.sessions;
  link_attempt_logger.info(
      "session ends",
      {{"stream", source->record.path}, {"replica", replica}, {"code", name(why.code)}, {"why", why.message}});
  co_return why;
}

}  // namespace distributary
