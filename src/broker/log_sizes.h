// LogSizes: how many bytes of the log the kept records of partitions take.
//
// Threads: the executor's. Names borrow from the request, which outlives the call.
#pragma once

#include <string>
#include <vector>

#include "broker/context.h"

namespace distributary {

struct SizeQuery {
  TopicReference topic;
  std::vector<int32_t> partitions;
};

struct TopicSizes {
  struct Partition {
    int32_t index = 0;
    uint64_t bytes = 0;
  };
  Fault fault;       // the index could not be read: what follows is incomplete
  std::string name;  // as the client wrote it; in lists of all topics the display name
  std::vector<Partition> partitions;
};

class LogSizes {
 public:
  explicit LogSizes(BrokerContext context) : context_(context) {}
  // Topics and partitions that are not there, or that the caller may not see, are left out. `queries` outlives the
  // call.
  Task<std::vector<TopicSizes>> find(const std::vector<SizeQuery>& queries, const Caller& caller);
  Task<std::vector<TopicSizes>> all(const Caller& caller, std::stop_token stop);

 private:
  Task<void> measure(StreamHandle stream, TopicUuid topic, std::vector<int32_t> partitions, TopicSizes& out);
  BrokerContext context_;
  uint64_t measured_ = 0;  // partitions
};

}  // namespace distributary
