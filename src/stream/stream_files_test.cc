// Batches that stay in their files on the way to a reader: right, checked, and not read again while they are in memory.
#include <gtest/gtest.h>

#include "stream/stream_harness.h"

namespace distributary {
namespace {

constexpr size_t kValueBytes = 40'000;

class StreamFilesTest : public testing::Test {
 protected:
  StreamFilesTest() {
    h.cache = TailCache(0);
    h.open();
    place.topic = h.create("clicks");
    for (char c = 'a'; c < 'k'; ++c) h.produce(place, {std::string(kValueBytes, c)});
  }
  // With pieces of files; each is read and compared here. The bytes that the stream itself has read for it.
  uint64_t fetch_all(size_t wanted_in_files = 10) {
    uint64_t own = 0;
    size_t in_files = 0;
    Offset from = 0;
    while (from < 10) {
      uint64_t before = h.sim.disk("host").bytes_read;
      FetchedBatches fetched = must(h.sim.executor().run(h.stream->fetch(place, from, 200'000, true, false, true)));
      own += h.sim.disk("host").bytes_read - before;
      if (fetched.batches.empty()) {
        ADD_FAILURE() << "nothing at offset " << from;
        break;
      }
      for (const Piece& piece : fetched.batches) {
        if (!piece.in_memory()) ++in_files;
        compare(piece, from++);
      }
      EXPECT_EQ(fetched.next, from);
    }
    EXPECT_EQ(in_files, wanted_in_files);
    return own;
  }
  void compare(const Piece& piece, Offset offset) {
    std::vector<uint8_t> bytes(piece.size());
    if (piece.in_memory()) {
      bytes.assign(piece.bytes().view().begin(), piece.bytes().view().end());
    } else {
      EXPECT_EQ(must(h.sim.executor().run(piece.file().read(piece.at(), bytes))), bytes.size());
    }
    RecordBatchView batch = must(RecordBatchView::parse(bytes));
    EXPECT_EQ(batch.size(), bytes.size());
    EXPECT_EQ(batch.base_offset(), offset);
    EXPECT_EQ(batch.crc(), batch.computed_crc());
    EXPECT_NE(as_text(bytes).find(std::string(kValueBytes, static_cast<char>('a' + offset))), std::string::npos);
  }
  std::string segment_path() {
    std::string directory = "/data/logs/" + to_string(LogId{h.origin.stream, 0});
    for (const std::string& name : must(h.sim.executor().run(h.world->files.list(directory)))) {
      if (name.starts_with("segment-")) return directory + "/" + name;
    }
    ADD_FAILURE() << "no segment";
    return {};
  }
  void damage_offset(char value) {
    std::vector<uint8_t> content = must(h.sim.disk("host").current_content(segment_path()));
    size_t at = as_text(content).find(std::string(1000, value));
    ASSERT_NE(at, std::string::npos);
    ASSERT_TRUE(h.sim.disk("host").corrupt(segment_path(), at + 500, 1).has_value());
  }
  void set_in_memory(bool in_memory) { h.sim.disk("host").settings.in_memory = in_memory; }

  StreamHarness h;
  TopicPartition place;
};

TEST_F(StreamFilesTest, ArePiecesOfTheSegmentWhileInMemory) {
  EXPECT_GT(fetch_all(0), 10 * kValueBytes) << "from the device: read as ever";
  set_in_memory(true);
  fetch_all(10);
}

TEST_F(StreamFilesTest, SmallBatchesComeInMemory) {
  h.close();
  h.origin.stream = Uuid::from_random({9, 9, 9});
  h.open();
  place.topic = h.create("small");
  h.produce(place, {"a"});
  FetchedBatches fetched = must(h.sim.executor().run(h.stream->fetch(place, 0, 200'000, true, false, true)));
  ASSERT_EQ(fetched.batches.size(), 1u);
  EXPECT_TRUE(fetched.batches[0].in_memory());
}

TEST_F(StreamFilesTest, WhatThisProcessWroteIsNotReadWhileInMemory) {
  set_in_memory(true);
  EXPECT_LT(fetch_all(), 10 * 1000u) << "headers only";
  set_in_memory(false);
  EXPECT_GT(fetch_all(0), 10 * kValueBytes);
}

TEST_F(StreamFilesTest, WhatWasCheckedOnceIsNotReadAgainWhileInMemory) {
  h.close();
  h.open();
  set_in_memory(true);
  EXPECT_GT(fetch_all(), 10 * kValueBytes) << "an earlier process wrote it";
  EXPECT_LT(fetch_all(), 10 * 1000u);
}

TEST_F(StreamFilesTest, AnyReadOfTheDeviceHasTheSegmentCheckedAgain) {
  set_in_memory(true);
  FetchedBatches held = must(h.sim.executor().run(h.stream->fetch(place, 3, 1, true, false, true)));
  ASSERT_FALSE(held.batches.at(0).in_memory());
  set_in_memory(false);
  compare(held.batches[0], 3);  // sent to a slow reader, from the device
  set_in_memory(true);
  EXPECT_GT(fetch_all(), 10 * kValueBytes) << "the system may have read ahead";
  EXPECT_LT(fetch_all(), 10 * 1000u);
}

TEST_F(StreamFilesTest, WhatIsNotDurableComesInMemory) {
  set_in_memory(true);
  h.options.durability = Durability::async;
  h.options.async_flush = std::chrono::hours(1);
  h.close();
  h.open();
  AppendedBatch last = h.append(place, {std::string(kValueBytes, 'k')});
  must(h.sim.executor().run(h.stream->wait_acknowledged(last.lsn)));
  FetchedBatches fetched = must(h.sim.executor().run(h.stream->fetch(place, 9, 1, true, false, true)));
  EXPECT_FALSE(fetched.batches.at(0).in_memory());
  fetched = must(h.sim.executor().run(h.stream->fetch(place, 10, 1, true, false, true)));
  EXPECT_TRUE(fetched.batches.at(0).in_memory());
  h.wait(last.lsn);
  fetched = must(h.sim.executor().run(h.stream->fetch(place, 10, 1 << 20, true, false, true)));
  EXPECT_FALSE(fetched.batches.at(0).in_memory());
}

TEST_F(StreamFilesTest, DamageIsFoundBeforeAPieceIsGiven) {
  set_in_memory(true);
  fetch_all();
  damage_offset('c');
  FetchedBatches before = must(h.sim.executor().run(h.stream->fetch(place, 0, 1 << 20, true, false, true)));
  EXPECT_EQ(before.batches.size(), 2u);
  EXPECT_EQ(before.next, 2);
  auto damaged = h.sim.executor().run(h.stream->fetch(place, 2, 1 << 20, true, false, true));
  ASSERT_FALSE(damaged.has_value());
  EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
  FetchedBatches after = must(h.sim.executor().run(h.stream->fetch(place, 3, 1 << 20, true, false, true)));
  EXPECT_EQ(after.batches.size(), 7u);
}

TEST_F(StreamFilesTest, ARewrittenSegmentIsReadAnew) {
  h.options.segment_bytes = 100'000;
  set_in_memory(true);
  fetch_all();
  h.close();
  h.open();
  for (char c = 'k'; c < 'z'; ++c) h.produce(place, {std::string(kValueBytes, c)});
  TopicPartition other{h.create("other"), 0};
  for (int i = 0; i < 6; ++i) h.produce(other, {std::string(kValueBytes, '!')});
  FetchedBatches held = must(h.sim.executor().run(h.stream->fetch(place, 12, 1 << 20, true, false, true)));
  must(h.stream->delete_topic(other.topic));
  must(h.sim.executor().run(h.stream->purge()));
  Offset from = 0;
  while (from < 25) {
    FetchedBatches fetched = must(h.sim.executor().run(h.stream->fetch(place, from, 200'000, true, false, true)));
    ASSERT_FALSE(fetched.batches.empty());
    for (const Piece& piece : fetched.batches) compare(piece, from++);
  }
  from = 12;
  for (const Piece& piece : held.batches) compare(piece, from++);  // of the file as it was
}

}  // namespace
}  // namespace distributary
