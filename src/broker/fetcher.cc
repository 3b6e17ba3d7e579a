#include "broker/fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/log.h"
#include "model/record_batch.h"

namespace distributary {
namespace {

constexpr size_t kReadsInFlightMax = 8;  // of one request: cold reads overlap
constexpr size_t kPartitionsPerAnswer =
    1'024;  // with records, of an incremental answer; the others come first next time
constexpr size_t kSmallAnswerBytes = 1u << 20;  // always allowed, however little room there is
constexpr size_t kDamageLoggedMax = 1'024;
constexpr std::chrono::seconds kDamageLogInterval{60};
const Logger fetcher_logger("broker");

// What one look at a partition may find; by the stream's state only, nothing is read.
struct Available {
  Fault fault;
  bool records = false;
};

bool is_zstd(const Piece& batch) {
  Result<RecordBatchView> view = RecordBatchView::parse(batch);
  return view && view->codec_bits() == static_cast<uint8_t>(Codec::zstd);
}

// A topic that is asked for by its id is not known by it.
Fault for_reference(Fault fault, const TopicReference& reference) {
  if (reference.by_id() && fault.error == KafkaError::unknown_topic_or_partition) {
    fault.error = KafkaError::unknown_topic_id;
  }
  return fault;
}

}  // namespace

// One partition in one request: made when it is looked at.
struct Fetcher::Reading {
  Reading(FetchSession::Partition& partition, const FetchRequest::Partition& asked)
      : of(partition), position(asked.offset), bytes_left(static_cast<size_t>(std::max(asked.max_bytes, 0))) {
    out.partition = asked.partition;
  }
  FetchSession::Partition& of;
  StreamHandle stream;
  TopicPartition place;
  Offset position;  // next offset to read
  size_t bytes_left;
  FetchedPartition out;

  bool open() const { return out.fault.ok() && !out.diverging; }
  bool changed() const {
    return !out.batches.empty() || !open() || out.high_watermark != of.told_high_watermark ||
           out.log_start != of.told_log_start;
  }
  Available look(const Topic& topic, bool committed);
};

Available Fetcher::Reading::look(const Topic& topic, bool committed) {
  const PartitionState& partition = topic.partitions[place.partition];
  out.high_watermark = partition.high_watermark;
  out.last_stable = stream->stream->state().last_stable(topic, place.partition);
  out.log_start = partition.log_start;
  out.leader_epoch = topic.leader_epoch;
  Fault epoch = check_leader_epoch(topic, of.asked.current_leader_epoch);
  if (!epoch.ok()) return {std::move(epoch), false};
  if (position < partition.log_start || position > partition.next) {
    return {{KafkaError::offset_out_of_range,
             fmt::format("the offset {} is not within {} to {}", position, partition.log_start, partition.next)},
            false};
  }
  return {{}, position < (committed ? out.last_stable : out.high_watermark)};
}

// One request.
struct Fetcher::Run {
  Run(FetchSession& session_in, const FetchRequest& request_in, bool incremental_in)
      : session(session_in), request(request_in), incremental(incremental_in) {}

