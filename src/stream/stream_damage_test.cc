// Flipped bits, lost files: everything that was durable is either served as it was or named; never served wrong.
#include <gtest/gtest.h>

#include "stream/stream_harness.h"

namespace distributary {
namespace {

std::vector<std::string> values(int from, int to) {
  std::vector<std::string> out;
  for (int i = from; i < to; ++i) out.push_back("value " + std::to_string(i));
  return out;
}

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    h.options.segment_bytes = 4096;
    h.options.checkpoint_bytes = 8192;
    h.cache = TailCache(0);
    h.open();
    topic = h.create("clicks");
    for (int i = 0; i < 60; ++i) h.produce({topic, 0}, values(i, i + 1));
    h.sim.executor().run_for(std::chrono::seconds(5));
  }
  std::string directory() { return "/data/logs/" + to_string(LogId{h.origin.stream, 0}); }
  std::vector<std::string> files(const std::string& prefix) {
    auto names = must(h.sim.executor().run(h.world->files.list(directory())));
    std::erase_if(names, [&](const std::string& name) { return !name.starts_with(prefix); });
    return names;
  }
  // Reads one record after the other; each is right or an error, and errors name damage.
  int wrong_or_missing() {
    int missing = 0;
    Offset end = h.stream->state().topic(topic)->partitions[0].next;
    for (Offset offset = 0; offset < end; ++offset) {
      auto fetched = h.fetch({topic, 0}, offset, 1);
      if (!fetched || fetched->batches.empty()) {
        ++missing;
        continue;
      }
      RecordBatchView batch = must(RecordBatchView::parse(fetched->batches[0]));
      EXPECT_EQ(batch.base_offset(), offset) << "damage was stepped over in silence";
      EXPECT_EQ(batch.crc(), batch.computed_crc()) << "served damaged bytes at offset " << offset;
      std::string expected = "value " + std::to_string(offset);
      EXPECT_NE(std::string(as_text(fetched->batches[0])).find(expected), std::string::npos);
    }
    return missing;
  }

  StreamHarness h;
  TopicUuid topic;
};

TEST_F(DamageTest, AFlippedBitInASealedSegmentIsNamedAndNeverServed) {
  std::vector<std::string> segments = files("segment-");
  ASSERT_GE(segments.size(), 4u);
  std::string path = directory() + "/" + segments[1];
  h.close();
  Bytes original = Bytes(must(h.sim.disk("host").durable_content(path)));
  for (size_t at = 200; at < original.size() - 300; at += 37) {
    must(h.sim.disk("host").flip_bit(path, at * 8 + at % 8));
    h.open();
    ASSERT_TRUE(h.stream->damage().empty());
    EXPECT_LE(wrong_or_missing(), 2) << "bit at " << at;
    auto history = h.sim.executor().run(h.stream->find_position({}));
    auto chunk = h.sim.executor().run(h.stream->read_log(must(history), 1 << 20));
    ASSERT_FALSE(chunk.has_value()) << "history was served over a flipped bit at " << at;
    EXPECT_EQ(chunk.error().code, ErrorCode::corrupt);
    h.close();
    must(h.sim.disk("host").flip_bit(path, at * 8 + at % 8));
    h.open();  // and forgets what it noted: it is whole
    h.close();
  }
  h.open();
  EXPECT_EQ(wrong_or_missing(), 0);
}

TEST_F(DamageTest, AFlippedBitInAnIndexIsNoticedAndTheIndexMadeAgain) {
  h.close();
  for (int round = 0; round < 40; ++round) {
    h.open();
    h.sim.executor().run_for(std::chrono::seconds(1));
    h.close();
    std::vector<std::string> indexes = files("blob-index");
    ASSERT_FALSE(indexes.empty());
    std::string path = directory() + "/" + indexes[h.sim.random().below(indexes.size())];
    size_t size = must(h.sim.disk("host").durable_content(path)).size();
    must(h.sim.disk("host").flip_bit(path, h.sim.random().below(size * 8)));
    h.open();
    EXPECT_EQ(wrong_or_missing(), 0);
    h.close();
  }
  h.open();
}

// Nobody has read what is damaged before indexes are merged: the merge finds it, and must not stop the stream.
TEST_F(DamageTest, AFlippedBitInAnIndexIsNoticedByAMerge) {
  constexpr size_t kFirstBlock = 64;
  int produced = 60;
  for (int round = 0; round < 10; ++round) {
    h.close();
    std::string path = directory() + "/" + files("blob-index").back();
    must(h.sim.disk("host").flip_bit(path, (kFirstBlock + 8) * 8 + h.sim.random().below(64)));
    h.open();
    for (int i = 0; i < 100; ++i, ++produced) h.produce({topic, 0}, values(produced, produced + 1));
    h.sim.executor().run_for(std::chrono::seconds(5));
    ASSERT_FALSE(h.stream->failure().has_value()) << h.stream->failure()->message;
  }
  EXPECT_EQ(wrong_or_missing(), 0);
}

