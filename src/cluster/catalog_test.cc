#include "cluster/catalog.h"

#include <gtest/gtest.h>

#include "io/sim/sim_world.h"
#include "model/record_batch_builder.h"
#include "storage/memory/memory_log_store.h"
#include "storage/memory/memory_meta_store.h"

namespace distributary {
namespace {

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() {
    sim_.add_host("a");
    world_ = &sim_.start("a");
    start();
  }
  ~CatalogTest() override { stop(); }

  void start(Catalog::Options options = {}) {
    log_store_ = std::make_unique<MemoryLogStore>(world_->executor, logs_);
    meta_store_ = std::make_unique<MemoryMetaStore>(world_->executor, meta_);
    cache_ = std::make_unique<TailCache>(1u << 20);
    catalog_ = std::make_unique<Catalog>(*world_, *log_store_, *meta_store_, *cache_, options);
    Status opened = run(catalog_->open());
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void stop() {
    if (!catalog_) return;
    Status closed = run(catalog_->close());
    EXPECT_TRUE(closed);
    catalog_.reset();
  }
  template <class T>
  T run(Task<T> task) {
    return sim_.executor().run(std::move(task));
  }
  StreamRecord create(const std::string& path) {
    auto record = run(catalog_->create(path, StreamSettings::for_creator("root"), "root"));
    EXPECT_TRUE(record) << record.error().message;
    return record ? *record : StreamRecord();
  }
  StreamHandle open(const std::string& path) {
    auto handle = run(catalog_->stream(path));
    EXPECT_TRUE(handle) << handle.error().message;
    return handle ? *handle : nullptr;
  }

  SimWorld sim_{3};
  World* world_;
  MemoryLogs logs_;
  MemoryMeta meta_;
  std::unique_ptr<MemoryLogStore> log_store_;
  std::unique_ptr<MemoryMetaStore> meta_store_;
  std::unique_ptr<TailCache> cache_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, StreamsSurviveARestart) {
  StreamRecord made = create("/apps/activity");
  StreamHandle handle = open("/apps/activity");
  auto topic = handle->stream->create_topic("clicks", 3, TimestampType::create_time);
  ASSERT_TRUE(topic);
  ASSERT_TRUE(run(handle->stream->wait_durable(topic->lsn)));
  handle.reset();
  stop();
  start();
  EXPECT_EQ(catalog_->paths(), std::vector<std::string>{"/apps/activity"});
  EXPECT_EQ(catalog_->record_by_uuid(made.uuid)->path, "/apps/activity");
  handle = open("/apps/activity");
  EXPECT_EQ(handle->stream->origin(), made.origin());
  EXPECT_NE(handle->stream->state().topic_named("clicks"), nullptr);
  auto by_uuid = run(catalog_->stream_by_uuid(made.uuid));
  ASSERT_TRUE(by_uuid);
  EXPECT_EQ(*by_uuid, handle);
}

TEST_F(CatalogTest, NamesAndSettingsAreChecked) {
  create("/s");
  auto twice = run(catalog_->create("/s", StreamSettings::for_creator("root"), "root"));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::already_exists);
  EXPECT_EQ(twice.error().message, "stream /s exists already");
  EXPECT_EQ(run(catalog_->create("s", StreamSettings::for_creator("root"), "root")).error().code,
            ErrorCode::invalid_argument);
  StreamSettings bad = StreamSettings::for_creator("root");
  bad.ttl_seconds = -1;
  EXPECT_EQ(run(catalog_->create("/t", bad, "root")).error().code, ErrorCode::invalid_argument);
  auto missing = run(catalog_->stream("/u"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "there is no stream /u");
  std::string long_path(kStreamPathBytesMax, 'a');
  for (size_t i = 0; i < long_path.size(); i += 100) long_path[i] = '/';
  EXPECT_TRUE(run(catalog_->create(long_path, StreamSettings::for_creator("root"), "root")));
  EXPECT_EQ(run(catalog_->create(long_path + "b", StreamSettings::for_creator("root"), "root")).error().code,
            ErrorCode::too_large);
}

TEST_F(CatalogTest, ManyUsersOpenAStreamOnce) {
  create("/s");
  std::vector<StreamHandle> handles;
  TaskScope scope(world_->executor);
  auto get = [](Catalog& catalog, std::vector<StreamHandle>& into) -> Task<void> {
    auto handle = co_await catalog.stream("/s");
    EXPECT_TRUE(handle);
    if (handle) into.push_back(*handle);
  };
  for (int i = 0; i < 5; ++i) scope.spawn(get(*catalog_, handles));
  run(scope.join());
  ASSERT_EQ(handles.size(), 5u);
  for (const StreamHandle& handle : handles) EXPECT_EQ(handle, handles[0]);
}

TEST_F(CatalogTest, EveryOpenRaisesTheEpoch) {
  StreamRecord record = create("/s");
  open("/s");
  stop();
  start();
  open("/s");
  EXPECT_EQ(logs_.logs.at(record.log())->epoch, 2u);
}

TEST_F(CatalogTest, EditsReachTheOpenStream) {
  create("/s");
  StreamHandle handle = open("/s");
  Catalog::SettingsChange change = [](StreamSettings& settings) -> Status {
    settings.ttl_seconds = 77;
    return {};
  };
  ASSERT_TRUE(run(catalog_->change_settings("/s", change)));
  EXPECT_EQ(handle->record.settings.ttl_seconds, 77);
  EXPECT_EQ(handle->stream->options().ttl, std::chrono::seconds(77));
  Catalog::SettingsChange refuse = [](StreamSettings& settings) -> Status {
    settings.ttl_seconds = 78;
    return fail(ErrorCode::conflict, "no");
  };
  EXPECT_FALSE(run(catalog_->change_settings("/s", refuse)));
  EXPECT_EQ(catalog_->record("/s")->settings.ttl_seconds, 77);
  handle.reset();
  stop();
  start();
  EXPECT_EQ(catalog_->record("/s")->settings.ttl_seconds, 77);
}

TEST_F(CatalogTest, AChangeMadeElsewhereIsNotLost) {
  create("/s");
  MemoryMetaStore other_store(world_->executor, meta_);
  MemoryLogStore other_logs(world_->executor, logs_);
  TailCache other_cache(1u << 20);
  Catalog other(*world_, other_logs, other_store, other_cache, Catalog::Options{});
  ASSERT_TRUE(run(other.open()));
  auto set_ttl = [](StreamSettings& settings) -> Status {
    settings.ttl_seconds = 5;
    return {};
  };
  auto set_partitions = [](StreamSettings& settings) -> Status {
    settings.default_partitions = 9;
    return {};
  };
  ASSERT_TRUE(run(other.change_settings("/s", set_ttl)));
  ASSERT_TRUE(run(catalog_->change_settings("/s", set_partitions)));
  EXPECT_EQ(catalog_->record("/s")->settings.ttl_seconds, 5);
  EXPECT_EQ(catalog_->record("/s")->settings.default_partitions, 9u);
  EXPECT_TRUE(run(other.close()));
}

TEST_F(CatalogTest, DeletingWaitsForTheLastUserAndRemovesTheLog) {
  StreamRecord record = create("/s");
  StreamHandle handle = open("/s");
  ASSERT_TRUE(run(catalog_->remove("/s")));
  EXPECT_TRUE(handle->deleted);
  EXPECT_EQ(catalog_->record("/s"), nullptr);
  EXPECT_EQ(run(catalog_->stream("/s")).error().code, ErrorCode::not_found);
  EXPECT_EQ(run(catalog_->stream_by_uuid(record.uuid)).error().code, ErrorCode::not_found);
  sim_.executor().run_for(std::chrono::seconds(1));
  EXPECT_TRUE(logs_.logs.contains(record.log()));
  handle.reset();
  sim_.executor().run_for(std::chrono::seconds(1));
  EXPECT_FALSE(logs_.logs.contains(record.log()));
  EXPECT_TRUE(meta_.entries.empty()) << meta_.entries.begin()->first;
  StreamRecord again = create("/s");
  EXPECT_NE(again.uuid, record.uuid);
}

TEST_F(CatalogTest, ARemovalThatWasCutShortIsFinishedAtTheNextStart) {
  StreamRecord record = create("/s");
  StreamHandle handle = open("/s");
  ASSERT_TRUE(run(catalog_->remove("/s")));
  MemoryMetaStore other_store(world_->executor, meta_);
  MemoryLogStore other_logs(world_->executor, logs_);
  TailCache other_cache(1u << 20);
  Catalog other(*world_, other_logs, other_store, other_cache, Catalog::Options{});
  ASSERT_TRUE(run(other.open()));
  EXPECT_FALSE(logs_.logs.contains(record.log()));
  EXPECT_TRUE(run(other.close()));
  handle.reset();
}

TEST_F(CatalogTest, AFailedStreamIsOpenedAgain) {
  create("/s");
  StreamHandle first = open("/s");
  sim_.executor().run_for(std::chrono::seconds(5));
  logs_.fail_next_sync = ErrorCode::io;
  auto topic = first->stream->create_topic("t", 1, TimestampType::create_time);
  ASSERT_TRUE(topic);
  EXPECT_FALSE(run(first->stream->wait_durable(topic->lsn)));
  ASSERT_TRUE(first->stream->failure());
  StreamHandle second = open("/s");
  EXPECT_NE(second, first);
  EXPECT_FALSE(second->stream->failure());
  auto again = second->stream->create_topic("u", 1, TimestampType::create_time);
  ASSERT_TRUE(again);
  EXPECT_TRUE(run(second->stream->wait_durable(again->lsn)));
}

TEST_F(CatalogTest, AStreamThatKeepsFailingIsNotOpenedInALoop) {
  create("/s");
  for (int i = 0; i < 2; ++i) {
    StreamHandle handle = open("/s");
    logs_.fail_next_sync = ErrorCode::io;
    auto topic = handle->stream->create_topic("t" + std::to_string(i), 1, TimestampType::create_time);
    ASSERT_TRUE(topic);
    EXPECT_FALSE(run(handle->stream->wait_durable(topic->lsn)));
    auto refused = run(catalog_->stream("/s"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
    sim_.executor().run_for(std::chrono::seconds(2));
  }
}

TEST_F(CatalogTest, TheLongestUnusedStreamIsClosedWhenTooManyAreOpen) {
  stop();
  start({.open_streams_max = 2});
  for (const char* path : {"/a", "/b", "/c"}) create(path);
  open("/a");
  StreamHandle b = open("/b");
  std::weak_ptr<OpenStream> weak_b = b;
  StreamHandle c = open("/c");  // closes /a
  auto refused = run(catalog_->stream("/a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  b.reset();
  EXPECT_NE(open("/a"), nullptr);
  EXPECT_TRUE(weak_b.expired());
}

TEST_F(CatalogTest, LowSpaceReachesOpenStreamsAndGoesAway) {
  create("/s");
  StreamHandle handle = open("/s");
  auto topic = handle->stream->create_topic("t", 1, TimestampType::create_time);
  ASSERT_TRUE(topic);
  ASSERT_TRUE(run(handle->stream->wait_durable(topic->lsn)));
  std::vector<uint8_t> batch = RecordBatchBuilder().add({.timestamp = 1}).build();
  TopicPartition partition{topic->id, 0};
  logs_.capacity = logs_.bytes_used() + (1u << 20);
  logs_.reserve = 1u << 20;
  sim_.executor().run_for(std::chrono::seconds(3));
  auto refused = handle->stream->append_batch(partition, batch);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::storage_full);
  logs_.capacity = UINT64_MAX;
  sim_.executor().run_for(std::chrono::seconds(3));
  EXPECT_TRUE(handle->stream->append_batch(partition, batch));
}

TEST_F(CatalogTest, RetentionVisitsOpenAndClosedStreams) {
  StreamSettings settings = StreamSettings::for_creator("root");
  settings.ttl_seconds = 60;
  ASSERT_TRUE(run(catalog_->create("/s", settings, "root")));
  StreamHandle handle = open("/s");
  auto topic = handle->stream->create_topic("t", 1, TimestampType::create_time);
  ASSERT_TRUE(topic);
  TopicPartition partition{topic->id, 0};
  std::vector<uint8_t> batch = RecordBatchBuilder().add({.timestamp = 1}).build();
  auto appended = handle->stream->append_batch(partition, batch);
  ASSERT_TRUE(appended);
  ASSERT_TRUE(run(handle->stream->wait_durable(appended->lsn)));
  handle.reset();
  stop();
  sim_.executor().run_for(std::chrono::hours(48));  // older than the ttl and the age of a segment
  start();
  sim_.executor().run_for(std::chrono::minutes(10));
  handle = open("/s");
  EXPECT_EQ(handle->stream->state().topic_named("t")->partitions[0].log_start, 1);
}

TEST_F(CatalogTest, RetentionVisitsClosedStreamsForTopicsWithLimitsOfTheirOwn) {
  StreamSettings settings = StreamSettings::for_creator("root");
  settings.ttl_seconds = 0;
  ASSERT_TRUE(run(catalog_->create("/s", settings, "root")));
  StreamHandle handle = open("/s");
  TopicSettings limited;
  limited.retention_ms = 1000;
  auto topic = handle->stream->create_topic("t", 1, TimestampType::create_time, limited);
  ASSERT_TRUE(topic);
  std::vector<uint8_t> batch = RecordBatchBuilder().add({.timestamp = 1}).build();
  auto appended = handle->stream->append_batch({topic->id, 0}, batch);
  ASSERT_TRUE(appended);
  ASSERT_TRUE(run(handle->stream->wait_durable(appended->lsn)));
  handle.reset();
  stop();
  start();
  sim_.executor().run_for(std::chrono::minutes(10));
  handle = open("/s");
  EXPECT_EQ(handle->stream->state().topic_named("t")->partitions[0].log_start, 1);
}

ReplicaRegistration replica(const std::string& cluster, const std::string& path, World& world) {
  return {.cluster = cluster, .path = path, .uuid = world.random.uuid()};
}

TEST_F(CatalogTest, RegistrationsAreNumberedAndUnique) {
  StreamRecord record = create("/s");
  uint64_t notified = meta_store_->version("stream/");
  auto first = run(catalog_->add_replica("/s", replica("newyork", "/r", *world_)));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->idx, 1u);
  EXPECT_GT(meta_store_->version("stream/"), notified);
  EXPECT_EQ(run(catalog_->add_replica("/s", replica("newyork", "/r2", *world_)))->idx, 2u);
  auto twice = run(catalog_->add_replica("/s", *first));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::already_exists);
  EXPECT_EQ(twice.error().message, "/mapr/newyork/r is a replica of stream /s already");
  ReplicaRegistration renamed = *first;
  renamed.path = "/other";
  EXPECT_EQ(run(catalog_->add_replica("/s", renamed)).error().code, ErrorCode::already_exists);
  ReplicaRegistration itself = replica("here", "/s", *world_);
  itself.uuid = record.uuid;
  EXPECT_EQ(run(catalog_->add_replica("/s", itself)).error().code, ErrorCode::invalid_argument);

  first->paused = true;
  ASSERT_TRUE(run(catalog_->edit_replica("/s", *first)));
  ASSERT_TRUE(run(catalog_->remove_replica("/s", 2)));
  EXPECT_EQ(run(catalog_->remove_replica("/s", 2)).error().code, ErrorCode::not_found);
  stop();
  start();
  ASSERT_EQ(catalog_->record("/s")->replicas.size(), 1u);
  EXPECT_TRUE(catalog_->record("/s")->replicas[0].paused);
}

TEST_F(CatalogTest, TheSixtyFifthRegistrationIsRefused) {
  create("/s");
  for (uint32_t i = 0; i < kReplicasMax; ++i) {
    ASSERT_TRUE(run(catalog_->add_replica("/s", replica("c", "/r" + std::to_string(i), *world_))));
    UpstreamRegistration upstream{.cluster = "c", .path = "/u" + std::to_string(i), .uuid = world_->random.uuid()};
    ASSERT_TRUE(run(catalog_->add_upstream("/s", upstream)));
  }
  EXPECT_EQ(run(catalog_->add_replica("/s", replica("c", "/r", *world_))).error().code, ErrorCode::conflict);
  UpstreamRegistration upstream{.cluster = "c", .path = "/u", .uuid = world_->random.uuid()};
  EXPECT_EQ(run(catalog_->add_upstream("/s", upstream)).error().code, ErrorCode::conflict);
  ASSERT_TRUE(run(catalog_->remove_upstream("/s", 7)));
  EXPECT_EQ(run(catalog_->add_upstream("/s", upstream))->idx, 65u);
}

}  // namespace
}  // namespace distributary
