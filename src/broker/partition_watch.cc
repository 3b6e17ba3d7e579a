#include "broker/partition_watch.h"

#include <algorithm>

namespace distributary {

struct PartitionWatch::Watched final : PartitionListener {
  Watched(PartitionWatch& owner_in, StreamHandle stream_in) : owner(owner_in), stream(std::move(stream_in)) {
    stream->stream->add_listener(*this);
  }
  ~Watched() { stream->stream->remove_listener(*this); }

  static constexpr uint64_t kWholeStream = UINT64_MAX;
  static uint64_t key(uint32_t ordinal, PartitionIndex partition) { return (uint64_t{ordinal} << 32) | partition; }
  void partition_changed(uint32_t ordinal, PartitionIndex partition) override;
  void all_changed() override { tell_all(false); }
  void tell_all(bool lost);
  void tell(Interest* first, bool lost);

  PartitionWatch& owner;
  StreamHandle stream;
  boost::unordered_flat_map<uint64_t, Interest*> firsts;  // by partition, the head of a list
  std::stop_source ended;                                 // asked when the last interest has gone
};

// `first` and those behind it are no longer in the map.
void PartitionWatch::Watched::tell(Interest* first, bool lost) {
  for (Interest* next = nullptr; first != nullptr; first = next) {
    next = first->next_;
    first->home_ = nullptr;
    first->next_ = first->previous_ = nullptr;
    if (lost) {
      first->follower_.lost(*first);
    } else {
      first->follower_.changed(*first);
    }
  }
}

void PartitionWatch::Watched::partition_changed(uint32_t ordinal, PartitionIndex partition) {
  auto found = firsts.find(key(ordinal, partition));
  if (found == firsts.end()) return;
  Interest* first = found->second;
  firsts.erase(found);
  tell(first, false);
  if (firsts.empty()) owner.retire(*this);
}

// One by one: a follower that has lost its stream may let go of its other interests meanwhile.
void PartitionWatch::Watched::tell_all(bool lost) {
  Interest* whole_stream = nullptr;
  if (!lost) {
    auto found = firsts.find(kWholeStream);
    if (found != firsts.end()) {
      whole_stream = found->second;
      firsts.erase(found);
    }
  }
  while (!firsts.empty()) {
    Interest* first = firsts.begin()->second;
    firsts.erase(firsts.begin());
    tell(first, lost);
  }
  if (whole_stream != nullptr) {
    firsts[kWholeStream] = whole_stream;
  } else {
    owner.retire(*this);
  }
}

void PartitionWatch::Interest::leave() {
  if (home_ == nullptr) return;
  Watched& home = *std::exchange(home_, nullptr);
  if (next_ != nullptr) next_->previous_ = previous_;
  if (previous_ != nullptr) {
    previous_->next_ = next_;
  } else if (next_ != nullptr) {
    home.firsts[key_] = next_;
  } else {
    home.firsts.erase(key_);
  }
  next_ = previous_ = nullptr;
  if (home.firsts.empty()) home.owner.retire(home);
}

PartitionWatch::PartitionWatch(Executor& executor) : scope_(executor) {}
PartitionWatch::~PartitionWatch() = default;

PartitionWatch::Watched& PartitionWatch::watched(const StreamHandle& stream) {
  std::unique_ptr<Watched>& place = watched_[stream.get()];
  if (place) return *place;
  place = std::make_unique<Watched>(*this, stream);
  Watched& made = *place;  // the map may move its values about meanwhile
  scope_.spawn(watch(made));
  return made;
}

void PartitionWatch::follow(Interest& interest, const StreamHandle& stream, uint32_t ordinal,
                            PartitionIndex partition) {
  add(interest, stream, Watched::key(ordinal, partition));
}

void PartitionWatch::follow_stream(Interest& interest, const StreamHandle& stream) {
  add(interest, stream, Watched::kWholeStream);
}

void PartitionWatch::add(Interest& interest, const StreamHandle& stream, uint64_t key) {
  interest.leave();
  Watched& home = watched(stream);
  interest.home_ = &home;
  interest.key_ = key;
  Interest*& first = home.firsts[key];
  interest.next_ = first;
  if (first != nullptr) first->previous_ = &interest;
  first = &interest;
}

// Changes come by themselves; what is watched here is that the stream fails or goes.
Task<void> PartitionWatch::watch(Watched& watched) {
  std::stop_token ended = watched.ended.get_token();
  while (!ended.stop_requested()) {
    Status advanced = co_await watched.stream->stream->advanced().wait(kNever, ended);
    if (!advanced) break;
    if (watched.stream->deleted || watched.stream->stream->failure()) watched.tell_all(true);
  }
  std::erase_if(retired_, [&watched](const std::unique_ptr<Watched>& one) { return one.get() == &watched; });
}

void PartitionWatch::retire(Watched& watched) {
  auto found = watched_.find(watched.stream.get());
  if (found == watched_.end() || found->second.get() != &watched) return;
  retired_.push_back(std::move(found->second));
  watched_.erase(found);
  watched.ended.request_stop();
}

Task<void> PartitionWatch::stop() {
  while (!watched_.empty()) retire(*watched_.begin()->second);
  scope_.stop();
  co_await scope_.join();
}

}  // namespace distributary
