// A stream in a directory on the real disk, opened and closed; it is found again by the next run of the program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/real/real_world.h"
#include "storage/local/local_log_store.h"
#include "stream/stream.h"
#include "stream/tail_cache.h"

namespace distributary::bench {

// Ends the program with the error, if there is one.
template <class T>
T must(Result<T> result);
[[noreturn]] void die(const Error& error);

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Settings {
  std::string directory;
  uint32_t partitions = 1000;
  size_t batch_bytes = 16384;
  double gigabytes = 4;     // 10^9 bytes, of record batches
  double seconds = 10;      // of a measurement under load
  double rate = 0;          // MB/s of record batches; 0: as fast as it goes
  size_t window = 4 << 20;  // at top speed: bytes not yet acknowledged
  size_t fetch_bytes = 1 << 20;
  size_t consumers = 1;
  int threads = RealBlockingPool::kReadThreads;  // that read the device
  uint64_t seed = 1;
  Durability durability = Durability::sync;
};

class BenchStream {
 public:
  explicit BenchStream(const Settings& settings);
  void open();  // times it: `open_seconds`
  void close();
  Stream& stream() { return *stream_; }
  RealExecutor& executor() { return real_->executor(); }
  template <class T>
  T run(Task<Result<T>> task) {
    return must(real_->executor().run(std::move(task)));
  }
  double open_seconds() const { return open_seconds_; }
  // Creates topics until there are `partitions` in all, at most kPartitionsPerTopic in each; gives all of them.
  std::vector<TopicPartition> partitions(uint32_t count);

 private:
  static constexpr uint32_t kPartitionsPerTopic = 1000;
  const Settings settings_;
  std::unique_ptr<RealWorld> real_;
  TailCache cache_{64u << 20};
  std::unique_ptr<LocalLogStore> store_;
  std::unique_ptr<Stream> stream_;
  double open_seconds_ = 0;
};

}  // namespace distributary::bench
