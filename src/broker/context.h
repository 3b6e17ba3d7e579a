// What every part of the broker works with. Ownership: made by Broker, outlives its parts.
#pragma once

#include <stop_token>

#include "broker/options.h"
#include "broker/topic_directory.h"
#include "io/world.h"

namespace distributary {

struct BrokerContext {
  World& world;
  const BrokerOptions& options;
  TopicDirectory& directory;
};

// Positions to wait for before an answer is given: the highest one per stream.
class DurableWait {
 public:
  void add(const StreamHandle& stream, Lsn lsn);
  // All that is in the stream's state now: for answers built from it.
  void add_all(const StreamHandle& stream) { add(stream, stream->stream->last_lsn()); }
  bool empty() const { return positions_.empty(); }
  // Waits for all of them. The first failure is returned, and `failed` then says which streams it concerns.
  Task<Status> wait(SteadyTime deadline, std::stop_token stop);
  // After a failed wait: the error of this stream, or null.
  const Error* failed(const OpenStream* stream) const;

 private:
  struct Position {
    StreamHandle stream;
    Lsn lsn = 0;
    Status outcome;
  };
  std::vector<Position> positions_;
};

}  // namespace distributary
