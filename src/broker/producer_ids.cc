#include "broker/producer_ids.h"

#include <vector>

namespace distributary {

Task<Status> ProducerIds::refill_from(std::string path) {
  CO_TRY(StreamHandle stream, co_await context_.directory.stream(std::move(path)));
  const uint32_t count = context_.options.producer_id_block;
  CO_TRY(Stream::IssuedProducerIds issued, stream->stream->issue_producer_ids(count));
  const SteadyTime deadline = context_.world.clock().now() + context_.options.durable_wait_max;
  CO_TRY_STATUS(co_await stream->stream->wait_acknowledged(issued.lsn, deadline));
  next_ = issued.first;
  left_ = count;
  co_return Status();
}

Task<Status> ProducerIds::refill() {
  const std::string& preferred = context_.directory.names().default_stream();
  std::vector<std::string> paths;
  if (!preferred.empty()) paths.push_back(preferred);
  for (std::string& path : context_.directory.catalog().paths()) {
    if (path != preferred) paths.push_back(std::move(path));
  }
  Status last =
      fail(ErrorCode::unavailable, "there is no stream yet that could issue producer ids; create one (stream create)");
  for (const std::string& path : paths) {
    std::string copy = path;
    last = co_await refill_from(std::move(copy));
    if (last) co_return last;
  }
  co_return fail(ErrorCode::unavailable, last.error().message);
}

Task<Result<int64_t>> ProducerIds::next(std::stop_token stop) {
  while (left_ == 0) {
    if (refilling_) {
      CO_TRY_STATUS(co_await refilled_.wait(kNever, stop));
      continue;
    }
    refilling_ = true;
    Status filled = co_await refill();
    refilling_ = false;
    refilled_.notify_all();
    if (!filled) co_return fail(filled.error());
  }
  --left_;
  co_return next_++;
}

}  // namespace distributary
