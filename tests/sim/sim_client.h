// A Kafka client of the simulation: one connection, one request at a time, the generated codecs from the client's side.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/world.h"
#include "wire/kafka/header.h"

namespace distributary::sim {

class SimClient {
 public:
  SimClient(World& world, Address broker) : world_(world), broker_(std::move(broker)) {}

  bool connected() const { return connection_ != nullptr; }
  void disconnect() { connection_.reset(); }

  // Connects if needed; any failure disconnects. The response owns its bytes.
  template <class Response, class Request>
  Task<Result<Response>> call(Request request, int16_t version) {
    auto frame = kafka::encode_request_frame(request, version, ++correlation_, "sim");
    if (!frame) co_return fail(frame.error());
    auto answer = co_await exchange(std::move(*frame), Request::kKey, version);
    if (!answer) {
      disconnect();
      co_return fail(answer.error());
    }
    co_return Response::decode(answer->view(), version);
  }

 private:
  Task<Result<Bytes>> exchange(std::vector<Piece> frame, kafka::ApiKey key, int16_t version);
  Task<Result<std::vector<uint8_t>>> read_exactly(size_t length, SteadyTime deadline);

  World& world_;
  Address broker_;
  std::unique_ptr<Connection> connection_;
  int32_t correlation_ = 0;
};

}  // namespace distributary::sim
