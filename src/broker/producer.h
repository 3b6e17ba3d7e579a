// Producer: takes record batches of clients into streams. In two steps, so that a connection can go on reading while
// the disk works:
//   1. `append` checks and appends every partition of a request, in the order of requests: offsets and sequences follow
//   the order of arrival.
//   2. `finish` waits until they are acknowledged as the streams' durability says, and gives the answers. Many requests
//   share one sync.
//
// Bytes appended and not yet acknowledged are bounded over all connections: `append` waits while there are too many,
// which stops the reading of that connection. A request with acks=0 goes through `finish` too, so that it counts; its
// answer is dropped.
//
// Threads: the executor's. Records borrow from the request, until `append` has returned.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "broker/byte_budget.h"
#include "broker/transactions.h"
#include "model/compression.h"
#include "model/topic_settings.h"

namespace distributary {

struct ProduceRequest {
  struct Partition {
    int32_t partition = 0;
    std::optional<ByteView> records;  // exactly one batch
  };
  struct Topic {
    TopicReference topic;
    std::vector<Partition> partitions;
  };
  std::vector<Topic> topics;
  int16_t acks = -1;
  int32_t timeout_ms = 30'000;
  bool zstd_allowed = true;
  std::optional<std::string_view> transactional_id;  // of its transactional batches
  bool adds_partitions = false;                      // to the transaction, by producing to them
};

struct ProducedPartition {
  int32_t partition = 0;
  Fault fault;
  std::vector<int32_t> keyless;  // places of the records that are at fault, if only some are
  Offset base_offset = -1;
  WallMillis log_append_time = -1;
  Offset log_start = -1;
};

// One of these per topic of the request, in its order; partitions likewise.
struct ProducedTopic {
  StreamHandle stream;
  std::vector<ProducedPartition> partitions;
};

struct PendingProduce {
  std::vector<ProducedTopic> topics;
  DurableWait wait;
  SteadyTime deadline;
  ByteBudget::Share bytes;
};

class Producer {
 public:
  Producer(BrokerContext context, Transactions& transactions);

  // `request` outlives the call. Error: cancelled.
  Task<Result<PendingProduce>> append(const ProduceRequest& request, const Caller& caller, std::stop_token stop);
  Task<std::vector<ProducedTopic>> finish(PendingProduce pending, std::stop_token stop);
  size_t bytes_in_flight() const { return bytes_.used(); }

 private:
  Task<FoundTopic> find_topic(TopicLookup& lookup, const ProduceRequest::Topic& topic, ProduceTransaction* transaction,
                              std::stop_token stop);
  void append_partition(const FoundTopic& found, const ProduceRequest& request,
                        const ProduceRequest::Partition& partition, const ProduceTransaction* transaction,
                        PendingProduce& pending, ProducedPartition& out);
  Fault admit(const FoundTopic& found, const TopicPartition& place, ByteView records,
              const ProduceTransaction* transaction);
  Fault check_batch(const ProduceRequest& request, const ProduceRequest::Partition& partition,
                    const EffectiveTopicSettings& topic, std::vector<int32_t>& keyless);

  BrokerContext context_;
  Transactions& transactions_;
  ByteBudget bytes_;
  Decompressor decompressor_;
};

}  // namespace distributary
