// consume: everything up to `ends`, as fast as it goes; with `prefix=1` there may be more behind it. watch: how fast a
// replica fills up to `ends`, from the moment when it has a fifth of it (or, with `begin_at`, that many records), until
// it has all or `seconds` have passed.
#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "client/client.h"
#include "common/clock.h"

namespace distributary::bench {
namespace {

constexpr int kSilenceSeconds = 30;  // without a record, before it is given up
constexpr int64_t kBetweenLooks = 10'000'000;
constexpr double kWarm = 0.2;  // of the whole, before the clock starts

uint64_t sum(const std::vector<uint64_t>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), uint64_t{0});
}

bool reached(const std::vector<uint64_t>& offsets, const std::vector<uint64_t>& ends) {
  return std::equal(offsets.begin(), offsets.end(), ends.begin(), std::greater_equal<>());
}

}  // namespace

void consume(const Arguments& arguments) {
  Topic topic(arguments);
  Payload payload(arguments.text("payload"));
  std::vector<uint64_t> ends = ends_of(arguments, topic);
  uint64_t wanted = sum(ends);
  int64_t begin = now_ns();
  int64_t last = begin;
  Reader reader(topic, topic.broker, payload, arguments.flag("stamped"));
  while (!reached(reader.next(), ends)) {
    if (reader.take(SIZE_MAX, 10) > 0) {
      last = now_ns();
    } else if (now_ns() - last > kSilenceSeconds * 1'000'000'000ll) {
      throw Failure(fmt::format("{} of {} records of {} came, then none for {} s", reader.total(), wanted, topic.name,
                                kSilenceSeconds));
    }
  }
  if (arguments.flag("prefix")) wanted = reader.total();
  if (reader.total() != wanted) throw Failure("the partitions do not end where they should");
  fmt::print(R"({{"records": {}, "bytes": {}, "seconds": {:.6f}}})"
             "\n",
             wanted, wanted * topic.size, seconds_of(last - begin));
}

void watch(const Arguments& arguments) {
  Topic topic(arguments);
  std::vector<uint64_t> ends = ends_of(arguments, topic);
  uint64_t wanted = sum(ends);
  auto client = rdkafka_client::make_handle(
      RD_KAFKA_CONSUMER, {{"bootstrap.servers", topic.broker}, {"group.id", "bench"}, {"log_level", "0"}});
  int64_t began = now_ns();
  int64_t deadline = began + static_cast<int64_t>(arguments.real("patience", 300) * 1e9);
  int64_t begin = 0;
  uint64_t at_begin = 0;
  uint64_t have = 0;
  uint64_t begin_at = arguments.number("begin_at", static_cast<uint64_t>(kWarm * static_cast<double>(wanted)));
  auto longest = static_cast<int64_t>(arguments.real("seconds", 3600) * 1e9);
  std::vector<uint64_t> seen;
  while (have < wanted && (begin == 0 || now_ns() - begin < longest)) {
    if (now_ns() > deadline) throw Failure(fmt::format("{} of {} records are there, and time is over", have, wanted));
    seen = end_offsets(client.get(), topic);
    have = sum(seen);
    if (begin == 0 && have >= begin_at) {
      bool at_once = have >= wanted;  // before the first look: then all of it counts
      begin = at_once ? began : now_ns();
      at_begin = at_once ? 0 : have;
      fmt::print("{{\"event\": \"flowing\"}}\n");
      std::fflush(stdout);
    }
    if (have < wanted) sleep_until_ns(now_ns() + kBetweenLooks);
  }
  int64_t end = now_ns();
  if (have >= wanted && seen != ends) throw Failure("the partitions do not end where they should");
  fmt::print(R"({{"records": {}, "bytes": {}, "seconds": {:.6f}, "since_start": {:.6f}, "ends": {}}})"
             "\n",
             have - at_begin, (have - at_begin) * topic.size, seconds_of(end - begin), seconds_of(end - began),
             json_list(seen));
}

}  // namespace distributary::bench
