#include "broker/advance_watch.h"

#include <algorithm>

namespace distributary {

struct AdvanceWatch::Watched {
  struct Entry {
    Waiter* waiter;
    const std::vector<Want>* wants;
  };
  StreamHandle stream;
  std::vector<Entry> entries;
  std::stop_source ended;  // asked when the last entry has gone
};

// The presence of one waiter in the lists of its streams, for the time of its wait.
class AdvanceWatch::Registration {
 public:
  Registration(AdvanceWatch& watch, Waiter& waiter, const std::vector<Wants>& wants) : waiter_(waiter) {
    for (const Wants& of_stream : wants) {
      Watched& watched = watch.watched(of_stream.stream);
      watched.entries.push_back({&waiter, &of_stream.wants});
      in_.push_back(&watched);
    }
  }
  ~Registration() {
    for (Watched* watched : in_) {
      std::erase_if(watched->entries, [this](const Watched::Entry& entry) { return entry.waiter == &waiter_; });
      if (watched->entries.empty()) watched->ended.request_stop();
    }
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  Waiter& waiter_;
  std::vector<Watched*> in_;
};

AdvanceWatch::AdvanceWatch(Executor& executor) : executor_(executor), scope_(executor) {}
AdvanceWatch::~AdvanceWatch() = default;

bool AdvanceWatch::satisfied(const OpenStream& stream, const std::vector<Want>& wants) {
  if (stream.deleted || stream.stream->failure()) return true;
  const StreamState& state = stream.stream->state();
  const Topic* topic = nullptr;
  for (const Want& want : wants) {
    if (topic == nullptr || topic->id != want.partition.topic) topic = state.topic(want.partition.topic);
    if (topic == nullptr || want.partition.partition >= topic->partitions.size()) return true;
    if (want.epoch >= 0 && topic->leader_epoch != want.epoch) return true;
    const PartitionState& partition = topic->partitions[want.partition.partition];
    if (partition.high_watermark > want.beyond || partition.log_start > want.log_start) return true;
  }
  return false;
}

Task<void> AdvanceWatch::watch(Watched& watched) {
  std::stop_token ended = watched.ended.get_token();
  while (!ended.stop_requested()) {
    Status advanced = co_await watched.stream->stream->advanced().wait(kNever, ended);
    if (!advanced) break;
    for (const Watched::Entry& entry : watched.entries) {
      if (entry.waiter->ready || !satisfied(*watched.stream, *entry.wants)) continue;
      entry.waiter->ready = true;
      entry.waiter->woken.notify_all();
    }
  }
  std::erase_if(watched_, [&watched](const std::unique_ptr<Watched>& one) { return one.get() == &watched; });
}

AdvanceWatch::Watched& AdvanceWatch::watched(const StreamHandle& stream) {
  for (const std::unique_ptr<Watched>& one : watched_) {
    if (one->stream == stream && !one->ended.stop_requested()) return *one;
  }
  Watched& made = *watched_.emplace_back(std::make_unique<Watched>());
  made.stream = stream;
  scope_.spawn(watch(made));
  return made;
}

Task<Status> AdvanceWatch::wait(std::vector<Wants> wants, SteadyTime deadline, std::stop_token stop) {
  for (const Wants& of_stream : wants) {
    if (satisfied(*of_stream.stream, of_stream.wants)) co_return Status();
  }
  Waiter waiter(executor_);
  Registration registration(*this, waiter, wants);
  while (!waiter.ready) {
    CO_TRY_STATUS(co_await waiter.woken.wait(deadline, stop));
  }
  co_return Status();
}

Task<void> AdvanceWatch::stop() {
  for (const std::unique_ptr<Watched>& one : watched_) one->ended.request_stop();
  scope_.stop();
  co_await scope_.join();
}

}  // namespace distributary
