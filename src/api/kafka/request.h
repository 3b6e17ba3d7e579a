// What a handler gets and gives: one request of one connection, and its answer as a whole frame.
//
// A handler is `Task<Result<KafkaAnswer>> handle_x(const KafkaRequest& request)`, one file per API, with one row in
// api_registry.cc. An error means that the request was malformed: the connection is closed. Everything a client may be
// told is in the answer.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "api/kafka/listener_options.h"
#include "broker/broker.h"
#include "wire/kafka/header.h"
#include "wire/kafka/message.h"

namespace distributary {

struct KafkaService {
  Broker& broker;
  const KafkaListenerOptions& options;
};

struct KafkaRequest {
  KafkaService& service;
  kafka::RequestHeader header;  // borrows from `frame`
  Bytes frame;
  const Caller& caller;  // with this API's action; the connection's
  std::stop_token stop;  // the listener stops
  std::stop_token gone;  // that, or the client has gone: for requests that wait
  bool sends_files;      // the answer may have pieces of files

  int16_t version() const { return header.api_version; }
  Broker& broker() const { return service.broker; }
};

using KafkaFrame = std::vector<Piece>;  // the pieces of one answer, size and header included

struct KafkaAnswer {
  KafkaFrame frame;  // empty: nothing is sent
  std::optional<Task<Result<KafkaFrame>>>
      later;                // instead: the answer comes when this has run; meanwhile the next request may begin
  ByteBudget::Share share;  // of the bytes of `frame`, until they are written
  std::chrono::milliseconds throttle{};  // the connection begins nothing for so long
  bool unanswered = false;               // `later` is to be run, but what it gives is not sent
  bool close = false;                    // the connection ends
};

using KafkaHandler = Task<Result<KafkaAnswer>> (*)(const KafkaRequest& request);

template <class Message>
Result<Message> decode_request(const KafkaRequest& request) {
  return kafka::decode_leading<Message>(request.header.body, request.header.api_version);
}

template <class Message>
Result<KafkaAnswer> encode_answer(const KafkaRequest& request, const Message& message) {
  KafkaAnswer answer;
  TRY(answer.frame, kafka::encode_response_frame(message, request.header.api_version, request.header.correlation_id));
  return answer;
}

// The broker's errors have the protocol's numbers.
inline kafka::ErrorCode to_wire(KafkaError error) { return static_cast<kafka::ErrorCode>(error); }
inline kafka::ErrorCode to_wire(const Fault& fault) { return to_wire(fault.error); }
inline std::optional<std::string> message_of(const Fault& fault) {
  return fault.message.empty() ? std::nullopt : std::optional<std::string>(fault.message);
}

}  // namespace distributary
