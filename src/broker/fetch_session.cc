#include "broker/fetch_session.h"

#include <algorithm>

namespace distributary {

std::optional<Fault> stream_fault(const OpenStream& stream) {
  if (stream.deleted) {
    return Fault{KafkaError::unknown_topic_or_partition, "the stream " + stream.record.path + " was deleted"};
  }
  if (stream.stream->failure()) return fault_of(*stream.stream->failure(), Subject::storage);
  return std::nullopt;
}

FetchSession::FetchSession(Executor& executor, const FetchRequest& request, const Caller& caller)
    : user(caller.principal.user), by_topic_id(request.by_topic_id), woken_(executor), idle_(executor) {}

FetchSession::~FetchSession() = default;

FetchSession::Topic* FetchSession::find(const TopicReference& reference) {
  if (reference.by_id()) {
    auto found = by_id_.find(reference.id);
    return found == by_id_.end() ? nullptr : found->second;
  }
  auto found = by_name_.find(std::string(reference.name));
  return found == by_name_.end() ? nullptr : found->second;
}

FetchSession::Topic& FetchSession::find_or_add(const TopicReference& reference) {
  if (Topic* known = find(reference)) return *known;
  Topic& made = *topics_.emplace_back(std::make_unique<Topic>());
  made.name = std::string(reference.name);
  made.id = reference.id;
  if (reference.by_id()) {
    by_id_[made.id] = &made;
  } else {
    by_name_[made.name] = &made;
  }
  made.place = topics_.size() - 1;
  made.pending = true;
  pending_.push_back(&made);
  return made;
}

void FetchSession::change(const FetchRequest& request) {
  for (const FetchRequest::Topic& asked : request.topics) {
    if (asked.partitions.empty()) continue;
    Topic& topic = find_or_add(asked.topic);
    for (const FetchRequest::Partition& partition : asked.partitions) {
      Partition*& known = topic.by_index[partition.partition];
      if (known == nullptr) {
        known = topic.partitions.emplace_back(std::make_unique<Partition>(*this, topic)).get();
        known->place = topic.partitions.size() - 1;
        ++size_;
      }
      known->asked = partition;
      enqueue(*known);
    }
  }
  for (const FetchRequest::ForgottenTopic& forgotten : request.forgotten) {
    Topic* topic = find(forgotten.topic);
    if (topic == nullptr) continue;
    for (int32_t partition : forgotten.partitions) forget(*topic, partition);
    if (topic->partitions.empty()) remove(*topic);
  }
}

void FetchSession::forget(Topic& topic, int32_t partition) {
  auto found = topic.by_index.find(partition);
  if (found == topic.by_index.end()) return;
  Partition& gone = *found->second;
  topic.by_index.erase(found);
  dequeue(gone);
  const size_t place = gone.place;
  std::swap(topic.partitions[place], topic.partitions.back());
  topic.partitions[place]->place = place;
  topic.partitions.pop_back();
  --size_;
}

void FetchSession::remove(Topic& topic) {
  release(topic);
  if (topic.pending) std::erase(pending_, &topic);
  if (topic.reference().by_id()) {
    by_id_.erase(topic.id);
  } else {
    by_name_.erase(topic.name);
  }
  const size_t place = topic.place;
  std::swap(topics_[place], topics_.back());
  topics_[place]->place = place;
  topics_.pop_back();
}

void FetchSession::release(Topic& topic) {
  if (!topic.stream) return;
  auto used = std::ranges::find(streams_, topic.stream, &UsedStream::stream);
  topic.stream.reset();
  if (used != streams_.end() && --(*used)->topics == 0) streams_.erase(used);
}

void FetchSession::set_pending(Topic& topic, Fault fault) {
  release(topic);
  topic.fault = std::move(fault);
  if (topic.pending) return;
  topic.pending = true;
  pending_.push_back(&topic);
}

void FetchSession::set_found(Topic& topic, const FoundTopic& found) {
  release(topic);
  auto used = std::ranges::find(streams_, found.stream, &UsedStream::stream);
  if (used == streams_.end()) {
    streams_.push_back(std::make_unique<UsedStream>(*this, found.stream));
    used = streams_.end() - 1;
  }
  ++(*used)->topics;
  topic.stream = found.stream;
  topic.found = found.topic->id;
  topic.ordinal = found.topic->ordinal;
  topic.fault = {};
  topic.pending = false;
}

std::vector<StreamHandle> FetchSession::streams() const {
  std::vector<StreamHandle> out;
  for (const std::unique_ptr<UsedStream>& used : streams_) out.push_back(used->stream);
  return out;
}

void FetchSession::lose(const StreamHandle& stream, const Fault& fault) {
  for (const std::unique_ptr<Topic>& topic : topics_) {
    if (topic->stream != stream) continue;
    set_pending(*topic, fault);
    for (const std::unique_ptr<Partition>& partition : topic->partitions) enqueue(*partition);
  }
}

void FetchSession::watch_streams(PartitionWatch& watch) {
  for (const std::unique_ptr<UsedStream>& used : streams_) {
    const bool whole = !stream_fault(*used->stream).has_value();
    if (whole && !used->interest.followed()) watch.follow_stream(used->interest, used->stream);
  }
}

void FetchSession::enqueue(Partition& partition) {
  if (partition.queued) return;
  partition.queued = true;
  partition.previous_ = tail_;
  partition.next_ = nullptr;
  (tail_ != nullptr ? tail_->next_ : head_) = &partition;
  tail_ = &partition;
}

void FetchSession::dequeue(Partition& partition) {
  if (!partition.queued) return;
  partition.queued = false;
  (partition.previous_ != nullptr ? partition.previous_->next_ : head_) = partition.next_;
  (partition.next_ != nullptr ? partition.next_->previous_ : tail_) = partition.previous_;
  partition.next_ = partition.previous_ = nullptr;
}

void FetchSession::wake() {
  touched_ = true;
  if (woken_.has_waiters()) woken_.notify_all();
}

void FetchSession::changed(PartitionWatch::Interest& interest) {
  enqueue(static_cast<Partition&>(interest));
  wake();
}

void FetchSession::lost(PartitionWatch::Interest& interest) {
  const Partition& partition = static_cast<Partition&>(interest);
  changed(interest);
  if (partition.topic.stream) lost(StreamHandle(partition.topic.stream));
}

// By value: what it was called with may be released meanwhile.
void FetchSession::lost(StreamHandle stream) {
  lose(stream, stream_fault(*stream).value_or(Fault{KafkaError::not_leader_or_follower, "the stream has been closed"}));
  wake();
}

Task<Status> FetchSession::begin(std::stop_source running, std::stop_token stop) {
  while (busy_) {
    running_.request_stop();
    CO_TRY_STATUS(co_await idle_.wait(kNever, stop));
  }
  busy_ = true;
  running_ = std::move(running);
  co_return Status();
}

void FetchSession::end() {
  busy_ = false;
  idle_.notify_all();
}

}  // namespace distributary
