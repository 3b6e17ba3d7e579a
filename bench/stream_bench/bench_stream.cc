#include "stream_bench/bench_stream.h"

#include <fmt/core.h>

#include <cstdlib>

namespace distributary::bench {

void die(const Error& error) {
  fmt::print(stderr, "stream_bench: {}\n", error.message);
  std::exit(1);
}

BenchStream::BenchStream(const Settings& settings)
    : settings_(settings), real_(make_real_world(RealBlockingPool::kDefaultThreads, settings.threads)) {}

void BenchStream::open() {
  auto began = std::chrono::steady_clock::now();
  World& world = real_->world();
  LocalLogOptions local{.root = settings_.directory, .reserve = 0};
  store_ = run(LocalLogStore::start(world.executor, world.files, local));
  Origin origin{Uuid::from_random({7, 7, 7}), 1};
  // Epochs only have to grow from one run to the next.
  auto epoch = static_cast<StorageEpoch>(world.clock().wall_now());
  std::unique_ptr<Log> log = run(store_->open(LogId{origin.stream, 0}, epoch));
  StreamOptions options;
  options.durability = settings_.durability;
  stream_ = run(Stream::open(world, std::move(log), cache_, origin, epoch, options));
  open_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (const Damage& damage : stream_->damage()) die(Error{ErrorCode::corrupt, damage.what});
}

void BenchStream::close() {
  run(stream_->close());
  stream_.reset();
  store_.reset();
}

std::vector<TopicPartition> BenchStream::partitions(uint32_t count) {
  std::vector<TopicPartition> all;
  Lsn last = 0;
  for (uint32_t t = 0; all.size() < count; ++t) {
    std::string name = fmt::format("topic-{:06}", t);
    uint32_t wanted = std::min<uint32_t>(kPartitionsPerTopic, count - static_cast<uint32_t>(all.size()));
    TopicUuid id;
    if (const Topic* known = stream_->state().topic_named(name)) {
      id = known->id;
      wanted = static_cast<uint32_t>(known->partitions.size());
    } else {
      Stream::CreatedTopic created = must(stream_->create_topic(name, wanted, TimestampType::create_time));
      id = created.id;
      last = created.lsn;
    }
    for (uint32_t p = 0; p < wanted && all.size() < count; ++p) all.push_back({id, p});
  }
  if (last != 0) run(stream_->wait_durable(last));
  return all;
}

}  // namespace distributary::bench
