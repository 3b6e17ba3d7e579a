// Giving space back: rewritten segments without what is dead, their indexes, crashes at any moment, and replicas.
#include <gtest/gtest.h>

#include "stream/stream_harness.h"

namespace distributary {
namespace {

std::vector<std::string> numbered_texts(int from, int to) {
  std::vector<std::string> values;
  for (int i = from; i < to; ++i) values.push_back("value " + std::to_string(i) + std::string(200, '.'));
  return values;
}

struct RewriteHarness : StreamHarness {
  explicit RewriteHarness(uint64_t seed = 1) : StreamHarness(seed) {
    options.segment_bytes = 8192;
    options.checkpoint_bytes = 20'000;
    cache = TailCache(64 << 10);
  }
  Status purge() { return sim.executor().run(stream->purge()); }
  void produce_many(TopicPartition partition, int from, int to) {
    for (int i = from; i < to; ++i) append_some(partition, i, i + 1);
    wait(stream->last_lsn());
  }
  // Small groups, so that segments are about as large as they should be.
  void append_some(TopicPartition partition, int from, int to) {
    Lsn lsn = append(partition, numbered_texts(from, to)).lsn;
    if (lsn % 4 == 0) wait(lsn);
  }
  void delete_topic(const TopicUuid& topic) { wait(must(stream->delete_topic(topic))); }
  void delete_records(TopicPartition partition, Offset offset) {
    wait(must(stream->delete_records(partition, offset)));
  }
  std::vector<Bytes> history() {
    std::vector<Bytes> all;
    LogPosition position = must(sim.executor().run(stream->find_position({})));
    while (position.next < stream->durable_end().next) {
      LogChunk chunk = must(sim.executor().run(stream->read_log(position, 5000)));
      if (chunk.next.next == position.next) break;
      all.insert(all.end(), chunk.contents.begin(), chunk.contents.end());
      position = chunk.next;
    }
    EXPECT_EQ(position.next, stream->durable_end().next);
    EXPECT_EQ(position.history_bytes, stream->durable_end().history_bytes);
    EXPECT_EQ(position.history_records, stream->durable_end().history_records);
    return all;
  }
  std::string directory() { return "/data/logs/" + to_string(LogId{origin.stream, 0}); }
  void remove_blobs(const std::string& kinds) {
    for (const std::string& name : must(sim.executor().run(world->files.list(directory())))) {
      if (name.starts_with("blob-" + kinds)) must(sim.executor().run(world->files.remove(directory() + "/" + name)));
    }
  }
};

// What `first contact` sends, then the whole retained log.
void replicate(RewriteHarness& from, RewriteHarness& to) {
  for (const auto& [origin, position] : from.stream->state().origins()) {
    if (from.stream->rewritten_until(origin) > 0)
      must(to.stream->append_replicated(from.stream->rewritten_note(origin)));
  }
  for (const Bytes& content : from.history()) must(to.stream->append_replicated(content));
  to.wait(to.stream->last_lsn());
}

TEST(Rewrite, GivesBackTheSpaceOfADeletedTopic) {
  RewriteHarness h;
  h.open();
  TopicPartition kept{h.create("kept"), 0};
  TopicPartition dead{h.create("dead"), 0};
  for (int i = 0; i < 200; ++i) {
    h.append_some(i % 5 == 0 ? kept : dead, i, i + 1);
  }
  h.wait(h.stream->last_lsn());
  std::vector<std::string> before = h.read_all(kept);
  uint64_t bytes = h.stream->logical_bytes();
  h.delete_topic(dead.topic);
  must(h.purge());
  EXPECT_LT(h.stream->logical_bytes(), bytes * 2 / 3);
  EXPECT_EQ(h.read_all(kept), before);
  EXPECT_EQ(h.produce(kept, {"next"}).base_offset, 40);
  h.reopen_after_crash();
  EXPECT_TRUE(h.stream->damage().empty());
  before.push_back("next");
  EXPECT_EQ(h.read_all(kept), before);
}

TEST(Rewrite, HalfDeadSegmentsAreRewrittenWithoutBeingAsked) {
  RewriteHarness h;
  h.open();
  TopicPartition kept{h.create("kept"), 0};
  TopicPartition dead{h.create("dead"), 0};
  h.produce_many(kept, 0, 60);
  h.produce_many(dead, 0, 60);
  h.produce_many(kept, 60, 90);
  uint64_t bytes = h.stream->logical_bytes();
  h.delete_topic(dead.topic);
  must(h.sim.executor().run(h.stream->enforce_retention()));
  h.sim.executor().run_for(std::chrono::seconds(5));
  EXPECT_LT(h.stream->logical_bytes(), bytes * 3 / 4);
  EXPECT_EQ(h.read_all(kept), numbered_texts(0, 90));
}

TEST(Rewrite, LittleDeadWaitsForItsDeadline) {
  RewriteHarness h;
  h.options.ttl = std::chrono::seconds(0);
  h.options.dead_data_deadline = std::chrono::hours(1);
  h.open();
  TopicPartition kept{h.create("kept"), 0};
  TopicPartition dead{h.create("dead"), 0};
  for (int i = 0; i < 100; ++i) h.append_some(i % 5 != 0 ? kept : dead, i, i + 1);
  h.wait(h.stream->last_lsn());
  h.delete_topic(dead.topic);
  auto retain = [&] {
    must(h.sim.executor().run(h.stream->enforce_retention()));
    h.sim.executor().run_for(std::chrono::seconds(5));
  };
  retain();
  uint64_t bytes = h.stream->logical_bytes();
  h.sim.executor().run_for(std::chrono::hours(2));
  retain();
  EXPECT_LT(h.stream->logical_bytes(), bytes);
}

TEST(Rewrite, DeletedRecordsAreGoneAndTheRestIsServed) {
  RewriteHarness h;
  h.options.segment_bytes = 4096;
  h.open();
  TopicPartition clicks{h.create("clicks", 2), 0};
  TopicPartition quiet{clicks.topic, 1};
  h.produce(quiet, numbered_texts(0, 1));
  h.produce_many(clicks, 0, 100);
  h.produce(quiet, numbered_texts(1, 2));
  h.delete_records(clicks, 80);
  must(h.purge());
  EXPECT_EQ(h.fetch(clicks, 79).error().code, ErrorCode::out_of_range);
  EXPECT_EQ(h.read_all(clicks), numbered_texts(80, 100));
  EXPECT_EQ(h.read_all(quiet), numbered_texts(0, 2));
  EXPECT_EQ(must(h.sim.executor().run(h.stream->find_time(clicks, 0)))->offset, 80);
  h.delete_records(clicks, 100);
  must(h.purge());
  EXPECT_TRUE(must(h.fetch(clicks, 100)).batches.empty());
  h.close();
  // Read again without checkpoints and indexes, the rewritten log says the same.
  for (const char* kinds : {"checkpoint", "index", "rewritten"}) h.remove_blobs(kinds);
  h.open();
  EXPECT_TRUE(h.stream->damage().empty()) << h.stream->damage().front().what;
  const PartitionState& state = h.stream->state().topic(clicks.topic)->partitions[0];
  EXPECT_EQ(state.next, 100);
  EXPECT_EQ(state.log_start, 100);
  EXPECT_EQ(h.read_all(quiet), numbered_texts(0, 2));
  EXPECT_EQ(h.produce(clicks, numbered_texts(100, 101)).base_offset, 100);
}

// An append is seen at once in async mode; what was dropped for its sake must not be gone before it is safe.
TEST(Rewrite, WhatItWasJudgedByIsDurableBefore) {
  RewriteHarness h;
  h.options.durability = Durability::async;
  h.options.async_flush = std::chrono::milliseconds(500);
  h.options.checkpoint_bytes = 1 << 20;
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  TopicPartition quiet{h.create("quiet"), 0};
  h.produce_many(clicks, 0, 100);
  h.delete_records(clicks, 80);
  TaskScope scope(h.sim.executor());
  scope.spawn([](Stream& stream) -> Task<void> { must(co_await stream.purge()); }(*h.stream));
  auto steps_until = [&](auto reached) {
    for (int i = 0; i < 100'000 && !reached(); ++i) h.sim.executor().run_for(std::chrono::microseconds(10));
    EXPECT_TRUE(reached());
  };
  SimDisk& disk = h.sim.disk("host");
  auto has_begun = [&](const std::string& path) {  // a new segment, out of sight
    auto content = path.find("temporary-") == path.npos ? std::vector<uint8_t>() : must(disk.current_content(path));
    return as_text(content).starts_with("DSTRLOG");
  };
  steps_until([&] { return std::ranges::any_of(disk.current_files(), has_begun); });
  Lsn seen = h.append(quiet, {"later"}).lsn;
  steps_until([&] { return h.stream->rewritten_until(h.origin) > 0; });
  EXPECT_GT(h.stream->durable_end().next, seen);
  h.sim.executor().run(scope.join());
}

TEST(Rewrite, ProducersAreRememberedThoughTheirBatchesAreGone) {
  RewriteHarness h;
  h.open();
  TopicPartition clicks{h.create("clicks"), 0};
  int64_t id = must(h.stream->issue_producer_ids(1)).first;
  auto batch = [&](int32_t sequence) {
    return RecordBatchBuilder().producer(id, 0, sequence).add({.value = std::string(500, 'v')}).build();
  };
  for (int32_t i = 0; i < 40; ++i) must(h.stream->append_batch(clicks, batch(i)));
  h.wait(h.stream->last_lsn());
  h.delete_records(clicks, 40);
  must(h.purge());
  h.close();
  for (const char* kinds : {"checkpoint", "index", "rewritten"}) h.remove_blobs(kinds);
  h.open();
  EXPECT_TRUE(must(h.stream->append_batch(clicks, batch(36))).duplicate);
  EXPECT_EQ(must(h.stream->append_batch(clicks, batch(40))).base_offset, 40);
  EXPECT_EQ(h.stream->append_batch(clicks, batch(50)).error().code, ErrorCode::conflict);
}

TEST(Rewrite, AHoldKeepsEverythingWhole) {
  RewriteHarness h;
  h.open();
  TopicPartition dead{h.create("dead"), 0};
  h.produce_many(dead, 0, 100);
  h.stream->set_hold("link", 20);
  uint64_t bytes = h.stream->logical_bytes();
  h.delete_topic(dead.topic);
  must(h.purge());
  EXPECT_GT(h.stream->logical_bytes(), bytes * 3 / 4);
  for (const Bytes& content : h.history()) {
    ContentView view(content.view());
    EXPECT_TRUE(!view.is_rewritten() || view.last_origin_lsn() <= 20);
  }
  h.stream->release_hold("link");
  must(h.purge());
  EXPECT_LT(h.stream->logical_bytes(), bytes / 3);
}

TEST(Rewrite, AReaderOfHistoryGoesOnAcrossARewrite) {
  RewriteHarness h;
  h.open();
  TopicPartition dead{h.create("dead"), 0};
  TopicPartition kept{h.create("kept"), 0};
  for (int i = 0; i < 200; ++i) h.append_some(i % 3 == 0 ? kept : dead, i, i + 1);
  h.wait(h.stream->last_lsn());
  LogChunk first = must(h.sim.executor().run(h.stream->read_log(LogPosition{}, 30'000)));
  h.delete_topic(dead.topic);
  must(h.purge());
  LogPosition position = first.next;
  Lsn seen = position.next - 1;
  while (position.next < h.stream->durable_end().next) {
    auto chunk = h.sim.executor().run(h.stream->read_log(position, 3000));
    if (!chunk) {  // its next entry is in the middle of what was dropped: said, not stepped over
      EXPECT_EQ(chunk.error().code, ErrorCode::gap);
      break;
    }
    for (const Bytes& content : chunk->contents) {
      ContentView view(content.view());
      EXPECT_EQ(view.origin_lsn(), seen + 1);
      seen = view.last_origin_lsn();
    }
    position = chunk->next;
  }
  EXPECT_GT(seen, first.next.next - 2);
  // The chain is checkable wherever a kept entry ends.
  OriginPosition end = h.stream->state().origin(h.origin);
  EXPECT_EQ(*must(h.sim.executor().run(h.stream->chain_at(h.origin, end.lsn))), end.chain);
}

TEST(Rewrite, AReplicaThatKnowsNothingTakesWhatIsLeft) {
  RewriteHarness h;
  h.open();
  TopicPartition dead{h.create("dead"), 0};
  TopicPartition kept{h.create("kept"), 0};
  TopicPartition trimmed{h.create("trimmed"), 0};
  for (int i = 0; i < 200; ++i) h.append_some(i % 3 == 0 ? kept : i % 3 == 1 ? dead : trimmed, i, i + 1);
  h.wait(h.stream->last_lsn());
  h.wait(must(h.stream->commit_cursors("group", {{kept, 30, 0, ""}})));
  h.delete_topic(dead.topic);
  h.delete_records(trimmed, 50);
  must(h.purge());
  ASSERT_GT(h.stream->rewritten_until(h.origin), 0u);

  RewriteHarness replica(2);
  replica.origin.stream = Uuid::from_random({9});
  replica.open();
  replicate(h, replica);
  EXPECT_TRUE(replica.stream->state().same_as(h.stream->state()));
  EXPECT_EQ(replica.stream->state().topic(trimmed.topic)->partitions[0].log_start, 50);
  EXPECT_EQ(replica.read_all(kept), h.read_all(kept));
  EXPECT_EQ(replica.read_all(trimmed), h.read_all(trimmed));
  replica.reopen_after_crash();
  EXPECT_EQ(replica.read_all(trimmed), h.read_all(trimmed));
  must(replica.purge());  // what came dropped is rewritten like anything else
  EXPECT_EQ(replica.read_all(kept), h.read_all(kept));

  // They travel on.
  RewriteHarness second(3);
  second.origin.stream = Uuid::from_random({10});
  second.open();
  replicate(replica, second);
  EXPECT_TRUE(second.stream->state().same_as(h.stream->state()));
  EXPECT_EQ(second.read_all(trimmed), h.read_all(trimmed));
}

TEST(Rewrite, AReplicaThatHoldsThePastWantsItWhole) {
  RewriteHarness h;
  h.open();
  TopicPartition dead{h.create("dead"), 0};
  h.produce_many(dead, 0, 10);
  RewriteHarness replica(2);
  replica.origin.stream = Uuid::from_random({9});
  replica.open();
  replicate(h, replica);
  h.produce_many(dead, 10, 100);
  h.delete_topic(dead.topic);
  must(h.purge());
  must(replica.stream->append_replicated(h.stream->rewritten_note(h.origin)));  // says nothing to it any more
  OriginPosition before = replica.stream->state().origin(h.origin);
  bool refused = false;
  for (const Bytes& content : h.history()) {
    auto appended = replica.stream->append_replicated(content);
    if (appended) continue;
    EXPECT_EQ(appended.error().code, ErrorCode::gap);
    refused = true;
    break;
  }
  EXPECT_TRUE(refused);
  EXPECT_EQ(replica.stream->state().origin(h.origin), before);
}

TEST(Rewrite, DamageIsNeverRewrittenInSilence) {
  RewriteHarness h;
  h.cache = TailCache(0);
  h.open();
  TopicPartition dead{h.create("dead"), 0};
  TopicPartition kept{h.create("kept"), 0};
  for (int i = 0; i < 100; ++i) h.append_some(i % 4 == 0 ? kept : dead, i, i + 1);
  h.wait(h.stream->last_lsn());
  h.sim.executor().run_for(std::chrono::seconds(2));
  std::string path = h.directory() + "/segment-00000000000000000002.log";
  Bytes original = Bytes(must(h.sim.disk("host").durable_content(path)));
  must(h.sim.disk("host").flip_bit(path, 2000 * 8));
  h.delete_topic(dead.topic);
  must(h.purge());
  EXPECT_FALSE(h.stream->failure().has_value());
  EXPECT_EQ(must(h.sim.disk("host").durable_content(path)).size(), original.size());
  must(h.sim.disk("host").flip_bit(path, 2000 * 8));
  EXPECT_EQ(h.read_all(kept).size(), 25u);
}

// Power fails at any moment of rewrites, again and again: what lives is there, whatever was rewritten so far.
TEST(Rewrite, ACrashLeavesTheOldOrTheNew) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RewriteHarness h(seed);
    h.options.segment_bytes = 3000;
    h.options.checkpoint_bytes = 6000;
    h.open();
    TopicPartition kept{h.create("kept"), 0};
    TopicPartition trimmed{h.create("trimmed"), 0};
    int produced = 0;
    Offset start = 0;
    for (int life = 0; life < 5; ++life) {
      TopicPartition dead{h.create("dead " + std::to_string(life)), 0};
      for (int i = 0; i < 30; ++i) {
        h.append_some(kept, produced, produced + 1);
        h.append_some(trimmed, produced, produced + 1);
        h.append_some(dead, i, i + 3);
        ++produced;
      }
      h.wait(h.stream->last_lsn());
      h.delete_topic(dead.topic);
      start = produced - static_cast<int>(h.sim.random().below(20));
      h.delete_records(trimmed, start);
      h.stream->start_purge();
      h.sim.executor().run_for(std::chrono::microseconds(h.sim.random().below(20'000)));
      h.reopen_after_crash();
      ASSERT_TRUE(h.stream->damage().empty()) << h.stream->damage().front().what;
      ASSERT_EQ(h.read_all(kept), numbered_texts(0, produced));
      ASSERT_EQ(h.read_all(trimmed), numbered_texts(static_cast<int>(start), produced));
      h.history();
    }
    must(h.purge());
    ASSERT_EQ(h.read_all(kept), numbered_texts(0, produced));
    ASSERT_EQ(h.read_all(trimmed), numbered_texts(static_cast<int>(start), produced));
  }
}

}  // namespace
}  // namespace distributary
