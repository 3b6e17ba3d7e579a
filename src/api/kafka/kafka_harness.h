// A listener over a broker in a simulated world, and clients that speak to it through the simulated network, for tests.
#pragma once

#include <set>

#include "api/kafka/kafka_listener.h"
#include "broker/broker_harness.h"
#include "wire/kafka/api_table.h"

namespace distributary {

// The APIs and versions whose answers were received, by any test of this program.
inline std::set<std::pair<kafka::ApiKey, int16_t>>& tested_answers() {
  static std::set<std::pair<kafka::ApiKey, int16_t>> answers;
  return answers;
}

// One client connection. What it does runs the simulation.
class KafkaTestClient {
 public:
  KafkaTestClient(SimWorld& sim, World& world, uint16_t port) : sim_(sim) {
    Task<Result<std::unique_ptr<Connection>>> connecting = world.network.connect({"node", port}, nullptr, kNever, {});
    connection_ = must(sim_.executor().run(std::move(connecting)));
  }

  void send_bytes(ByteView bytes) {
    std::vector<ByteView> pieces{bytes};
    (void)sim_.executor().run(connection_->write(pieces, kNever, {}));
  }
  template <class Request>
  void send(const Request& request, int16_t version) {
    std::vector<Piece> frame = must(kafka::encode_request_frame(request, version, ++sent_, "tester"));
    std::vector<ByteView> pieces(frame.begin(), frame.end());
    must(sim_.executor().run(connection_->write(pieces, kNever, {})));
  }
  // The next answer, which must be that of the next request. Decoded strictly, and the same bytes when encoded again.
  template <class Response>
  Response receive(int16_t version) {
    Bytes frame = read_frame();
    if (frame.empty()) {
      ADD_FAILURE() << Response::kName << " version " << version << ": the connection was closed";
      return {};
    }
    const kafka::ApiInfo& api = *kafka::find_api(Response::kKey);
    kafka::ResponseHeader header = must(kafka::decode_response_header(frame, api, version));
    EXPECT_EQ(header.correlation_id, ++received_);
    Result<Response> response = Response::decode(header.body, version);
    EXPECT_TRUE(response) << Response::kName << " version " << version << ": "
                          << (response ? "" : response.error().message);
    if (!response) return {};
    tested_answers().insert({Response::kKey, version});
    EXPECT_EQ(encode(*response, version, header.correlation_id),
              std::vector<uint8_t>(frame.view().begin(), frame.view().end()))
        << Response::kName << " version " << version;
    return std::move(*response);
  }
  template <class Response, class Request>
  Response call(const Request& request, int16_t version) {
    send(request, version);
    return receive<Response>(version);
  }
  // Empty: closed by the other side.
  Bytes read_frame() {
    while (true) {
      if (buffer_.size() >= 4) {
        const size_t size = load_be<uint32_t>(buffer_.data());
        if (buffer_.size() >= 4 + size) {
          Bytes frame = Bytes::copy(ByteView(buffer_).subspan(4, size));
          buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(4 + size));
          return frame;
        }
      }
      if (!read_more()) return {};
    }
  }
  bool closed() {
    while (buffer_.empty()) {
      if (!read_more()) return true;
    }
    return false;
  }
  // Whether an answer is here within `span`.
  bool answered_within(Duration span) {
    std::vector<uint8_t> piece(64 << 10);
    Result<size_t> got = sim_.executor().run(connection_->read_some(piece, sim_.executor().now() + span, {}));
    if (got) buffer_.insert(buffer_.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(*got));
    return got && *got > 0;
  }
  void hang_up() { connection_->close(); }

 private:
  template <class Response>
  static std::vector<uint8_t> encode(const Response& response, int16_t version, int32_t correlation_id) {
    std::vector<uint8_t> out = join_pieces(must(kafka::encode_response_frame(response, version, correlation_id)));
    out.erase(out.begin(), out.begin() + 4);
    return out;
  }
  bool read_more() {
    std::vector<uint8_t> piece(64 << 10);
    Result<size_t> got = sim_.executor().run(connection_->read_some(piece, kNever, {}));
    if (!got || *got == 0) return false;
    buffer_.insert(buffer_.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(*got));
    return true;
  }

  SimWorld& sim_;
  std::unique_ptr<Connection> connection_;
  std::vector<uint8_t> buffer_;
  int32_t sent_ = 0;
  int32_t received_ = 0;
};

// Every version of a request that is decoded, the oldest first.
template <class Request>
std::vector<int16_t> versions_of() {
  const kafka::ApiInfo& api = *kafka::find_api(Request::kKey);
  std::vector<int16_t> versions;
  for (int16_t version = api.oldest_decodable; version <= api.max_version; ++version) versions.push_back(version);
  EXPECT_FALSE(versions.empty());
  return versions;
}

class KafkaHarness : public BrokerHarness {
 public:
  explicit KafkaHarness(KafkaListenerOptions options = {}) {
    options.advertised.host = "broker.example";
    options.cluster_id = "cluster-of-tests";
    listener = std::make_unique<KafkaListener>(*broker, options);
    must(listener->listen({"node", 0}, nullptr));
  }
  ~KafkaHarness() {
    if (listener) run(listener->stop());
  }
  KafkaTestClient connect() { return KafkaTestClient(sim, *client_world, listener->port()); }

  std::unique_ptr<KafkaListener> listener;
};

}  // namespace distributary
