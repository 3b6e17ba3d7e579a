#include "replication/dial.h"

namespace distributary {

namespace {

// Sends `request` and gives the one frame that answers it.
Task<Result<Frame>> ask(World& world, FrameConnection& connection, Bytes request, LinkOptions options,
                        std::stop_token stop) {
  CO_TRY_STATUS(co_await connection.write(std::move(request), options.silence_limit, stop));
  FrameReadLimits limits;
  limits.bytes_max = kPositionsFrameBytesMax;
  limits.deadline = world.clock().now() + options.hello_limit;
  limits.silence = options.hello_limit;
  co_return co_await connection.read(limits, stop);
}

Error unexpected(FrameType type) {
  return Error{ErrorCode::corrupt, "the gateway answered with a frame of type " + std::string(to_string(type))};
}

Status check_identity(const GatewayTarget& target, const FrameConnection& connection) {
  if (!target.trust.secure) return {};
  const std::optional<PeerIdentity>& peer = connection.peer_identity();
  if (peer && !target.trust.root_fingerprint.empty() && peer->root_fingerprint == target.trust.root_fingerprint)
    return {};
  std::string shown = peer ? peer->root_fingerprint : "none";
  std::string expected = target.trust.root_fingerprint.empty() ? "none is set" : target.trust.root_fingerprint;
  return fail(ErrorCode::unauthenticated,
              "the gateway at " + to_string(target.address) + " is not a node of cluster " + target.cluster +
                  ": its root certificate is " + shown + ", the cluster map expects " + expected +
                  ". If that cluster was made anew, correct root= in its line of the cluster map");
}

}  // namespace

Task<Result<std::unique_ptr<FrameConnection>>> dial(World& world, GatewayTarget target, LinkOptions options,
                                                    std::stop_token stop) {
  const TlsIdentity* identity = target.trust.secure ? target.identity : nullptr;
  if (target.trust.secure && identity == nullptr) {
    co_return fail(ErrorCode::unauthenticated,
                   "cluster " + target.cluster +
                       " is secure and this one is not: run `distributary init` with security here, or set "
                       "secure=false in its line of the cluster map if it is not");
  }
  SteadyTime deadline = world.clock().now() + options.connect_limit;
  Address address = target.address;
  CO_TRY(std::unique_ptr<Connection> connection, co_await world.network.connect(address, identity, deadline, stop));
  auto frames = std::make_unique<FrameConnection>(std::move(connection), world.clock());
  CO_TRY_STATUS(check_identity(target, *frames));
  co_return std::move(frames);
}

Task<Result<HelloAnswer>> say_hello(World& world, FrameConnection& connection, Hello hello, LinkOptions options,
                                    std::stop_token stop) {
  Bytes request(hello.encode());
  CO_TRY(Frame answer, co_await ask(world, connection, request, options, stop));
  HelloAnswer out;
  if (answer.type == FrameType::refused) {
    CO_TRY(out.refused, Ending::decode(answer.body()));
    co_return out;
  }
  if (answer.type != FrameType::welcome) co_return fail(unexpected(answer.type));
  CO_TRY(out.welcome, Welcome::decode(answer.body()));
  if (out.welcome.version < hello.version_oldest || out.welcome.version > hello.version_newest) {
    co_return fail(ErrorCode::unsupported, "the gateway chose version " + std::to_string(out.welcome.version) +
                                               " of the link protocol, which was not offered");
  }
  co_return out;
}

Task<Result<std::optional<Ending>>> say_join(World& world, FrameConnection& connection, Join join, LinkOptions options,
                                             std::stop_token stop) {
  Bytes request(join.encode());
  CO_TRY(Frame answer, co_await ask(world, connection, request, options, stop));
  std::optional<Ending> refused;
  if (answer.type == FrameType::refused) {
    CO_TRY(refused, Ending::decode(answer.body()));
    co_return refused;
  }
  if (answer.type != FrameType::joined) co_return fail(unexpected(answer.type));
  CO_TRY_STATUS(decode_joined(answer.body()));
  co_return refused;
}

}  // namespace distributary
