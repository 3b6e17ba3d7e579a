#include "sim/sim_client.h"

namespace distributary::sim {

constexpr Duration kCallLimit = std::chrono::seconds(5);

Task<Result<std::vector<uint8_t>>> SimClient::read_exactly(size_t length, SteadyTime deadline) {
  std::vector<uint8_t> bytes(length);
  for (size_t have = 0; have < length;) {
    MutableBytes rest = MutableBytes(bytes).subspan(have);
    CO_TRY(size_t read, co_await connection_->read_some(rest, deadline, {}));
    if (read == 0) co_return fail(ErrorCode::closed, "the broker ended the connection");
    have += read;
  }
  co_return bytes;
}

Task<Result<Bytes>> SimClient::exchange(std::vector<Piece> frame, kafka::ApiKey key, int16_t version) {
  SteadyTime deadline = world_.clock().now() + kCallLimit;
  if (!connection_) {
    Address broker = broker_;
    CO_TRY(connection_, co_await world_.network.connect(broker, nullptr, deadline, {}));
  }
  std::vector<ByteView> pieces;
  for (const Piece& piece : frame) pieces.push_back(piece);
  CO_TRY_STATUS(co_await connection_->write(pieces, deadline, {}));
  CO_TRY(std::vector<uint8_t> size, co_await read_exactly(kafka::kFrameSizeBytes, deadline));
  CO_TRY(size_t length, kafka::decode_frame_size(size));
  CO_TRY(std::vector<uint8_t> body, co_await read_exactly(length, deadline));
  Bytes owned(std::move(body));
  CO_TRY(kafka::ResponseHeader header, kafka::decode_response_header(owned, *kafka::find_api(key), version));
  if (header.correlation_id != correlation_) co_return fail(ErrorCode::corrupt, "an answer to another request");
  size_t at = static_cast<size_t>(header.body.data() - owned.data());
  co_return owned.slice(at, header.body.size());
}

}  // namespace distributary::sim