TEST_F(DamageTest, AFlippedBitInACheckpointIsNoticedAndTheLogIsRead) {
  h.close();
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> checkpoints = files("blob-checkpoint");
    ASSERT_FALSE(checkpoints.empty());
    std::string path = directory() + "/" + checkpoints[h.sim.random().below(checkpoints.size())];
    size_t size = must(h.sim.disk("host").durable_content(path)).size();
    must(h.sim.disk("host").flip_bit(path, h.sim.random().below(size * 8)));
    h.open();
    ASSERT_TRUE(h.stream->damage().empty()) << h.stream->damage().front().what;
    EXPECT_EQ(wrong_or_missing(), 0);
    Offset next = h.stream->state().topic(topic)->partitions[0].next;
    h.produce({topic, 0}, values(static_cast<int>(next), static_cast<int>(next) + 1));
    h.close();
  }
  h.open();
}

// The server runs on: what is met while reading makes the stream read-only, now and when it is opened again.
TEST_F(DamageTest, DamageMetWhileReadingMakesTheStreamReadOnlyUntilItIsWhole) {
  std::string path = directory() + "/" + files("segment-")[1];
  const size_t bit = (96 + 64 + 120 + 70) * 8 + 3;
  must(h.sim.disk("host").flip_bit(path, bit));
  EXPECT_TRUE(h.stream->damage().empty());
  EXPECT_TRUE(h.stream->append_batch({topic, 0}, batch_of({"value 60"})).has_value()) << "nobody has noticed yet";
  EXPECT_GE(wrong_or_missing(), 1);
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(h.stream->damage().size(), 1u);
    EXPECT_NE(h.stream->damage()[0].what.find(to_string(topic)), std::string::npos) << h.stream->damage()[0].what;
    EXPECT_NE(h.stream->damage()[0].what.find("offset"), std::string::npos) << h.stream->damage()[0].what;
    auto refused = h.stream->append_batch({topic, 0}, batch_of({"x"}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_NE(refused.error().message.find("read-only"), std::string::npos) << refused.error().message;
    h.close();
    h.open();
  }
  h.close();
  must(h.sim.disk("host").flip_bit(path, bit));
  h.open();
  EXPECT_TRUE(h.stream->damage().empty());
  EXPECT_EQ(wrong_or_missing(), 0);
  EXPECT_EQ(h.produce({topic, 0}, {"value 61"}).base_offset, 61);
}

TEST_F(DamageTest, NotesOfDamageThatAreDamagedThemselvesAreNotBelievedToBeEmpty) {
  std::string path = directory() + "/" + files("segment-")[1];
  const size_t bit = (96 + 64 + 120 + 70) * 8 + 3;
  must(h.sim.disk("host").flip_bit(path, bit));
  EXPECT_GE(wrong_or_missing(), 1);
  h.close();
  ASSERT_EQ(files("blob-damage").size(), 1u);
  must(h.sim.disk("host").flip_bit(directory() + "/" + files("blob-damage")[0], 300));
  h.open();
  EXPECT_FALSE(h.stream->damage().empty());
  h.close();
  must(h.sim.disk("host").flip_bit(path, bit));
  h.open();
  EXPECT_TRUE(h.stream->damage().empty());
  EXPECT_TRUE(files("blob-damage").empty());
}

// Its checksum holds, and yet nobody may make us take 32 GiB.
TEST(DamagedState, ACountBeyondReasonIsRefused) {
  StreamState state;
  for (uint64_t ordinals : {uint64_t{kTopicOrdinalsMax} + 1, uint64_t{UINT32_MAX}, UINT64_MAX}) {
    std::vector<uint8_t> chunk;
    Encoder out(chunk);
    out.varint(ordinals);
    out.u64(0);
    out.u64(0);
    out.varint(0);
    out.varint(0);
    EXPECT_FALSE(state.load_chunk({StateChunk::Kind::meta, 0}, chunk)) << ordinals;
  }
  EXPECT_EQ(state.ordinals_end(), 0u);
}

// Nor may a chunk bring topics that are not its own.
TEST(DamagedState, ATopicOfAnotherChunkIsRefused) {
  StreamHarness h;
  h.open();
  h.create("topic");
  const std::vector<uint8_t> chunk = h.stream->state().encode_chunk({StateChunk::Kind::topics, 0});
  StreamState state;
  EXPECT_FALSE(state.load_chunk({StateChunk::Kind::topics, 1}, chunk));
  EXPECT_EQ(state.ordinals_end(), 0u);
  EXPECT_TRUE(state.load_chunk({StateChunk::Kind::topics, 0}, chunk));
}

// A link or a disk may say so; nobody may write beside the marks of what has changed because of it.
TEST(DamagedState, NegativeProducerIdsHaveAPlaceToo) {
  for (int64_t id : {int64_t{-1}, int64_t{-5}, INT64_MIN, int64_t{0}, INT64_MAX}) {
    EXPECT_LT(producer_chunk(id), kProducerChunks) << id;
    ContentFields fields;
    fields.type = EntryType::producers_expired;
    fields.origin_lsn = 1;
    std::vector<uint8_t> entry;
    size_t at = begin_entry(entry, fields, ProducersExpired{{id}}.encode());
    StreamState state;
    EXPECT_TRUE(state.apply(seal_entry(entry, at, 1, 0))) << id;
    for (const StateChunk& chunk : state.dirty_chunks()) EXPECT_LT(chunk.index, kProducerChunks);
  }
}

TEST_F(DamageTest, DamageMetByALinkMakesTheStreamReadOnlyToo) {
  must(h.sim.disk("host").flip_bit(directory() + "/" + files("segment-")[1], (96 + 64 + 120 + 70) * 8));
  auto from = must(h.sim.executor().run(h.stream->find_position({})));
  EXPECT_FALSE(h.sim.executor().run(h.stream->read_log(from, 1 << 20)));
  EXPECT_EQ(h.stream->damage().size(), 1u);
}

TEST_F(DamageTest, FlippedBitsInIndexAndCheckpointOfAnOpenStreamDoNoHarm) {
  int produced = 60;
  for (int round = 0; round < 20; ++round) {
    for (const char* kind : {"blob-index", "blob-checkpoint"}) {
      std::vector<std::string> found = files(kind);
      ASSERT_FALSE(found.empty());
      std::string path = directory() + "/" + found[h.sim.random().below(found.size())];
      size_t size = must(h.sim.disk("host").durable_content(path)).size();
      must(h.sim.disk("host").flip_bit(path, h.sim.random().below(size * 8)));
    }
    EXPECT_EQ(wrong_or_missing(), 0);
    EXPECT_TRUE(h.stream->damage().empty());
    for (int i = 0; i < 10; ++i, ++produced) h.produce({topic, 0}, values(produced, produced + 1));
    h.sim.executor().run_for(std::chrono::seconds(5));
    ASSERT_FALSE(h.stream->failure().has_value()) << h.stream->failure()->message;
    h.close();
    h.open();
  }
  EXPECT_EQ(wrong_or_missing(), 0);
}

TEST_F(DamageTest, LostIndexesAndCheckpointsAreMadeAgainFromTheLog) {
  h.close();
  for (const std::string& name : files("blob-")) {
    must(h.sim.executor().run(h.world->files.remove(directory() + "/" + name)));
  }
  h.open();
  EXPECT_TRUE(h.stream->damage().empty());
  EXPECT_EQ(wrong_or_missing(), 0);
  EXPECT_EQ(h.produce({topic, 0}, {"value 60"}).base_offset, 60);
}

TEST_F(DamageTest, DamageBelowTheDurableLsnOpensReadOnlyAndNamesWhatIsHit) {
  h.close();
  // Without checkpoints and indexes the whole log is read again, and the damage is met by recovery.
  for (const std::string& name : files("blob-"))
    must(h.sim.executor().run(h.world->files.remove(directory() + "/" + name)));
  std::string path = directory() + "/" + files("segment-")[2];
  must(h.sim.disk("host").flip_bit(path, (96 + 64 + 120 + 30) * 8 + 3));
  h.open();
  ASSERT_FALSE(h.stream->damage().empty());
  std::string all;
  for (const Damage& damage : h.stream->damage()) all += damage.what + "\n";
  EXPECT_NE(all.find(to_string(topic)), std::string::npos) << all;
  EXPECT_NE(all.find("LSN"), std::string::npos) << all;
  EXPECT_EQ(h.stream->append_batch({topic, 0}, batch_of({"x"})).error().code, ErrorCode::corrupt);
  EXPECT_LE(wrong_or_missing(), 2);
}

TEST_F(DamageTest, ALostTailThatWasDurableIsDamageNotATornTail) {
  h.close();
  std::vector<std::string> segments = files("segment-");
  std::string path = directory() + "/" + segments.back();
  size_t size = must(h.sim.disk("host").durable_content(path)).size();
  auto file = must(h.sim.executor().run(h.world->files.open(path, OpenMode::read_write)));
  must(h.sim.executor().run(file->truncate(size - 8)));
  must(h.sim.executor().run(file->sync()));
  file.reset();
  h.open();
  EXPECT_FALSE(h.stream->damage().empty());
}

}  // namespace
}  // namespace distributary
