// What every generated message (wire/kafka/produce.h and so on) is built on, and how they are used:
//
//   TRY(FetchRequest request, FetchRequest::decode(header.body, header.api_version));
//   Writer out;
//   TRY_STATUS(response.encode(out, version));
//
// Fields that a version does not have keep their default when decoding and are left out when encoding, so handlers do
// not ask for versions. A null where an older version forbids it is encoded as empty. Decoding is strict: what is
// truncated, has bytes left over, or is null where it must not be is `corrupt`; passing a limit is `too_large`; a
// version outside kMinVersion..kMaxVersion is `unsupported`. A server reads requests by decode_leading, as Kafka does.
//
// Who owns what:
//  - Requests of Produce and Fetch borrow: their std::string_view and ByteView fields point into the frame, which must
//    outlive the message. To encode one, records are borrowed too, until the pieces have been written.
//  - Everything else owns its content. Records of a response are shared pieces (std::vector<Piece>), passed to the
//    socket untouched; decode(const Bytes&) shares the frame, decode(ByteView) copies.
// Differing from Kafka's own defaults, every error_message is null unless set.
#pragma once

#include <utility>

#include "base/error.h"
#include "wire/kafka/reader.h"
#include "wire/kafka/writer.h"

namespace distributary::kafka {

inline Status check_version(std::string_view name, int16_t version, int16_t low, int16_t high) {
  if (version >= low && version <= high) return {};
  return fail(distributary::ErrorCode::unsupported, std::string(name) + " has no version " + std::to_string(version));
}

enum class Leftover : uint8_t { refused, ignored };

template <class Message>
Result<Message> decode_message(Reader in, int16_t version, Leftover leftover = Leftover::refused) {
  TRY_STATUS(check_version(Message::kName, version, Message::kMinVersion, Message::kMaxVersion));
  in.set_flexible(version >= Message::kFlexibleFrom);
  Result<Message> message = Message();
  message->read(in, version);
  if (in.ok() && in.remaining() > 0 && leftover == Leftover::refused) in.fail("has bytes left over");
  TRY_STATUS(in.status(Message::kName));
  return message;
}

// Ignores what comes after the message: librdkafka 2.16 leaves three bytes behind some of its Metadata requests.
template <class Message>
Result<Message> decode_leading(ByteView body, int16_t version) {
  return decode_message<Message>(Reader(body, kRequestLimits), version, Leftover::ignored);
}

template <class Message>
Status encode_message(const Message& message, Writer& out, int16_t version) {
  TRY_STATUS(check_version(Message::kName, version, Message::kMinVersion, Message::kMaxVersion));
  out.set_flexible(version >= Message::kFlexibleFrom);
  message.write(out, version);
  return out.status(Message::kName);
}

}  // namespace distributary::kafka
