#include "wire/kafka/header.h"

namespace distributary::kafka {

Result<size_t> decode_frame_size(ByteView first_four, size_t limit) {
  Reader in(first_four);
  int32_t size = in.i32();
  TRY_STATUS(in.status("the size of a frame"));
  if (size < 0) return fail(distributary::ErrorCode::corrupt, "a frame has a negative size");
  if (static_cast<size_t>(size) > limit) {
    return fail(distributary::ErrorCode::too_large,
                "a frame of " + std::to_string(size) + " bytes exceeds the limit of " + std::to_string(limit));
  }
  return static_cast<size_t>(size);
}

Result<RequestHeader> decode_request_header(ByteView frame) {
  Reader in(frame);
  RequestHeader header;
  int16_t key = in.i16();
  header.api_version = in.i16();
  header.correlation_id = in.i32();
  TRY_STATUS(in.status("a request header"));
  header.api = find_api(key);
  if (!header.api) return fail(distributary::ErrorCode::unsupported, "no API has the key " + std::to_string(key));
  header.client_id = in.optional_view();  // never compact
  if (request_header_version(*header.api, header.api_version) == 2) {
    in.set_flexible(true);
    in.skip_tags();
  }
  TRY_STATUS(in.status("a request header"));
  header.body = in.rest();
  return header;
}

Result<ResponseHeader> decode_response_header(ByteView frame, const ApiInfo& api, int16_t version) {
  Reader in(frame);
  ResponseHeader header;
  header.correlation_id = in.i32();
  in.set_flexible(response_header_version(api, version) == 1);
  in.skip_tags();
  TRY_STATUS(in.status("a response header"));
  header.body = in.rest();
  return header;
}

void begin_request_frame(Writer& out, const RequestHeader& header) {
  out.i32(0);
  out.i16(static_cast<int16_t>(header.api->key));
  out.i16(header.api_version);
  out.i32(header.correlation_id);
  out.set_flexible(false);
  out.optional_text(header.client_id);
  out.set_flexible(request_header_version(*header.api, header.api_version) == 2);
  out.no_tags();
}

void begin_response_frame(Writer& out, const ApiInfo& api, int16_t version, int32_t correlation_id) {
  out.i32(0);
  out.i32(correlation_id);
  out.set_flexible(response_header_version(api, version) == 1);
  out.no_tags();
}

Result<std::vector<Piece>> finish_frame(Writer& out, size_t limit) {
  TRY_STATUS(out.status("a frame"));
  size_t size = out.size() - kFrameSizeBytes;
  if (size > limit) {
    return fail(distributary::ErrorCode::too_large,
                "a frame of " + std::to_string(size) + " bytes exceeds the limit of " + std::to_string(limit));
  }
  out.patch_i32(0, static_cast<int32_t>(size));
  return out.take();
}

}  // namespace distributary::kafka
