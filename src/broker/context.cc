#include "broker/context.h"

#include <algorithm>

namespace distributary {

void DurableWait::add(const StreamHandle& stream, Lsn lsn) {
  if (lsn == 0) return;
  for (Position& position : positions_) {
    if (position.stream != stream) continue;
    position.lsn = std::max(position.lsn, lsn);
    return;
  }
  positions_.push_back({stream, lsn, {}});
}

Task<Status> DurableWait::wait(SteadyTime deadline, std::stop_token stop) {
  Status first;
  for (Position& position : positions_) {
    position.outcome = co_await position.stream->stream->wait_acknowledged(position.lsn, deadline, stop);
    if (!position.outcome && first) first = position.outcome;
  }
  co_return first;
}

const Error* DurableWait::failed(const OpenStream* stream) const {
  for (const Position& position : positions_) {
    if (position.stream.get() == stream && !position.outcome) return &position.outcome.error();
  }
  return nullptr;
}

}  // namespace distributary
