// PartitionWatch: tells those who follow partitions (waiting fetches, fetch sessions) which of them have changed. Each
// is told of a change once and follows anew when it has looked: so following ten thousand quiet partitions costs
// nothing when others are written, and following a busy one without ever looking costs one call.
//
// Threads: the executor's. Ownership: one per broker; followers let go of everything before it is destroyed, and `stop`
// comes first. It holds a stream only while somebody follows one of its partitions.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <vector>

#include "broker/context.h"
#include "io/task_scope.h"

namespace distributary {

class PartitionWatch {
 private:
  struct Watched;

 public:
  class Interest;
  class Follower {
   public:
    // From within the change: note it down and wake a Signal, no more. `interest` is no longer followed.
    virtual void changed(Interest& interest) = 0;
    // The same, and the stream has failed or was deleted: its handle is to be let go.
    virtual void lost(Interest& interest) = 0;

   protected:
    ~Follower() = default;
  };

  // One partition of one follower, which owns it. Leaves by itself when destroyed.
  class Interest {
   public:
    explicit Interest(Follower& follower) : follower_(follower) {}
    ~Interest() { leave(); }
    Interest(const Interest&) = delete;
    Interest& operator=(const Interest&) = delete;
    bool followed() const { return home_ != nullptr; }
    void leave();

   private:
    friend class PartitionWatch;
    Follower& follower_;
    Watched* home_ = nullptr;
    uint64_t key_ = 0;
    Interest* next_ = nullptr;  // of those in the same partition
    Interest* previous_ = nullptr;
  };

  explicit PartitionWatch(Executor& executor);
  ~PartitionWatch();

  // Until the next change. The stream is whole now (no failure, not deleted): look before following, without a co_await
  // between.
  void follow(Interest& interest, const StreamHandle& stream, uint32_t ordinal, PartitionIndex partition);
  // Told only when the stream is lost.
  void follow_stream(Interest& interest, const StreamHandle& stream);
  Task<void> stop();
  size_t watched_streams() const { return watched_.size(); }

 private:
  Watched& watched(const StreamHandle& stream);
  void add(Interest& interest, const StreamHandle& stream, uint64_t key);
  Task<void> watch(Watched& watched);
  void retire(Watched& watched);

  boost::unordered_flat_map<const OpenStream*, std::unique_ptr<Watched>> watched_;
  std::vector<std::unique_ptr<Watched>> retired_;  // whose tasks are about to end
  TaskScope scope_;
};

}  // namespace distributary
