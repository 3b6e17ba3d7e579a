// The messages of the link protocol as values (docs/formats/link-protocol.md), but for entries (entries_frame.h).
// `encode` gives a whole frame, `decode` takes a checked frame's body. Pure: any thread.
//
// Errors of decode: corrupt (short, left-over or contradicting bytes), too_large (a named limit), unsupported.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/time.h"
#include "model/ids.h"
#include "wire/link/frame.h"
#include "wire/link/link_error.h"

namespace distributary {

enum class LinkMode : uint8_t { replicate = 1, copy = 2 };

// What a stream holds of one origin: everything up to `lsn`, after which the chain hash is `chain`.
struct HeldPosition {
  Origin origin;
  OriginLsn lsn = 0;
  Hash128 chain;
  bool operator==(const HeldPosition&) const = default;
};

struct Hello {
  uint16_t version_oldest = kLinkVersionOldest;
  uint16_t version_newest = kLinkVersion;
  LinkMode mode = LinkMode::replicate;
  uint16_t connections = 1;
  Uuid session;
  Origin source;
  uint32_t lane = 0;
  uint64_t storage_epoch = 0;
  Uuid replica;
  Uuid copy;  // id of the copy job; nil: none
  std::string source_cluster;
  std::string source_path;
  std::string replica_cluster;
  std::string replica_path;
  std::string grant;

  std::vector<uint8_t> encode() const;
  static Result<Hello> decode(ByteView body);
  bool operator==(const Hello&) const = default;
};

struct Join {
  Uuid session;
  uint16_t index = 1;

  std::vector<uint8_t> encode() const;
  static Result<Join> decode(ByteView body);
  bool operator==(const Join&) const = default;
};

struct Welcome {
  uint16_t version = kLinkVersion;
  uint64_t window = 0;           // bytes of entries frames that may be under way
  uint32_t frame_bytes_max = 0;  // longest entries frame with more than one entry
  std::vector<HeldPosition> positions;

  std::vector<uint8_t> encode() const;
  static Result<Welcome> decode(ByteView body);
  bool operator==(const Welcome&) const = default;
};

struct Acknowledged {
  uint64_t next_frame = 1;
  uint64_t window = 0;
  std::vector<HeldPosition> positions;

  std::vector<uint8_t> encode() const;
  static Result<Acknowledged> decode(ByteView body);
  bool operator==(const Acknowledged&) const = default;
};

struct Heartbeat {
  uint64_t durable_bytes = 0;  // of the source's history
  uint64_t durable_records = 0;
  uint64_t acknowledged_bytes = 0;
  uint64_t acknowledged_records = 0;
  WallMillis now = 0;

  std::vector<uint8_t> encode() const;
  static Result<Heartbeat> decode(ByteView body);
  bool operator==(const Heartbeat&) const = default;
};

// Refused and stopped.
struct Ending {
  LinkErrorCode code = LinkErrorCode::protocol;
  std::string message;

  // `type` is refused or stopped. A message that is too long is cut.
  std::vector<uint8_t> encode(FrameType type) const;
  static Result<Ending> decode(ByteView body);
  bool operator==(const Ending&) const = default;
};

std::vector<uint8_t> encode_joined();
Status decode_joined(ByteView body);

}  // namespace distributary
