// stream_bench COMMAND DIRECTORY [option=value ...]: one stream on a real disk, measured.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <map>

#include "stream_bench/catch_up.h"
#include "stream_bench/load.h"

namespace distributary::bench {
namespace {

constexpr char kUsage[] = R"(stream_bench COMMAND DIRECTORY [option=value ...]

  load      append `gb` at top speed, then `seconds` at half of that
  rate      append `rate` MB/s for `seconds`; rate=0: `gb` at top speed
  catchup   append `rate` MB/s alone for `seconds`, then while `consumers` partitions are read, page cache dropped
  open      opens the stream and closes it
  topics    creates, lists and writes to `partitions` topics

options: gb=4 partitions=1000 batch=16384 seconds=10 rate=0 window=4194304 fetch=1048576 consumers=1 threads=16 seed=1
         async=0
)";

double megabytes(uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

void print_produced(std::string_view what, const Load::Figures& figures, const Usage& used) {
  double gigabytes = static_cast<double>(figures.bytes) / 1e9;
  fmt::print("{}: {:.2f} GB in {:.1f} s = {:.1f} MB/s, {:.0f} batches/s, ack {}, {:.2f} CPU-s/GB\n", what, gigabytes,
             used.seconds, megabytes(figures.bytes) / used.seconds, static_cast<double>(figures.batches) / used.seconds,
             figures.latencies.text(), used.cpu_seconds / gigabytes);
}

void print_memory() {
  fmt::print("memory: {:.0f} MiB, at most {:.0f} MiB\n", static_cast<double>(resident_bytes()) / (1 << 20),
             static_cast<double>(peak_resident_bytes()) / (1 << 20));
}

SteadyTime after(BenchStream& bench, double seconds) {
  return bench.executor().clock().now() + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void measure_rate(BenchStream& bench, Load& load, std::string_view what, double rate, double seconds) {
  Usage before = Usage::now();
  bench.executor().run(load.run_rate(rate, after(bench, seconds)));
  print_produced(what, load.take(), Usage::now().since(before));
}

void load_command(const Settings& settings) {
  BenchStream bench(settings);
  bench.open();
  Load load(bench, settings, bench.partitions(settings.partitions));
  Usage before = Usage::now();
  bench.run(load.run_top(static_cast<uint64_t>(settings.gigabytes * 1e9)));
  Usage used = Usage::now().since(before);
  Load::Figures figures = load.take();
  print_produced("top load", figures, used);
  double half = megabytes(figures.bytes) / used.seconds / 2;
  measure_rate(bench, load, "half load", half, settings.seconds);
  fmt::print("half: {:.0f}\n", half);
  print_memory();
  bench.close();
}

void rate_command(const Settings& settings) {
  BenchStream bench(settings);
  bench.open();
  fmt::print("open: {:.3f} s\n", bench.open_seconds());
  Load load(bench, settings, bench.partitions(settings.partitions));
  if (settings.rate > 0) {
    measure_rate(bench, load, "load", settings.rate, settings.seconds);
  } else {
    Usage before = Usage::now();
    bench.run(load.run_top(static_cast<uint64_t>(settings.gigabytes * 1e9)));
    print_produced("top load", load.take(), Usage::now().since(before));
  }
  bench.close();
}

struct CatchUpResult {
  CatchUp caught_up;
  Usage used;
};

Task<void> load_until_caught_up(BenchStream& bench, Load& load, const Settings& settings,
                                std::vector<TopicPartition> chosen, CatchUpResult& out) {
  TaskScope scope(bench.executor());
  SteadyTime never = after(bench, 3600);
  if (settings.rate > 0) scope.spawn(load.run_rate(settings.rate, never));
  Usage before = Usage::now();
  co_await catch_up(bench, std::move(chosen), settings.fetch_bytes, after(bench, settings.seconds), out.caught_up);
  out.used = Usage::now().since(before);
  load.stop();
  co_await scope.join();
}

void catch_up_command(const Settings& settings) {
  BenchStream bench(settings);
  bench.open();
  std::vector<TopicPartition> all = bench.partitions(settings.partitions);
  std::vector<TopicPartition> chosen;
  for (size_t i = 0; i < settings.consumers; ++i)
    chosen.push_back(all[(settings.seed + i * all.size() / settings.consumers) % all.size()]);
  Load load(bench, settings, all);
  if (settings.rate > 0) measure_rate(bench, load, "before", settings.rate, settings.seconds);
  if (!drop_page_cache()) fmt::print("the page cache could not be dropped: run as root\n");
  CatchUpResult result;
  bench.executor().run(load_until_caught_up(bench, load, settings, chosen, result));
  const CatchUp& read = result.caught_up;
  if (settings.rate > 0) print_produced("during", load.take(), result.used);
  fmt::print(
      "catch-up: {} of {} done, {:.1f} MB in {:.2f} s = {:.1f} MB/s, {:.0f} batches/s, device {:.1f} MB = {:.2f} x "
      "useful, "
      "fetches {} {}, CPU {:.2f} s\n",
      read.finished, chosen.size(), megabytes(read.bytes), result.used.seconds,
      megabytes(read.bytes) / result.used.seconds, static_cast<double>(read.batches) / result.used.seconds,
      megabytes(result.used.read_bytes),
      static_cast<double>(result.used.read_bytes) / static_cast<double>(std::max<uint64_t>(read.bytes, 1)),
      read.fetches, read.fetch_times.text(), result.used.cpu_seconds);
  print_memory();
  bench.close();
}

void open_command(const Settings& settings) {
  if (!drop_page_cache()) fmt::print("the page cache could not be dropped: run as root\n");
  BenchStream bench(settings);
  Usage before = Usage::now();
  bench.open();
  Usage used = Usage::now().since(before);
  fmt::print("open: {:.3f} s, CPU {:.3f} s, device {:.1f} MB, {:.2f} GB on disk, last LSN {}, {} topics\n",
             bench.open_seconds(), used.cpu_seconds, megabytes(used.read_bytes),
             static_cast<double>(bench.stream().bytes_on_disk()) / 1e9, bench.stream().last_lsn(),
             bench.stream().state().topic_count());
  print_memory();
  bench.close();
}

Task<Result<void>> create_topics(Stream& stream, uint32_t count) {
  Lsn last = 0;
  for (uint32_t i = 0; i < count; ++i) {
    Result<Stream::CreatedTopic> created =
        stream.create_topic(fmt::format("one-of-many-{:07}", i), 1, TimestampType::create_time);
    if (!created) co_return fail(created.error());
    last = created->lsn;
    if (i % 1000 == 0) CO_TRY_STATUS(co_await stream.wait_room());
  }
  co_return co_await stream.wait_durable(last);
}

void topics_command(const Settings& settings) {
  BenchStream bench(settings);
  bench.open();
  Stream& stream = bench.stream();
  Usage before = Usage::now();
  bench.run(create_topics(stream, settings.partitions));
  Usage used = Usage::now().since(before);
  fmt::print("create: {} topics in {:.2f} s, CPU {:.2f} s\n", settings.partitions, used.seconds, used.cpu_seconds);
  print_memory();
  before = Usage::now();
  std::vector<TopicPartition> all;
  size_t letters = 0;
  for (const auto& [name, ordinal] : stream.state().names()) {
    letters += name.size();
    all.push_back({stream.state().topic_at(ordinal)->id, 0});
  }
  fmt::print("list: {} topics, {} letters in {:.3f} s\n", all.size(), letters, Usage::now().since(before).seconds);
  Load load(bench, settings, all);
  before = Usage::now();
  bench.run(load.run_top(uint64_t{3} * settings.partitions * load.batch_size()));
  print_produced("produce", load.take(), Usage::now().since(before));
  print_memory();
  bench.close();
}

void set_option(Settings& settings, const std::string& name, const std::string& value) {
  const std::map<std::string, std::function<void()>> known{
      {"gb", [&] { settings.gigabytes = std::stod(value); }},
      {"partitions", [&] { settings.partitions = static_cast<uint32_t>(std::stoul(value)); }},
      {"batch", [&] { settings.batch_bytes = std::stoul(value); }},
      {"seconds", [&] { settings.seconds = std::stod(value); }},
      {"rate", [&] { settings.rate = std::stod(value); }},
      {"window", [&] { settings.window = std::stoul(value); }},
      {"fetch", [&] { settings.fetch_bytes = std::stoul(value); }},
      {"consumers", [&] { settings.consumers = std::stoul(value); }},
      {"threads", [&] { settings.threads = std::stoi(value); }},
      {"seed", [&] { settings.seed = std::stoull(value); }},
      {"async", [&] { settings.durability = value == "1" ? Durability::async : Durability::sync; }},
  };
  auto found = known.find(name);
  if (found == known.end())
    die(Error{ErrorCode::invalid_argument, fmt::format("there is no option '{}'\n{}", name, kUsage)});
  found->second();
}

int run(int count, char** words) {
  const std::map<std::string, void (*)(const Settings&)> commands{{"load", load_command},
                                                                  {"rate", rate_command},
                                                                  {"catchup", catch_up_command},
                                                                  {"open", open_command},
                                                                  {"topics", topics_command}};
  auto command = count < 3 ? commands.end() : commands.find(words[1]);
  if (command == commands.end()) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  Settings settings;
  settings.directory = words[2];
  for (int i = 3; i < count; ++i) {
    std::string word = words[i];
    size_t equals = word.find('=');
    if (equals == std::string::npos)
      die(Error{ErrorCode::invalid_argument, fmt::format("'{}' is not option=value", word)});
    set_option(settings, word.substr(0, equals), word.substr(equals + 1));
  }
  setvbuf(stdout, nullptr, _IOLBF, 0);
  command->second(settings);
  return 0;
}

}  // namespace
}  // namespace distributary::bench

int main(int count, char** words) { return distributary::bench::run(count, words); }
