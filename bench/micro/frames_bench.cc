// What a frame costs on its way in and out: of links (with and without its checksum), and of Kafka's produce and fetch.
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "model/record_batch_builder.h"
#include "wire/kafka/fetch.h"
#include "wire/kafka/header.h"
#include "wire/kafka/produce.h"
#include "wire/link/entries_frame.h"

using namespace distributary;

namespace {

std::vector<uint8_t> batch_of(size_t size) {
  std::string value(size, 'v');
  return RecordBatchBuilder().add({.value = value, .timestamp = 1000}).build();
}

std::vector<uint8_t> joined(const std::vector<Bytes>& pieces) {
  std::vector<uint8_t> bytes;
  for (const Bytes& piece : pieces) bytes.insert(bytes.end(), piece.view().begin(), piece.view().end());
  return bytes;
}

std::vector<Bytes> contents_of(const benchmark::State& state) {
  return std::vector<Bytes>(static_cast<size_t>(state.range(1)), Bytes(batch_of(static_cast<size_t>(state.range(0)))));
}

void frame_encode(benchmark::State& state) {
  std::vector<Bytes> contents = contents_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(encode_entries(1, contents));
  state.SetBytesProcessed(static_cast<int64_t>(entries_frame_bytes(contents)) * state.iterations());
}
BENCHMARK(frame_encode)->Args({1024, 64})->Args({16384, 16})->Args({1 << 20, 1});

void frame_decode(benchmark::State& state) {
  std::vector<uint8_t> frame = joined(encode_entries(1, contents_of(state)));
  for (auto _ : state) {
    CHECK(check_frame(frame));
    CHECK(EntriesFrame::decode(ByteView(frame).subspan(kFrameHeaderBytes)));
  }
  state.SetBytesProcessed(static_cast<int64_t>(frame.size()) * state.iterations());
}
BENCHMARK(frame_decode)->Args({1024, 64})->Args({16384, 16})->Args({1 << 20, 1});

void kafka_produce_decode(benchmark::State& state) {
  std::vector<uint8_t> batch = batch_of(1024);
  kafka::ProduceRequest request;
  request.acks = -1;
  request.topic_data.push_back({.name = "/path/of/a/stream:topic"});
  for (int32_t i = 0; i < state.range(0); ++i)
    request.topic_data[0].partition_data.push_back({.index = i, .records = ByteView(batch)});
  kafka::Writer out;
  CHECK(request.encode(out, 9));
  std::vector<uint8_t> body = joined(out.take());
  for (auto _ : state) CHECK(kafka::ProduceRequest::decode(body, 9));
}
BENCHMARK(kafka_produce_decode)->Arg(1)->Arg(12)->Arg(100);

void fetch_assembly(benchmark::State& state) {
  kafka::FetchResponse response;
  response.responses.emplace_back();
  for (int32_t i = 0; i < state.range(0); ++i) {
    response.responses[0].partitions.emplace_back();
    response.responses[0].partitions.back().partition_index = i;
    response.responses[0].partitions.back().records = {Bytes(batch_of(1024))};
  }
  for (auto _ : state) CHECK(kafka::encode_response_frame(response, 12, 1));
}
BENCHMARK(fetch_assembly)->Arg(1)->Arg(12)->Arg(100);

}  // namespace