  FetchSession& session;
  const FetchRequest& request;
  const bool incremental;
  std::deque<Reading> readings;
  SteadyTime deadline;
  std::stop_token stop;
  size_t bytes_left = 0;
  size_t bytes = 0;          // so far
  bool first_given = false;  // the batch that may pass every limit
  bool fault = false;
  bool full = false;  // a limit kept out what was there
  std::vector<Reading*> to_read;
  size_t next = 0;  // of to_read
  FetchAnswer answer;
};

void Fetcher::check(const Topic& topic, Reading& reading) {
  const FetchRequest::Partition& asked = reading.of.asked;
  FetchedPartition& out = reading.out;
  out.fault = check_partition(topic, asked.partition);
  if (!out.fault.ok() || asked.last_fetched_epoch < 0) return;
  Result<Stream::EpochEnd> end = reading.stream->stream->epoch_end(reading.place, asked.last_fetched_epoch);
  if (!end) {
    out.fault = fault_of(end.error(), Subject::storage);
  } else if (end->epoch < asked.last_fetched_epoch || end->end < asked.offset) {
    out.diverging = *end;
  }
}

// Those that have no stream, or are no longer allowed.
Task<void> Fetcher::find_topics(FetchSession& session, const Caller& caller) {
  for (const StreamHandle& stream : session.streams()) {
    Status allowed = context_.directory.check(caller, stream->record);
    if (!allowed) session.lose(stream, fault_of(allowed.error(), Subject::topic));
  }
  std::vector<FetchSession::Topic*> pending = session.take_pending();
  TopicLookup lookup(context_.directory, caller);
  for (FetchSession::Topic* topic : pending) {
    topic->pending = false;
    FoundTopic found = co_await lookup.find(topic->reference());
    if (found.fault.ok()) {
      session.set_found(*topic, found);
    } else {
      session.set_pending(*topic, std::move(found.fault));
    }
  }
}

// A fault is answered at once. What was read before it is given first: the next request meets the fault again.
void Fetcher::refuse(Reading& reading, Run& run, Fault fault) {
  if (reading.out.batches.empty()) {
    reading.out.fault = for_reference(std::move(fault), reading.of.topic.reference());
    run.fault = true;
  } else {
    run.full = true;
  }
}

// The topic, if everything is as it should be; else the reading has its fault.
const Topic* Fetcher::whole_topic(Reading& reading, Run& run) {
  FetchSession::Topic& topic = reading.of.topic;
  if (topic.stream) {
    std::optional<Fault> lost = stream_fault(*topic.stream);
    if (lost) run.session.lose(StreamHandle(topic.stream), *lost);
  }
  const Topic* now = topic.stream ? topic.stream->stream->state().topic_at(topic.ordinal) : nullptr;
  if (topic.stream && now == nullptr) {  // its name may be taken again
    run.session.set_pending(topic, {KafkaError::unknown_topic_or_partition, "the topic was deleted"});
  }
  if (now == nullptr) refuse(reading, run, topic.fault);
  return now;
}

// Gives a fault, or puts the partition into the row of those to be read, or lets it leave the queue until it changes.
void Fetcher::look_at(FetchSession::Partition& partition, Run& run) {
  ++looks_;
  const bool first = partition.reading == nullptr;
  if (first) partition.reading = &run.readings.emplace_back(partition, partition.asked);
  Reading& reading = *static_cast<Reading*>(partition.reading);
  if (!reading.open()) return;
  const Topic* topic = whole_topic(reading, run);
  if (topic == nullptr) return;
  reading.stream = partition.topic.stream;
  reading.place = {topic->id, static_cast<PartitionIndex>(partition.asked.partition)};
  if (first) check(*topic, reading);
  if (!reading.open()) {
    run.fault = true;
    return;
  }
  Available available = reading.look(*topic, run.request.committed);
  if (!available.fault.ok()) {
    refuse(reading, run, std::move(available.fault));
  } else if (!available.records) {
    run.session.dequeue(partition);
    watch_.follow(partition, reading.stream, topic->ordinal, reading.place.partition);
  } else if (reading.bytes_left > 0 || !run.first_given) {
    run.to_read.push_back(&reading);
  }
}

void Fetcher::look_at_queue(Run& run) {
  run.to_read.clear();
  run.next = 0;
  (void)run.session.take_touched();
  FetchSession::Partition* next = nullptr;
  for (FetchSession::Partition* at = run.session.first(); at != nullptr; at = next) {
    next = FetchSession::next(*at);
    if (run.incremental && run.to_read.size() >= kPartitionsPerAnswer) {
      run.full = true;
      break;
    }
    look_at(*at, run);
  }
}

void Fetcher::log_damage(const Reading& reading, const Error& error) {
  const SteadyTime now = context_.world.clock().now();
  if (damage_logged_.size() >= kDamageLoggedMax) damage_logged_.clear();
  auto [logged, fresh] = damage_logged_.try_emplace(reading.place, now);
  if (!fresh && now - logged->second < kDamageLogInterval) return;
  logged->second = now;
  const Topic* topic = reading.stream->stream->state().topic(reading.place.topic);
  fetcher_logger.warn("records cannot be served: they are damaged",
                      {{"stream", reading.stream->record.path},
                       {"topic", topic != nullptr ? topic->name : std::string("(deleted)")},
                       {"partition", reading.place.partition},
                       {"offset", reading.position},
                       {"error", error.message}});
}

void Fetcher::take(Reading& reading, Run& run, FetchedBatches batches) {
  if (batches.batches.empty()) return;
  FetchedPartition& out = reading.out;
  if (!run.request.zstd_allowed && std::ranges::any_of(batches.batches, is_zstd)) {
    refuse(reading, run, {KafkaError::unsupported_compression_type, "zstd needs Fetch version 10 or newer"});
    return;
  }
  reading.position = batches.next;
  reading.bytes_left -= std::min(reading.bytes_left, batches.bytes);
  run.bytes += batches.bytes;
  out.bytes += batches.bytes;
  out.high_watermark = batches.high_watermark;
  out.last_stable = batches.last_stable;
  out.log_start = batches.log_start;
  if (out.batches.empty()) {
    out.batches = std::move(batches.batches);
  } else {
    std::ranges::move(batches.batches, std::back_inserter(out.batches));
  }
  if (run.request.committed) {
    out.aborted = reading.stream->stream->state().transactions().aborted(reading.place, reading.of.asked.offset,
                                                                         reading.position);
  }
}

Task<void> Fetcher::read(Reading& reading, Run& run) {
  const bool whole_first = !run.first_given;
  run.first_given = true;
  const size_t allowance = std::min(reading.bytes_left, run.bytes_left);
  run.bytes_left -= allowance;
  Result<FetchedBatches> batches = co_await reading.stream->stream->fetch(
      reading.place, reading.position, allowance, whole_first, run.request.committed, run.request.files);
  if (!batches) {
    if (batches.error().code == ErrorCode::corrupt) log_damage(reading, batches.error());
    refuse(reading, run, fault_of(batches.error(), Subject::storage));
  }
  const size_t used = batches ? batches->bytes : 0;
  run.bytes_left += allowance - std::min(allowance, used);
  if (!batches) co_return;
  if (batches->batches.empty() && whole_first) {
    run.first_given = false;  // compaction has left nothing there: the client waits, as for what is not written yet
  } else if (batches->batches.empty()) {
    run.full = true;
  }
  take(reading, run, std::move(*batches));
}

Task<void> Fetcher::read_in_turn(Run& run) {
  while (run.next < run.to_read.size()) {
    Reading& reading = *run.to_read[run.next++];
    co_await read(reading, run);
  }
}

// Room in the node's budget for what is about to be read. False: there is none, and the answer goes as it is.
Task<bool> Fetcher::reserve(Run& run) {
  const size_t batch = context_.options.batch.batch_bytes;  // the first one may be this large whatever the limits
  const size_t wanted = std::min(run.bytes_left, std::max(bytes_.free() / 4, kSmallAnswerBytes));
  if (run.bytes == 0) {
    const size_t room = std::max(wanted, batch);
    Result<ByteBudget::Share> share = co_await bytes_.take(room, run.stop, run.deadline);
    if (!share) co_return false;
    run.answer.share = std::move(*share);
  } else if (!bytes_.try_grow(run.answer.share, wanted)) {  // waiting with a share in hand might be for ever
    run.full = true;
    co_return false;
  }
  run.bytes_left = wanted;
  co_return true;
}

Task<void> Fetcher::read_available(Run& run) {
  look_at_queue(run);
  if (run.to_read.empty() || (run.bytes_left == 0 && run.first_given)) co_return;
  const bool room = co_await reserve(run);
  if (!room) co_return;
  TaskScope scope(context_.world.executor);
  for (size_t i = 0; i < kReadsInFlightMax && run.next < run.to_read.size(); ++i) scope.spawn(read_in_turn(run));
  co_await scope.join();
  run.answer.share.settle(run.bytes);
}

Task<void> Fetcher::serve(Run& run) {
  const size_t bytes_max = std::min<size_t>(std::max(run.request.max_bytes, 0), context_.options.fetch_bytes_max);
  const size_t bytes_min = std::min<size_t>(std::max(run.request.min_bytes, 0), bytes_max);
  run.bytes_left = bytes_max;
  Clock& clock = context_.world.clock();
  while (true) {
    co_await read_available(run);
    if (run.fault || run.full || run.bytes >= bytes_min || (run.bytes_left == 0 && run.first_given)) break;
    if (run.stop.stop_requested() || clock.now() >= run.deadline || run.session.size() == 0) break;
    Status woken;
    while (woken && !run.session.touched()) woken = co_await run.session.woken().wait(run.deadline, run.stop);
    if (!woken) break;
  }
}

namespace {

// What the client knows after this answer. After a fault nothing, so that its end is told too.
void told(FetchSession::Partition& partition, const FetchedPartition& out) {
  partition.told_high_watermark = out.fault.ok() ? out.high_watermark : -1;
  partition.told_log_start = out.fault.ok() ? out.log_start : -1;
}

}  // namespace

void Fetcher::answer_all(Run& run) {
  for (const std::unique_ptr<FetchSession::Topic>& topic : run.session.topics()) {
    FetchedTopic& out = run.answer.topics.emplace_back(FetchedTopic{topic->name, topic->id, {}});
    out.partitions.reserve(topic->partitions.size());
    for (const std::unique_ptr<FetchSession::Partition>& partition : topic->partitions) {
      auto* reading = static_cast<Reading*>(partition->reading);
      CHECK(reading != nullptr);  // all of a new session are in its queue, and were looked at
      told(*partition, reading->out);
      out.partitions.push_back(std::move(reading->out));
    }
  }
}

void Fetcher::answer_changes(Run& run) {
  boost::unordered_flat_map<const FetchSession::Topic*, size_t> places;
  for (Reading& reading : run.readings) {
    if (!reading.changed()) continue;
    const FetchSession::Topic& topic = reading.of.topic;
    auto [place, fresh] = places.try_emplace(&topic, run.answer.topics.size());
    if (fresh) run.answer.topics.push_back(FetchedTopic{topic.name, topic.id, {}});
    told(reading.of, reading.out);
    run.answer.topics[place->second].partitions.push_back(std::move(reading.out));
  }
}

// What gave records, or a fault, is asked for again: at the end of the queue.
void Fetcher::finish(Run& run, const FetchSessions::Opened& opened) {
  FetchSession& session = run.session;
  for (Reading& reading : run.readings) {
    if (reading.out.batches.empty() && reading.open()) continue;
    session.dequeue(reading.of);
    session.enqueue(reading.of);
  }
  if (opened.keep) sessions_.keep(opened.session);
  if (session.next_epoch != opened.epoch) {
    run.answer.fault = {KafkaError::invalid_fetch_session_epoch, "another request came for this session"};
  } else if (run.incremental) {
    answer_changes(run);
  } else {
    answer_all(run);
  }
  for (Reading& reading : run.readings) reading.of.reading = nullptr;
  run.answer.session_id = session.id;
  run.answer.bytes = run.bytes;
  if (session.id != 0) session.watch_streams(watch_);
}

Task<FetchAnswer> Fetcher::fetch(const FetchRequest& request, const Caller& caller, std::stop_token stop) {
  FetchSessions::Opened opened = sessions_.open(request, caller);
  if (!opened.fault.ok()) {
    FetchAnswer refused;
    refused.fault = std::move(opened.fault);
    co_return refused;
  }
  const std::shared_ptr<FetchSession> session = opened.session;
  Run run(*session, request, opened.incremental);
  const auto wait = std::clamp<std::chrono::milliseconds>(std::chrono::milliseconds(request.max_wait_ms), {},
                                                          context_.options.fetch_wait_max);
  run.deadline = context_.world.clock().now() + wait;
  std::stop_source running;
  auto end_running = [&running] { running.request_stop(); };
  std::stop_callback<decltype(end_running)> stopping(stop, end_running);
  run.stop = running.get_token();
  Status turn = co_await session->begin(running, stop);
  if (!turn) co_return std::move(run.answer);
  run.answer.fault = sessions_.change(opened, request);
  if (run.answer.fault.ok()) {
    co_await find_topics(*session, caller);
    co_await serve(run);
    finish(run, opened);
  }
  session->end();
  co_return std::move(run.answer);
}

Task<void> Fetcher::stop() {
  sessions_.clear();
  co_await watch_.stop();
}

}  // namespace distributary
