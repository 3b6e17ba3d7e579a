#include "broker/fetcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "model/record_batch.h"

namespace distributary {
namespace {

constexpr size_t kReadsInFlightMax = 8;  // of one request: cold reads overlap
constexpr size_t kDamageLoggedMax = 1'024;
constexpr std::chrono::seconds kDamageLogInterval{60};
const Logger logger("broker");

// What one pass over a partition may find; by the stream's state only, nothing is read.
struct Available {
  Fault fault;
  bool records = false;
};

bool is_zstd(const Bytes& batch) {
  Result<RecordBatchView> view = RecordBatchView::parse(batch);
  return view && view->codec_bits() == static_cast<uint8_t>(Codec::zstd);
}

}  // namespace

// One partition of the request, over all passes.
struct Fetcher::Reading {
  StreamHandle stream;
  TopicPartition place;
  Offset position = 0;  // next offset to read
  size_t bytes_left = 0;
  LeaderEpoch believed = -1;  // current leader epoch, as the client says
  FetchedPartition* out = nullptr;

  bool open() const { return out->fault.ok() && !out->diverging; }
  Available look() const;
};

Available Fetcher::Reading::look() const {
  const Topic* topic = stream->stream->state().topic(place.topic);
  if (topic == nullptr || place.partition >= topic->partitions.size()) {
    return {{KafkaError::unknown_topic_or_partition, "the topic was deleted"}, false};
  }
  const PartitionState& partition = topic->partitions[place.partition];
  out->high_watermark = partition.high_watermark;
  out->log_start = partition.log_start;
  out->leader_epoch = topic->leader_epoch;
  Fault epoch = check_leader_epoch(*topic, believed);
  if (!epoch.ok()) return {std::move(epoch), false};
  if (position < partition.log_start || position > partition.next) {
    return {{KafkaError::offset_out_of_range,
             fmt::format("the offset {} is not within {} to {}", position, partition.log_start, partition.next)},
            false};
  }
  return {{}, position < partition.high_watermark && bytes_left > 0};
}

// One round of reading whatever is there.
struct Fetcher::Pass {
  std::vector<Reading>& readings;
  const FetchRequest& request;
  size_t bytes_left;
  size_t next = 0;
  size_t bytes = 0;          // so far, over all passes
  bool first_given = false;  // the batch that may pass every limit
  bool fault = false;
  bool full = false;  // a limit kept out what was there
};

void Fetcher::check(const Topic& topic, const FetchRequest::Partition& asked, Reading& reading) {
  FetchedPartition& out = *reading.out;
  out.fault = check_partition(topic, asked.partition);
  if (!out.fault.ok() || asked.last_fetched_epoch < 0) return;
  Result<Stream::EpochEnd> end = reading.stream->stream->epoch_end(reading.place, asked.last_fetched_epoch);
  if (!end) {
    out.fault = fault_of(end.error(), Subject::storage);
  } else if (end->epoch < asked.last_fetched_epoch || end->end < asked.offset) {
    out.diverging = *end;
  }
}

Task<std::vector<Fetcher::Reading>> Fetcher::begin(const FetchRequest& request, const Caller& caller,
                                                   std::vector<FetchedTopic>& out) {
  std::vector<Reading> readings;
  TopicLookup lookup(context_.directory, caller);
  out.resize(request.topics.size());
  for (size_t i = 0; i < request.topics.size(); ++i) {
    const FetchRequest::Topic& topic = request.topics[i];
    FoundTopic found = co_await lookup.find(topic.topic);
    out[i].partitions.resize(topic.partitions.size());
    for (size_t k = 0; k < topic.partitions.size(); ++k) {
      const FetchRequest::Partition& asked = topic.partitions[k];
      FetchedPartition& partition = out[i].partitions[k];
      partition.partition = asked.partition;
      partition.fault = found.fault;
      Reading reading{
          found.stream, {}, asked.offset, static_cast<size_t>(std::max(asked.max_bytes, 0)), asked.current_leader_epoch,
          &partition};
      if (found.fault.ok()) {
        reading.place = {found.topic->id, static_cast<PartitionIndex>(asked.partition)};
        check(*found.topic, asked, reading);
      }
      readings.push_back(std::move(reading));
    }
  }
  co_return readings;
}

void Fetcher::log_damage(const Reading& reading, const Error& error) {
  const SteadyTime now = context_.world.clock().now();
  if (damage_logged_.size() >= kDamageLoggedMax) damage_logged_.clear();
  auto [logged, fresh] = damage_logged_.try_emplace(reading.place, now);
  if (!fresh && now - logged->second < kDamageLogInterval) return;
  logged->second = now;
  const Topic* topic = reading.stream->stream->state().topic(reading.place.topic);
  logger.warn("records cannot be served: they are damaged",
              {{"stream", reading.stream->record.path},
               {"topic", topic != nullptr ? topic->name : std::string("(deleted)")},
               {"partition", reading.place.partition},
               {"offset", reading.position},
               {"error", error.message}});
}

void Fetcher::take(Reading& reading, Pass& pass, FetchedBatches batches) {
  if (batches.batches.empty()) return;
  FetchedPartition& out = *reading.out;
  if (!pass.request.zstd_allowed && std::ranges::any_of(batches.batches, is_zstd)) {
    out.fault = {KafkaError::unsupported_compression_type, "zstd needs Fetch version 10 or newer"};
    pass.fault = true;
    return;
  }
  Result<RecordBatchView> last = RecordBatchView::parse(batches.batches.back());
  CHECK(last.has_value());  // the stream gives whole batches
  reading.position = last->next_offset();
  reading.bytes_left -= std::min(reading.bytes_left, batches.bytes);
  pass.bytes += batches.bytes;
  out.bytes += batches.bytes;
  out.high_watermark = batches.high_watermark;
  out.log_start = batches.log_start;
  if (out.batches.empty()) {
    out.batches = std::move(batches.batches);
  } else {
    std::ranges::move(batches.batches, std::back_inserter(out.batches));
  }
}

Task<void> Fetcher::read(Reading& reading, Pass& pass) {
  Available available = reading.look();
  if (!available.fault.ok()) {
    reading.out->fault = std::move(available.fault);
    pass.fault = true;
    co_return;
  }
  if (!available.records) co_return;
  const bool whole_first = !pass.first_given;
  pass.first_given = true;
  const size_t allowance = std::min(reading.bytes_left, pass.bytes_left);
  pass.bytes_left -= allowance;
  Result<FetchedBatches> batches =
      co_await reading.stream->stream->fetch(reading.place, reading.position, allowance, whole_first);
  if (!batches) {
    if (batches.error().code == ErrorCode::corrupt) log_damage(reading, batches.error());
    reading.out->fault = fault_of(batches.error(), Subject::storage);
    pass.fault = true;
  }
  const size_t used = batches ? batches->bytes : 0;
  pass.bytes_left += allowance - std::min(allowance, used);
  if (!batches) co_return;
  if (batches->batches.empty()) pass.full = true;
  take(reading, pass, std::move(*batches));
}

Task<void> Fetcher::read_in_turn(Pass& pass) {
  while (pass.next < pass.readings.size()) {
    Reading& reading = pass.readings[pass.next++];
    if (!reading.open()) {
      pass.fault = true;
      continue;
    }
    co_await read(reading, pass);
  }
}

Task<void> Fetcher::read_available(Pass& pass) {
  pass.next = 0;
  TaskScope scope(context_.world.executor);
  for (size_t i = 0; i < kReadsInFlightMax && pass.next < pass.readings.size(); ++i) scope.spawn(read_in_turn(pass));
  co_await scope.join();
}

std::vector<AdvanceWatch::Wants> Fetcher::wants(const std::vector<Reading>& readings) {
  std::vector<AdvanceWatch::Wants> out;
  for (const Reading& reading : readings) {
    if (!reading.open() || reading.bytes_left == 0) continue;
    auto of_stream = std::ranges::find(out, reading.stream, &AdvanceWatch::Wants::stream);
    if (of_stream == out.end()) {
      out.push_back({reading.stream, {}});
      of_stream = out.end() - 1;
    }
    const Offset seen = std::max(reading.position, reading.out->high_watermark);
    of_stream->wants.push_back({reading.place, seen, reading.position, reading.out->leader_epoch});
  }
  return out;
}

Task<std::vector<FetchedTopic>> Fetcher::fetch(const FetchRequest& request, const Caller& caller,
                                               std::stop_token stop) {
  std::vector<FetchedTopic> out;
  std::vector<Reading> readings = co_await begin(request, caller, out);
  const auto wait = std::clamp<std::chrono::milliseconds>(std::chrono::milliseconds(request.max_wait_ms), {},
                                                          context_.options.fetch_wait_max);
  const SteadyTime deadline = context_.world.clock().now() + wait;
  const size_t bytes_max = std::min<size_t>(std::max(request.max_bytes, 0), context_.options.fetch_bytes_max);
  const size_t bytes_min = std::min<size_t>(std::max(request.min_bytes, 0), bytes_max);
  Pass pass{readings, request, bytes_max};
  while (true) {
    co_await read_available(pass);
    if (pass.fault || pass.full || pass.bytes >= bytes_min || pass.bytes_left == 0) break;
    if (stop.stop_requested() || context_.world.clock().now() >= deadline) break;
    std::vector<AdvanceWatch::Wants> wanted = wants(readings);
    if (wanted.empty()) break;
    Status woken = co_await watch_.wait(std::move(wanted), deadline, stop);
    if (!woken) break;
  }
  co_return out;
}

}  // namespace distributary
