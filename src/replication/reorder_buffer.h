// ReorderBuffer: puts the frames of one session in order, whichever connection they came on. Pure bookkeeping; used by
// GatewaySession only.
#pragma once

#include <map>
#include <optional>

#include "base/error.h"
#include "replication/frame_connection.h"

namespace distributary {

class ReorderBuffer {
 public:
  // Takes frame `number`; one that was had already is dropped. too_large when frames out of order would take more than
  // `bytes_max`.
  Status offer(uint64_t number, Frame frame, uint64_t bytes_max);
  // The next frame in order, if it is here.
  std::optional<Frame> take();
  uint64_t next() const { return next_; }  // number of the frame that `take` waits for
  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t next_ = 1;
  uint64_t bytes_ = 0;
  std::map<uint64_t, Frame> frames_;
};

}  // namespace distributary
