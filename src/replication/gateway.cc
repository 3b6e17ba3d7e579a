#include "replication/gateway.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "replication/endings.h"

namespace distributary {

namespace {
const Logger gateway_logger("gateway");
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);  // after an error in accept
}  // namespace

// Counts a connection as not accepted, until `accepted` or the end.
class Gateway::Waiting {
 public:
  explicit Waiting(Gateway& gateway) : gateway_(gateway) { ++gateway_.waiting_; }
  ~Waiting() { accepted(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  void accepted() {
    if (counted_) --gateway_.waiting_;
    counted_ = false;
  }

 private:
  Gateway& gateway_;
  bool counted_ = true;
};

Gateway::Gateway(World& world, Catalog& catalog, MetaStore& meta, ClusterDirectory& directory, GatewayOptions options)
    : world_(world),
      catalog_(catalog),
      directory_(directory),
      options_(options),
      authority_(catalog, directory),
      grants_(world, meta, options.grant_idle_limit),
      scope_(world.executor) {}

Gateway::~Gateway() = default;

Status Gateway::start(Address at) {
  TRY(listener_, world_.network.listen(std::move(at), directory_.identity()));
  scope_.spawn(accept_loop());
  scope_.spawn(watch_loop());
  gateway_logger.info("gateway listens", {{"port", listener_->port()}});
  return {};
}

uint16_t Gateway::port() const { return listener_ ? listener_->port() : 0; }

Task<void> Gateway::stop() {
  scope_.stop();
  if (listener_) listener_->close();
  for (const auto& [id, session] : sessions_) session->stop({LinkErrorCode::shutting_down, "the gateway is stopping"});
  co_await scope_.join();
}

// A session with more connections has a longer way, on which more is under way.
uint64_t Gateway::window(size_t connections) const {
  uint64_t share = options_.memory_bytes / std::max<size_t>(1, sessions_.size());
  uint64_t wanted = std::min(options_.window_bytes * std::max<size_t>(1, connections), options_.window_bytes_max);
  return std::max(options_.window_bytes_min, std::min(wanted, share));
}

Task<Result<std::string>> Gateway::issue_grant(CopyGrants::Pair pair, Duration valid) {
  co_return co_await grants_.issue(pair, valid);
}

// --- Connections.

Task<void> Gateway::accept_loop() {
  std::stop_token stop = scope_.stop_token();
  while (!scope_.stopping()) {
    Result<std::unique_ptr<Connection>> connection = co_await listener_->accept(stop);
    if (scope_.stopping()) co_return;
    if (!connection) {
      gateway_logger.warn("accept failed", {{"error", connection.error().message}});
      Status slept = co_await sleep_for(world_.executor, kAcceptPause, stop);
      (void)slept;
      continue;
    }
    if (connections_ >= options_.connections_max || waiting_ >= options_.unaccepted_max) {
      gateway_logger.warn(
          "connection dropped: too many",
          {{"peer", (*connection)->peer_address()}, {"connections", connections_}, {"waiting", waiting_}});
      (*connection)->close();
      continue;
    }
    scope_.spawn(serve(std::move(*connection)));
  }
}

Task<void> Gateway::serve(std::unique_ptr<Connection> connection) {
  ++connections_;
  {
    FrameConnection frames(std::move(connection), world_.clock());
    Waiting waiting(*this);
    FrameReadLimits limits;
    limits.bytes_max = kHelloFrameBytesMax;
    limits.silence = options_.hello_limit;
    limits.deadline = world_.clock().now() + options_.hello_limit;
    std::stop_token stop = scope_.stop_token();
    Result<Frame> first = co_await frames.read(limits, stop);
    if (!first) {
      gateway_logger.debug("no hello", {{"peer", frames.peer_address()}, {"error", first.error().message}});
    } else if (first->type == FrameType::hello) {
      co_await begin(frames, *first, waiting);
    } else if (first->type == FrameType::join) {
      co_await join(frames, *first, waiting);
    } else {
      Ending why{LinkErrorCode::protocol, "a connection must begin with hello or join"};
      co_await refuse(frames, why);
    }
    frames.close();
  }
  --connections_;
}

Task<void> Gateway::refuse(FrameConnection& connection, Ending why) {
  gateway_logger.info("refused", {{"peer", connection.peer_address()}, {"code", name(why.code)}, {"why", why.message}});
  Bytes frame(why.encode(FrameType::refused));
  Status told = co_await connection.write(frame, options_.goodbye_limit, std::stop_token());
  (void)told;
}

// --- Hello.

// Whether this hello may have a session. nullopt: yes; `granted` says whether by a copy grant.
Task<std::optional<Ending>> Gateway::admit(Hello hello, std::optional<PeerIdentity> peer, bool& granted) {
  granted = false;
  if (hello.version_oldest > kLinkVersion || hello.version_newest < kLinkVersionOldest) {
    co_return Ending{LinkErrorCode::protocol_version,
                     "this gateway speaks version " + std::to_string(kLinkVersion) +
                         " of the link protocol, the source " + std::to_string(hello.version_oldest) + " to " +
                         std::to_string(hello.version_newest) + ": upgrade the older side"};
  }
  std::optional<Ending> refusal = authority_.check(hello, peer, false);
  bool by_grant = refusal && hello.mode == LinkMode::copy && !hello.grant.empty();
  if (!by_grant) co_return refusal;
  refusal = authority_.check(hello, peer, true);
  if (refusal) co_return refusal;
  CopyGrants::Pair pair{hello.source_cluster, hello.source.stream, hello.replica};
  Status used = co_await grants_.use(hello.grant, pair, hello.copy);
  granted = used.has_value();
  if (granted) co_return std::nullopt;
  bool denied = used.error().code == ErrorCode::permission_denied;
  co_return Ending{denied ? LinkErrorCode::grant_invalid : LinkErrorCode::replica_failed, used.error().message};
}

Task<void> Gateway::begin(FrameConnection& connection, Frame frame, Waiting& waiting) {
  Result<Hello> hello = Hello::decode(frame.body());
  if (!hello) {
    Ending why{LinkErrorCode::protocol, hello.error().message};
    co_await refuse(connection, why);
    co_return;
  }
  GatewaySession::Setup setup{*hello, connection.peer_identity(), connection.peer_address(), false};
  PairKey pair{hello->replica, hello->source.stream};
  std::optional<Ending> refusal = co_await admit(*hello, setup.peer, setup.granted);
  if (!refusal && epochs_[pair.source] > hello->storage_epoch) {
    refusal = Ending{LinkErrorCode::stale_epoch, "a newer owner of the source stream has spoken (storage epoch " +
                                                     std::to_string(epochs_[pair.source]) + ", this one has " +
                                                     std::to_string(hello->storage_epoch) + ")"};
  }
  if (!refusal && sessions_.size() >= options_.sessions_max) {
    refusal =
        Ending{LinkErrorCode::too_many_sessions, "this gateway has " + std::to_string(sessions_.size()) +
                                                     " sessions, which is its limit; another gateway may have room"};
  }
  SessionPtr session;
  if (!refusal) {
    Result<SessionPtr> made = co_await make_session(setup);
    if (made) {
      session = *made;
    } else {
      refusal = ending_of(made.error(), LinkErrorCode::replica_failed);
    }
  }
  if (refusal) {
    note(pair, setup.peer_address, *refusal);
    co_await refuse(connection, *refusal);
    co_return;
  }
  co_await run_session(connection, session, waiting);
}

Task<Result<Gateway::SessionPtr>> Gateway::make_session(GatewaySession::Setup setup) {
  CO_TRY(StreamHandle replica, co_await catalog_.stream_by_uuid(setup.hello.replica));
  if (scope_.stopping()) co_return fail(ErrorCode::unavailable, "the gateway is stopping");
  if (sessions_.contains(setup.hello.session)) co_return fail(ErrorCode::conflict, "there is a session with this id");
  PairKey pair{setup.hello.replica, setup.hello.source.stream};
  uint64_t& epoch = epochs_[pair.source];
  epoch = std::max(epoch, setup.hello.storage_epoch);
  if (auto older = by_pair_.find(pair); older != by_pair_.end()) {
    older->second->stop({LinkErrorCode::superseded, "a newer session of the same stream and replica has begun"});
  }
  auto window = [this](size_t connections) { return this->window(connections); };
  auto session = std::make_shared<GatewaySession>(world_, authority_, std::move(replica), setup, options_, window);
  sessions_[setup.hello.session] = session;
  by_pair_[pair] = session;
  co_return session;
}

Task<void> Gateway::run_session(FrameConnection& connection, SessionPtr session, Waiting& waiting) {
  const Hello& hello = session->setup().hello;
  Result<Welcome> welcome = co_await session->welcome();
  if (!welcome) session->stop(ending_of(welcome.error(), LinkErrorCode::replica_failed));
  session->check_authority();  // time has passed
  if (session->ending()) {
    forget(session);
    co_await refuse(connection, *session->ending());
    co_return;
  }
  waiting.accepted();
  gateway_logger.info("session begins", {{"source", hello.source_cluster + hello.source_path},
                                         {"replica", hello.replica_path},
                                         {"peer", session->setup().peer_address}});
  Bytes frame(welcome->encode());
  std::stop_token stop = scope_.stop_token();
  Status written = co_await connection.write(frame, options_.silence_limit, stop);
  if (!written) session->stop(ending_of_connection(written.error()));
  session->start();
  co_await session->serve(connection);
  co_await session->finish();  // other connections may outlive this one
  gateway_logger.info("session ends", {{"source", hello.source_cluster + hello.source_path},
                                       {"replica", hello.replica_path},
                                       {"code", name(session->ending()->code)},
                                       {"why", session->ending()->message}});
  forget(session);
  if (!session->setup().granted || session->ending()->code != LinkErrorCode::done) co_return;
  Status finished = co_await grants_.finish(hello.grant);
  if (!finished)
    gateway_logger.warn("a used copy grant was not removed; it will lapse", {{"error", finished.error().message}});
}

Task<void> Gateway::join(FrameConnection& connection, Frame frame, Waiting& waiting) {
  Result<Join> join = Join::decode(frame.body());
  auto found = join ? sessions_.find(join->session) : sessions_.end();
  if (found == sessions_.end() || !found->second->admits(connection.peer_identity())) {
    Ending why{LinkErrorCode::session_not_found, "this gateway has no such session, or it has all its connections"};
    co_await refuse(connection, why);
    co_return;
  }
  SessionPtr session = found->second;
  if (joined_ >= options_.joined_max) {
    Ending why{LinkErrorCode::too_many_sessions,
               "this gateway has " + std::to_string(joined_) + " joined connections, which is its limit"};
    co_await refuse(connection, why);
    co_return;
  }
  waiting.accepted();
  ++joined_;
  Bytes joined(encode_joined());
  std::stop_token stop = scope_.stop_token();
  Status written = co_await connection.write(joined, options_.silence_limit, stop);
  if (written && !session->ending()) co_await session->serve(connection);
  --joined_;
}

// --- Bookkeeping.

void Gateway::forget(const SessionPtr& session) {
  const Hello& hello = session->setup().hello;
  PairKey pair{hello.replica, hello.source.stream};
  sessions_.erase(hello.session);
  if (auto found = by_pair_.find(pair); found != by_pair_.end() && found->second == session) by_pair_.erase(found);
  if (!session->ending()) return;
  if (session->ending()->code == LinkErrorCode::superseded) return;  // the newer one has the word
  note(pair, session->setup().peer_address, *session->ending());
  auto noted = notes_.find(pair);
  if (noted == notes_.end()) return;
  noted->second.last_heard = session->last_heard();
  noted->second.heartbeat = session->last_heartbeat();
}

// Only for registered pairs, so that strangers cannot fill the memory.
void Gateway::note(const PairKey& pair, const std::string& peer, const Ending& ending) {
  const StreamRecord* record = catalog_.record_by_uuid(pair.replica);
  if (record == nullptr) return;
  bool registered = std::any_of(record->upstreams.begin(), record->upstreams.end(),
                                [&](const UpstreamRegistration& upstream) { return upstream.uuid == pair.source; });
  if (!registered) return;
  Note& note = notes_[pair];
  note.peer = peer;
  note.problem.reset();
  bool trouble = ending.code >= LinkErrorCode::protocol;
  if (trouble)
    note.problem = LinkProblem{std::string(name(ending.code)), peer, ending.message, world_.clock().wall_now()};
}

Task<void> Gateway::watch_loop() {
  std::stop_token stop = scope_.stop_token();
  while (!scope_.stopping()) {
    Status waited = co_await catalog_.changed().wait(kNever, stop);
    if (!waited) co_return;
    std::vector<SessionPtr> sessions;
    for (const auto& [id, session] : sessions_) sessions.push_back(session);
    for (const SessionPtr& session : sessions) session->check_authority();
    std::erase_if(notes_,
                  [this](const auto& entry) { return catalog_.record_by_uuid(entry.first.replica) == nullptr; });
  }
}

std::vector<UpstreamStatus> Gateway::upstreams(const Uuid& replica) const {
  std::vector<UpstreamStatus> out;
  const StreamRecord* record = catalog_.record_by_uuid(replica);
  if (record == nullptr) return out;
  for (const UpstreamRegistration& registration : record->upstreams) {
    UpstreamStatus status;
    status.registration = registration;
    Heartbeat heartbeat;
    PairKey pair{replica, registration.uuid};
    if (auto live = by_pair_.find(pair); live != by_pair_.end()) {
      status.connected = live->second->connections() > 0;
      status.peer = live->second->setup().peer_address;
      status.last_heard = live->second->last_heard();
      heartbeat = live->second->last_heartbeat();
    } else if (auto noted = notes_.find(pair); noted != notes_.end()) {
      status.peer = noted->second.peer;
      status.last_heard = noted->second.last_heard;
      status.problem = noted->second.problem;
      heartbeat = noted->second.heartbeat;
    }
    status.bytes_pending = heartbeat.durable_bytes - std::min(heartbeat.acknowledged_bytes, heartbeat.durable_bytes);
    status.puts_pending =
        heartbeat.durable_records - std::min(heartbeat.acknowledged_records, heartbeat.durable_records);
    out.push_back(std::move(status));
  }
  return out;
}

}  // namespace distributary
