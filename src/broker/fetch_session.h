// FetchSession: the partitions that a consumer follows, in the order in which it is their turn, and what it was told of
// each (KIP-227). A request without a session works on one that lives as long as the request.
//
// A partition is either in the queue (there may be something for the consumer) or followed (it will come into the queue
// when it changes). So a request looks at what has changed and at nothing else. What gave records goes to the end of
// the queue: no partition starves.
//
// Threads: the executor's. Ownership: FetchSessions and the request that runs on it share it, because a session may be
// dropped while a request waits on it.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "broker/fetch_request.h"
#include "broker/partition_watch.h"
#include "io/signal.h"

namespace distributary {

// Nothing can be fetched from a stream that was deleted or has failed; nullopt: it is whole.
std::optional<Fault> stream_fault(const OpenStream& stream);

class FetchSession final : public PartitionWatch::Follower {
 public:
  struct Topic;
  struct Partition final : PartitionWatch::Interest {
    Partition(FetchSession& session, Topic& of) : Interest(session), topic(of) {}
    Topic& topic;
    FetchRequest::Partition asked;
    Offset told_high_watermark = -1;
    Offset told_log_start = -1;
    bool queued = false;
    void* reading = nullptr;  // of the request that runs: Fetcher's
    size_t place = 0;         // in topic.partitions

   private:
    friend class FetchSession;
    Partition* next_ = nullptr;
    Partition* previous_ = nullptr;
  };
  struct Topic {
    std::string name;  // empty: by id
    TopicUuid id;
    StreamHandle stream;  // null: not found, and `fault` says why
    TopicUuid found;      // in `stream`
    uint32_t ordinal = 0;
    Fault fault;
    bool pending = false;
    size_t place = 0;  // in topics()
    std::vector<std::unique_ptr<Partition>> partitions;
    boost::unordered_flat_map<int32_t, Partition*> by_index;
    TopicReference reference() const { return {name, id}; }
  };

  FetchSession(Executor& executor, const FetchRequest& request, const Caller& caller);
  ~FetchSession();
  FetchSession(const FetchSession&) = delete;
  FetchSession& operator=(const FetchSession&) = delete;

  int32_t id = 0;          // 0: not kept
  int32_t next_epoch = 1;  // that the next request must have
  const std::string user;  // whose it is
  const bool by_topic_id;

  // Adds, changes and forgets partitions as the request says.
  void change(const FetchRequest& request);
  size_t size() const { return size_; }
  const std::vector<std::unique_ptr<Topic>>& topics() const { return topics_; }

  // Topics whose stream is to be found; all are given out, and come again with `set_pending`.
  std::vector<Topic*> take_pending() { return std::exchange(pending_, {}); }
  void set_pending(Topic& topic, Fault fault);
  void set_found(Topic& topic, const FoundTopic& found);
  // Streams in which topics were found; a copy, for `lose` changes it.
  std::vector<StreamHandle> streams() const;
  // Every topic in it is pending, with this fault for by-name and by-id requests alike.
  void lose(const StreamHandle& stream, const Fault& fault);
  // From now on streams that fail or go are let go at once, also between requests.
  void watch_streams(PartitionWatch& watch);

  // The queue.
  Partition* first() const { return head_; }
  static Partition* next(const Partition& partition) { return partition.next_; }
  void enqueue(Partition& partition);  // at the end; one that is in it stays where it is
  void dequeue(Partition& partition);

  // Something came into the queue since the last `take_touched`.
  bool take_touched() { return std::exchange(touched_, false); }
  bool touched() const { return touched_; }
  Signal& woken() { return woken_; }

  // One request at a time; the one before is asked to end. Errors: cancelled.
  Task<Status> begin(std::stop_source running, std::stop_token stop);
  void end();

 private:
  struct UsedStream final : PartitionWatch::Follower {
    UsedStream(FetchSession& session_in, StreamHandle stream_in)
        : session(session_in), stream(std::move(stream_in)), interest(*this) {}
    void changed(PartitionWatch::Interest&) override {}
    void lost(PartitionWatch::Interest&) override { session.lost(StreamHandle(stream)); }
    FetchSession& session;
    StreamHandle stream;
    size_t topics = 0;
    PartitionWatch::Interest interest;
  };
  void changed(PartitionWatch::Interest& interest) override;
  void lost(PartitionWatch::Interest& interest) override;
  void lost(StreamHandle stream);
  void release(Topic& topic);
  void remove(Topic& topic);
  Topic* find(const TopicReference& reference);
  Topic& find_or_add(const TopicReference& reference);
  void forget(Topic& topic, int32_t partition);
  void wake();

  std::vector<std::unique_ptr<Topic>> topics_;
  boost::unordered_flat_map<std::string, Topic*> by_name_;
  boost::unordered_flat_map<TopicUuid, Topic*, UuidHash> by_id_;
  std::vector<Topic*> pending_;
  std::vector<std::unique_ptr<UsedStream>> streams_;
  size_t size_ = 0;
  Partition* head_ = nullptr;
  Partition* tail_ = nullptr;
  bool touched_ = false;
  bool busy_ = false;
  std::stop_source running_;
  Signal woken_;
  Signal idle_;
};

}  // namespace distributary
