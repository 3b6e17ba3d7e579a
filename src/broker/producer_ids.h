// ProducerIds: ids for idempotent producers, unique over all clusters and for ever, so that a producer's sequences stay
// valid when its topics move.
//
// Ids come in blocks from a stream (Stream::issue_producer_ids), because only a stream's log can promise that no other
// stream, here or elsewhere, issues the same. The default stream is asked; without one, or when it cannot write, any
// other stream that can. So a listener whose cluster has no stream at all has no ids to give: there is nothing to
// produce to either. A block that was begun is lost at a restart; 2^63 ids do not run out.
//
// Threads: the executor's.
#pragma once

#include <optional>
#include <string>

#include "broker/context.h"
#include "io/signal.h"

namespace distributary {

class ProducerIds {
 public:
  explicit ProducerIds(BrokerContext context) : context_(context), refilled_(context.world.executor) {}
  // Durable before it is given. Errors: unavailable (no stream can issue ids; retry helps once there is one),
  // cancelled.
  Task<Result<int64_t>> next(std::stop_token stop);

 private:
  Task<Status> refill();
  Task<Status> refill_from(std::string path);

  BrokerContext context_;
  int64_t next_ = 0;
  uint32_t left_ = 0;
  bool refilling_ = false;
  Signal refilled_;
};

}  // namespace distributary
