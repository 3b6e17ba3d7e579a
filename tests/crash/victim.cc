#include "crash/victim.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <random>

#include "crash/message.h"
#include "io/real/real_world.h"
#include "model/record_batch_builder.h"
#include "storage/local/local_log_store.h"
#include "stream/stream.h"
#include "stream/tail_cache.h"

namespace distributary::crash {
namespace {

constexpr uint32_t kTopicsMax = 8;
constexpr char kGroup[] = "group";

class Victim {
 public:
  explicit Victim(const VictimOrders& orders) : orders_(orders), random_(orders.seed * 1'000'003 + orders.process) {}
  Task<Status> run();
  RealWorld& real() { return *real_; }

 private:
  struct PendingAck {
    Lsn lsn;
    Message message;
  };
  void say(Message message);
  uint64_t below(uint64_t end) { return random_() % end; }
  Task<Status> open();
  Task<Status> look();
  Task<Status> look_at(const Topic& topic, uint32_t number);
  Task<Status> work();
  Status step();
  Status create_topic();
  Status append_batch(uint32_t key, const Topic& topic);
  Status commit_cursor(uint32_t key, const Topic& topic);
  Status trim(uint32_t key, const Topic& topic);
  void say_acknowledged();
  std::vector<uint8_t> make_batch(uint32_t key);

