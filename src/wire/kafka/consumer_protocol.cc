#include "wire/kafka/consumer_protocol.h"

#include <algorithm>

#include "wire/kafka/message.h"

namespace distributary::kafka {

namespace {

template <class Message>
Result<Message> decode_blob(ByteView blob) {
  Reader in(blob);
  int16_t version = in.i16();
  if (version < 0) in.fail("has a negative version");
  Result<Message> message = Message();
  message->read(in, std::min(version, Message::kMaxVersion));
  TRY_STATUS(in.status(Message::kName));
  return message;
}

template <class Message>
Result<Bytes> encode_blob(const Message& message, int16_t version) {
  Writer out;
  out.i16(version);
  TRY_STATUS(message.encode(out, version));
  return Bytes(join_pieces(out.take()));
}

}  // namespace

Result<ConsumerProtocolSubscription> decode_subscription(ByteView blob) {
  return decode_blob<ConsumerProtocolSubscription>(blob);
}
Result<ConsumerProtocolAssignment> decode_assignment(ByteView blob) {
  return decode_blob<ConsumerProtocolAssignment>(blob);
}
Result<Bytes> encode_subscription(const ConsumerProtocolSubscription& subscription, int16_t version) {
  return encode_blob(subscription, version);
}
Result<Bytes> encode_assignment(const ConsumerProtocolAssignment& assignment, int16_t version) {
  return encode_blob(assignment, version);
}

}  // namespace distributary::kafka
