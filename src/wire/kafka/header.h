// The headers in front of every message, and whole frames. A frame is a 32-bit size (of what follows), header and body.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/piece.h"
#include "base/error.h"
#include "wire/kafka/api_table.h"
#include "wire/kafka/limits.h"
#include "wire/kafka/message.h"

namespace distributary::kafka {

// Borrows from the frame.
struct RequestHeader {
  const ApiInfo* api = nullptr;  // never null after decoding
  int16_t api_version = 0;
  int32_t correlation_id = 0;
  std::optional<std::string_view> client_id;
  ByteView body;

  // Whether the body can be decoded. If not: answer ApiVersions with version 0 and UNSUPPORTED_VERSION; close for
  // others.
  bool version_known() const { return api->decodes(api_version); }
};

struct ResponseHeader {
  int32_t correlation_id = 0;
  ByteView body;
};

inline constexpr size_t kFrameSizeBytes = 4;

// The size that stands in the first 4 bytes; `too_large` beyond `limit`, `corrupt` if negative.
Result<size_t> decode_frame_size(ByteView first_four, size_t limit = kMaxFrameBytes);

// `frame` is without its size. `unsupported` for an unknown API. An unknown version is no error: see version_known().
Result<RequestHeader> decode_request_header(ByteView frame);
Result<ResponseHeader> decode_response_header(ByteView frame, const ApiInfo& api, int16_t version);

// Size (to be patched by finish_frame) and header.
void begin_request_frame(Writer& out, const RequestHeader& header);
void begin_response_frame(Writer& out, const ApiInfo& api, int16_t version, int32_t correlation_id);
Result<std::vector<Piece>> finish_frame(Writer& out, size_t limit);

// A whole response: for ApiVersions in an unknown version, call it with version 0.
template <class Response>
Result<std::vector<Piece>> encode_response_frame(const Response& response, int16_t version, int32_t correlation_id) {
  Writer out;
  begin_response_frame(out, *find_api(Response::kKey), version, correlation_id);
  TRY_STATUS(response.encode(out, version));
  return finish_frame(out, kMaxResponseFrameBytes);
}

// A whole request, for clients. Records are borrowed.
template <class Request>
Result<std::vector<Piece>> encode_request_frame(const Request& request, int16_t version, int32_t correlation_id,
                                                std::optional<std::string_view> client_id) {
  Writer out;
  begin_request_frame(out, {find_api(Request::kKey), version, correlation_id, client_id, {}});
  TRY_STATUS(request.encode(out, version));
  return finish_frame(out, kMaxFrameBytes);
}

}  // namespace distributary::kafka