  const VictimOrders orders_;
  std::mt19937_64 random_;
  std::unique_ptr<RealWorld> real_ = make_real_world();
  TailCache cache_{256 << 10};  // small: most reads go to the files
  std::unique_ptr<LocalLogStore> store_;
  std::unique_ptr<Stream> stream_;
  Origin origin_{Uuid::from_random({9, 9, 9}), 1};
  std::deque<PendingAck> pending_;
  int64_t producer_id_ = -1;
  std::map<uint32_t, int32_t> next_sequence_;
  uint64_t sent_ = 0;
};

std::string topic_name(uint32_t number) { return fmt::format("topic-{}", number); }

void Victim::say(Message message) {
  if (::write(orders_.pipe, &message, sizeof(message)) != sizeof(message)) std::_Exit(3);
}

Task<Status> Victim::open() {
  World& world = real_->world();
  LocalLogOptions local{.root = orders_.directory, .reserve = 0};
  CO_TRY(store_, co_await LocalLogStore::start(world.executor, world.files, local));
  LogId id{origin_.stream, 0};
  CO_TRY(std::unique_ptr<Log> log, co_await store_->open(id, orders_.process));
  StreamOptions options;  // small, so that everything happens all the time
  options.segment_bytes = 192 << 10;
  options.checkpoint_bytes = 64 << 10;
  options.checkpoint_entries = 60;
  CO_TRY(stream_, co_await Stream::open(world, std::move(log), cache_, origin_, orders_.process, options));
  if (!stream_->damage().empty()) co_return fail(ErrorCode::corrupt, stream_->damage().front().what);
  co_return Status{};
}

Task<Status> Victim::look_at(const Topic& topic, uint32_t number) {
  for (uint32_t p = 0; p < topic.partitions.size(); ++p) {
    uint32_t key = key_of(number, p);
    TopicPartition partition{topic.id, p};
    PartitionState state = topic.partitions[p];
    if (state.high_watermark != state.next)
      co_return fail(ErrorCode::corrupt, "the high watermark is not the end after opening");
    for (Offset at = state.log_start; at < state.next;) {
      CO_TRY(FetchedBatches fetched, co_await stream_->fetch(partition, at, 64 << 10, true));
      if (fetched.batches.empty())
        co_return fail(ErrorCode::corrupt, fmt::format("nothing at offset {} of {}", at, state.next));
      for (const Piece& bytes : fetched.batches) {
        CO_TRY(RecordBatchView batch, RecordBatchView::parse(bytes));
        if (batch.computed_crc() != batch.crc())
          co_return fail(ErrorCode::corrupt, fmt::format("checksum of the batch at {}", at));
        at = batch.next_offset();
        say({About::found_batch, key, batch.base_offset(), batch.crc(),
             static_cast<uint64_t>(at - batch.base_offset())});
      }
    }
    say({About::found_end, key, state.next, static_cast<uint64_t>(state.log_start), 0});
    if (const Cursor* cursor = stream_->state().cursor(kGroup, partition))
      say({About::found_cursor, key, cursor->offset, 0, 0});
  }
  co_return Status{};
}

Task<Status> Victim::look() {
  for (const auto& [name, ordinal] : stream_->state().names()) {
    auto number = static_cast<uint32_t>(std::stoul(name.substr(name.find('-') + 1)));
    say({About::found_topic, key_of(number, 0), 0, 0, 0});
    CO_TRY_STATUS(co_await look_at(*stream_->state().topic_at(ordinal), number));
  }
  if (orders_.chain_lsn > 0) {
    CO_TRY(std::optional<Hash128> chain,
           co_await stream_->chain_at(origin_, static_cast<OriginLsn>(orders_.chain_lsn)));
    if (chain) say({About::found_chain, 0, orders_.chain_lsn, chain->low ^ chain->high, 0});
  }
  say({About::ready, 0, 0, 0, 0});
  co_return Status{};
}

std::vector<uint8_t> Victim::make_batch(uint32_t key) {
  RecordBatchBuilder builder;
  uint64_t count = 1 + below(4);
  bool idempotent = partition_of_key(key) == 1;
  if (idempotent) builder.producer(producer_id_, 0, next_sequence_[key]);
  for (uint64_t i = 0; i < count; ++i) {
    std::string value = fmt::format("{} {} {} {} ", orders_.process, key, sent_, i);
    value.resize(value.size() + below(below(10) == 0 ? 20'000 : 500), static_cast<char>('a' + below(26)));
    builder.add({.key = "k", .value = value, .timestamp = static_cast<WallMillis>(1000 + sent_)});
  }
  if (idempotent) next_sequence_[key] += static_cast<int32_t>(count);
  return builder.build();
}

Status Victim::create_topic() {
  auto number = static_cast<uint32_t>(stream_->state().topic_count());
  say({About::sent_topic, key_of(number, 0), 0, 0, 0});
  TRY(Stream::CreatedTopic created, stream_->create_topic(topic_name(number), kPartitions, TimestampType::create_time));
  pending_.push_back({created.lsn, {About::acked_topic, key_of(number, 0), 0, 0, 0}});
  return {};
}

Status Victim::append_batch(uint32_t key, const Topic& topic) {
  std::vector<uint8_t> bytes = make_batch(key);
  ++sent_;
  TRY(RecordBatchView batch, RecordBatchView::parse(bytes));
  auto count = static_cast<uint64_t>(batch.last_offset_delta()) + 1;
  say({About::sent_batch, key, 0, batch.crc(), count});
  TopicPartition partition{topic.id, partition_of_key(key)};
  TRY(AppendedBatch appended, stream_->append_batch(partition, bytes));
  pending_.push_back({appended.lsn, {About::acked_batch, key, appended.base_offset, batch.crc(), count}});
  return {};
}

Status Victim::commit_cursor(uint32_t key, const Topic& topic) {
  TopicPartition partition{topic.id, partition_of_key(key)};
  Offset at = topic.partitions[partition.partition].high_watermark;
  say({About::sent_cursor, key, at, 0, 0});
  std::vector<CursorCommit> cursors{{partition, at, 0, ""}};
  TRY(Lsn lsn, stream_->commit_cursors(kGroup, std::move(cursors)));
  pending_.push_back({lsn, {About::acked_cursor, key, at, 0, 0}});
  return {};
}

Status Victim::trim(uint32_t key, const Topic& topic) {
  TopicPartition partition{topic.id, partition_of_key(key)};
  PartitionState state = topic.partitions[partition.partition];
  Offset at =
      state.log_start + static_cast<Offset>(below(static_cast<uint64_t>(state.high_watermark - state.log_start) + 1));
  say({About::sent_trim, key, at, 0, 0});
  TRY(Lsn lsn, stream_->delete_records(partition, at));
  pending_.push_back({lsn, {About::acked_trim, key, at, 0, 0}});
  return {};
}

Status Victim::step() {
  size_t topics = stream_->state().topic_count();
  if (topics == 0 || (topics < kTopicsMax && below(200) == 0)) return create_topic();
  auto number = static_cast<uint32_t>(below(topics));
  const Topic* topic = stream_->state().topic_named(topic_name(number));
  uint32_t key = key_of(number, static_cast<uint32_t>(below(kPartitions)));
  uint64_t what = below(100);
  if (what == 0) return trim(key, *topic);
  if (what < 8) return commit_cursor(key, *topic);
  return append_batch(key, *topic);
}

void Victim::say_acknowledged() {
  while (!pending_.empty() && pending_.front().lsn <= stream_->durable_lsn()) {
    say(pending_.front().message);
    pending_.pop_front();
  }
  OriginPosition position = stream_->state().origin(origin_);
  bool all_durable = stream_->durable_lsn() == stream_->last_lsn();
  if (all_durable)
    say({About::acked_chain, 0, static_cast<int64_t>(position.lsn), position.chain.low ^ position.chain.high, 0});
}

Task<Status> Victim::work() {
  CO_TRY(Stream::IssuedProducerIds ids, stream_->issue_producer_ids(1));
  producer_id_ = ids.first;
  for (;;) {
    for (uint64_t steps = 1 + below(30); steps > 0; --steps) CO_TRY_STATUS(step());
    bool all = below(4) == 0;  // sometimes nothing is under way, mostly much
    if (all) {
      CO_TRY_STATUS(co_await stream_->wait_durable(stream_->last_lsn()));
    } else {
      CO_TRY_STATUS(co_await stream_->advanced().wait());
    }
    say_acknowledged();
  }
}

Task<Status> Victim::run() {
  CO_TRY_STATUS(co_await open());
  CO_TRY_STATUS(co_await look());
  if (!orders_.only_look) co_return co_await work();
  CO_TRY_STATUS(co_await stream_->close());
  stream_.reset();
  co_return Status{};
}

}  // namespace

int run_victim(const VictimOrders& orders) {
  Victim victim(orders);
  Status status = victim.real().executor().run(victim.run());
  if (status) return 0;
  fmt::print(stderr, "process {}: {}\n", orders.process, status.error().message);
  Message failed;
  (void)!::write(orders.pipe, &failed, sizeof(failed));
  std::_Exit(1);  // the stream is open and is not to be closed
}

}  // namespace distributary::crash
