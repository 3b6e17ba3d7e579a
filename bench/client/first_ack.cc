// first-ack: starts a server and measures until it listens, and until it acknowledges a record to partition 0 of a
// topic that is there. Bare requests on one connection, for a client library has delays of its own.
#include <fmt/core.h>
#include <unistd.h>

#include "client/client.h"
#include "common/child.h"
#include "common/clock.h"
#include "model/record_batch_builder.h"
#include "wire/kafka/header.h"
#include "wire/kafka/produce.h"

namespace distributary::bench {
namespace {

constexpr int16_t kVersion = 7;
constexpr size_t kMostBytes = 1 << 20;
constexpr int64_t kBetweenTries = 200'000;

// Thrown for a connection that a server closed while it was starting.
template <class T>
T must(Result<T> result) {
  if (!result) throw Failure(result.error().message);
  return std::move(*result);
}

std::vector<uint8_t> request_of(const std::string& topic) {
  std::vector<uint8_t> batch = RecordBatchBuilder().add({.value = "first", .timestamp = 1'700'000'000'000}).build();
  kafka::ProduceRequest request;
  request.acks = -1;
  request.timeout_ms = 30'000;
  request.topic_data.push_back({.name = topic, .partition_data = {{.index = 0, .records = ByteView(batch)}}});
  return join_pieces(must(kafka::encode_request_frame(request, kVersion, 1, "bench")));
}

int16_t answer_of(int socket) {
  std::array<uint8_t, kafka::kFrameSizeBytes> size{};
  receive_all(socket, size.data(), size.size());
  std::vector<uint8_t> frame(must(kafka::decode_frame_size(size, kMostBytes)));
  receive_all(socket, frame.data(), frame.size());
  kafka::ResponseHeader header =
      must(kafka::decode_response_header(frame, *kafka::find_api(kafka::ProduceRequest::kKey), kVersion));
  kafka::ProduceResponse response = must(kafka::ProduceResponse::decode(header.body, kVersion));
  return static_cast<int16_t>(response.responses.at(0).partition_responses.at(0).error_code);
}

}  // namespace

void first_acknowledgement(const Arguments& arguments) {
  std::vector<uint8_t> request = request_of(arguments.text("topic"));
  double patience = arguments.real("patience", 120);
  Child server(arguments.text("command"), arguments.text("log"));
  int64_t listening = 0;
  int socket = -1;
  while (true) {
    if (socket < 0) socket = server.connect(static_cast<uint16_t>(arguments.number("port")), patience);
    if (listening == 0) listening = now_ns();
    int16_t answer = 0;
    try {
      send_all(socket, request.data(), request.size());
      answer = answer_of(socket);
      if (answer == 0) break;
    } catch (const Failure&) {
      ::close(socket);
      socket = -1;
    }
    if (seconds_of(now_ns() - server.started()) > patience)
      throw Failure(fmt::format("no acknowledgement within {} s; the last answer was error {}", patience, answer));
    sleep_until_ns(now_ns() + kBetweenTries);
  }
  int64_t acknowledged = now_ns();
  ::close(socket);
  fmt::print(R"({{"listening": {:.6f}, "acknowledged": {:.6f}}})"
             "\n",
             seconds_of(listening - server.started()), seconds_of(acknowledged - server.started()));
}

}  // namespace distributary::bench
