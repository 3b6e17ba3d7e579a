// stream, topic and cursor commands, from the command line over HTTP to a catalog.
#include "api/admin/admin_harness.h"
#include "model/record_batch_builder.h"

namespace distributary::admin {
namespace {

class StreamCommandsTest : public AdminTest {
 protected:
  // Messages with the times given, to partition 0.
  void produce(const std::string& path, const std::string& topic, std::vector<WallMillis> times) {
    StreamHandle handle = stream("sf", path);
    TopicPartition partition{handle->stream->state().topic_named(topic)->id, 0};
    for (WallMillis time : times) {
      std::vector<uint8_t> batch = RecordBatchBuilder().add({.value = "hello", .timestamp = time}).build();
      auto appended = handle->stream->append_batch(partition, batch);
      ASSERT_TRUE(appended) << appended.error().message;
      ASSERT_TRUE(run(handle->stream->wait_durable(appended->lsn)));
    }
  }
  void commit(const std::string& path, const std::string& topic, const std::string& group, Offset offset) {
    StreamHandle handle = stream("sf", path);
    TopicPartition partition{handle->stream->state().topic_named(topic)->id, 0};
    auto lsn = handle->stream->commit_cursors(group, {{.partition = partition, .offset = offset}});
    ASSERT_TRUE(lsn) << lsn.error().message;
    ASSERT_TRUE(run(handle->stream->wait_durable(*lsn)));
  }
};

TEST_F(StreamCommandsTest, CreatePrintsNothingAndInfoShowsEverything) {
  must({"stream", "create", "-path", "/apps/activity", "--ttl", "0", "-defaultpartitions", "3", "-consumeperm", "p",
        "-copyperm", "u:a|u:b"});
  EXPECT_EQ(output_.printed, "");
  must({"stream", "info", "-path", "/mapr/sf/apps/activity", "-json"});
  for (const char* field :
       {"\"path\":\"/apps/activity\"", "\"ttl\":0", "\"defaultpartitions\":3", "\"autocreate\":true",
        "\"compression\":\"lz4\"", "\"produceperm\":\"u:root\"", "\"consumeperm\":\"p\"", "\"copyperm\":\"u:a | u:b\"",
        "\"adminperm\":\"u:root\"", "\"ischangelog\":false", "\"defaulttimestamptype\":\"createtime\"",
        "\"pidexpirysecs\":604800", "\"numtopics\":0"}) {
    EXPECT_NE(output_.printed.find(field), std::string::npos) << field << "\n" << output_.printed;
  }
  EXPECT_EQ(error_of({"stream", "create", "-path", "/apps/activity"}),
            "ERROR (17) -  stream /mapr/sf/apps/activity exists already\n");
}

TEST_F(StreamCommandsTest, InfoOfWhatIsNotThereFails) {
  EXPECT_EQ(error_of({"stream", "info", "-path", "/x"}), "ERROR (2) -  there is no stream /mapr/sf/x\n");
  EXPECT_EQ(maprcli({"stream", "info", "-path", "/x", "-json"}), kExitFailed);
  EXPECT_NE(output_.printed.find("\"id\":2,\n\t\t\t\"desc\":\"stream info: there is no stream /mapr/sf/x\""),
            std::string::npos);
  EXPECT_EQ(output_.errors, "");
}

TEST_F(StreamCommandsTest, PurgeGivesBackTheSpaceOfADeletedTopic) {
  must({"stream", "create", "-path", "/s"});
  must({"stream", "topic", "create", "-path", "/s", "-topic", "t"});
  produce("/s", "t", std::vector<WallMillis>(200, 1000));
  StreamHandle handle = stream("sf", "/s");
  uint64_t before = handle->stream->logical_bytes();
  must({"stream", "topic", "delete", "-path", "/s", "-topic", "t"});
  must({"stream", "purge", "-path", "/s"});
  EXPECT_EQ(output_.printed, "");
  ASSERT_TRUE(sim_.executor().run_until_true([&] { return handle->stream->logical_bytes() < before / 4; }));
  user_ = "eve";
  EXPECT_EQ(error_of({"stream", "purge", "-path", "/s"}),
            "ERROR (13) -  user 'eve' may not purge stream /s; it needs adminperm\n");
}

TEST_F(StreamCommandsTest, PermissionsAreCheckedAndHidden) {
  must({"stream", "create", "-path", "/s", "-consumeperm", "u:eve"});
  user_ = "eve";
  must({"stream", "info", "-path", "/s", "-json"});
  EXPECT_EQ(output_.printed.find("adminperm"), std::string::npos);
  EXPECT_EQ(error_of({"stream", "edit", "-path", "/s", "-ttl", "1"}),
            "ERROR (13) -  user 'eve' may not edit stream /s; it needs adminperm\n");
  user_ = "mallory";
  EXPECT_EQ(maprcli({"stream", "info", "-path", "/s"}), kExitFailed);
  EXPECT_EQ(maprcli({"stream", "delete", "-path", "/s"}), kExitFailed);
  must({"stream", "list"});
  EXPECT_EQ(output_.printed, "");
  user_ = "root";
  must({"stream", "list"});
  EXPECT_TRUE(output_.printed.starts_with("path  uuid ")) << output_.printed;
}

TEST_F(StreamCommandsTest, EditChangesWhatIsNamedAndNothingElse) {
  must({"stream", "create", "-path", "/s", "-ttl", "100", "-produceperm", "p"});
  must({"stream", "edit", "-path", "/s", "-compact", "true", "-force", "-adminperm", "u:root | u:ann"});
  const StreamSettings& settings = nodes_["sf"]->catalog.record("/s")->settings;
  EXPECT_TRUE(settings.compact);
  EXPECT_EQ(settings.ttl_seconds, 100);
  EXPECT_TRUE(settings.produce_permission.is_everyone());
  EXPECT_EQ(settings.admin_permission.text(), "u:root | u:ann");
  EXPECT_EQ(error_of({"stream", "edit", "-path", "/s", "-force"}), "ERROR (22) -  -force goes with -compact only\n");
}

TEST_F(StreamCommandsTest, MetadataIsCopiedAcrossClustersAndOptionsWin) {
  must({"stream", "create", "-path", "/s", "-ttl", "100", "-produceperm", "p", "-compression", "zlib", "-ischangelog",
        "true"});
  must({"stream", "create", "-path", "/mapr/ny/copy", "-copymetafrom", "/s", "-ttl", "7"});
  const StreamSettings& copy = nodes_["ny"]->catalog.record("/copy")->settings;
  StreamSettings expected = nodes_["sf"]->catalog.record("/s")->settings;
  expected.ttl_seconds = 7;
  EXPECT_EQ(copy, expected);
  EXPECT_EQ(error_of({"stream", "create", "-path", "/mapr/ny/d", "-copymetafrom", "/none"}),
            "ERROR (2) -  -copymetafrom /mapr/sf/none: there is no stream /mapr/sf/none\n");
  EXPECT_EQ(nodes_["ny"]->catalog.record("/d"), nullptr);
}

TEST_F(StreamCommandsTest, DeleteIsAtOnce) {
  must({"stream", "create", "-path", "/s"});
  must({"stream", "delete", "-path", "/s"});
  EXPECT_EQ(maprcli({"stream", "info", "-path", "/s"}), kExitFailed);
  EXPECT_EQ(error_of({"stream", "delete", "-path", "/s"}), "ERROR (2) -  there is no stream /mapr/sf/s\n");
}

TEST_F(StreamCommandsTest, TopicsAreListedAsInTheReference) {
  must({"stream", "create", "-path", "/s", "-defaultpartitions", "2"});
  must({"stream", "topic", "list", "-path", "/s"});
  EXPECT_EQ(output_.printed, "");
  must({"stream", "topic", "create", "-path", "/s", "-topic", "summary-markers"});
  must({"stream", "topic", "create", "-path", "/s", "-topic", "fast-messages", "-partitions", "1"});
  must({"stream", "topic", "list", "-path", "/s"});
  EXPECT_EQ(output_.printed,
            "topic            partitions  consumers  physicalsize  logicalsize  maxlag\n"
            "fast-messages    1           0          0             0            0\n"
            "summary-markers  2           0          0             0            0\n");
  EXPECT_EQ(error_of({"stream", "topic", "create", "-path", "/s", "-topic", "fast-messages"}),
            "ERROR (17) -  topic 'fast-messages' exists already in stream /s\n");
  EXPECT_TRUE(error_of({"stream", "topic", "create", "-path", "/s", "-topic", "a b"}).starts_with("ERROR (22) -  "));
}

TEST_F(StreamCommandsTest, PartitionsOnlyGrow) {
  must({"stream", "create", "-path", "/s"});
  must({"stream", "topic", "create", "-path", "/s", "-topic", "t", "-partitions", "2"});
  EXPECT_EQ(error_of({"stream", "topic", "edit", "-path", "/s", "-topic", "t", "-partitions", "1"}),
            "ERROR (22) -  -partitions cannot be 1: topic 't' has 2 and their number can only grow\n");
  must(
      {"stream", "topic", "edit", "-path", "/s", "-topic", "t", "-partitions", "5", "-timestamptype", "logappendtime"});
  const Topic* topic = stream("sf", "/s")->stream->state().topic_named("t");
  EXPECT_EQ(topic->partitions.size(), 5u);
  EXPECT_EQ(topic->timestamp_type, TimestampType::log_append_time);
  must({"stream", "topic", "delete", "-path", "/s", "-topic", "t"});
  EXPECT_EQ(error_of({"stream", "topic", "info", "-path", "/s", "-topic", "t"}),
            "ERROR (2) -  there is no topic 't' in stream /s\n");
}

TEST_F(StreamCommandsTest, TopicInfoShowsPartitions) {
  must({"stream", "create", "-path", "/s"});
  must({"stream", "topic", "create", "-path", "/s", "-topic", "t", "-partitions", "2"});
  produce("/s", "t", {1000, 2000, 3000});
  commit("/s", "t", "g", 1);
  commit("/s", "t", "h", 3);
  must({"stream", "topic", "info", "-path", "/s", "-topic", "t", "-json"});
  std::string first = output_.printed.substr(0, output_.printed.find("\"partitionid\":1"));
  for (const char* field :
       {"\"total\":2", "\"maxoffset\":2", "\"minoffsetacrossconsumers\":1",
        "\"mintimestamp\":\"1970-01-01T12:00:01.000+0000 AM\"", "\"maxtimestamp\":\"1970-01-01T12:00:03.000+0000 AM\"",
        "\"mintimestampacrossconsumers\":\"1970-01-01T12:00:02.000+0000 AM\"", "\"master\":\"sf:9092\"",
        "\"timestamptype\":\"createtime\""}) {
    EXPECT_NE(first.find(field), std::string::npos) << field << "\n" << first;
  }
  EXPECT_NE(output_.printed.find("\"maxoffset\":-1"), std::string::npos);
  must({"stream", "topic", "list", "-path", "/s", "-json"});
  EXPECT_NE(output_.printed.find("\"consumers\":2"), std::string::npos);
  EXPECT_NE(output_.printed.find("\"maxlag\":2"), std::string::npos);
}

TEST_F(StreamCommandsTest, CursorsAreListedAndDeleted) {
  must({"stream", "create", "-path", "/s"});
  for (const char* topic : {"t", "u"}) must({"stream", "topic", "create", "-path", "/s", "-topic", topic});
  produce("/s", "t", {1000, 2000, 3500});
  commit("/s", "t", "g", 1);
  commit("/s", "t", "h", 3);
  commit("/s", "u", "g", 0);
  must({"stream", "cursor", "list", "-path", "/s", "-topic", "t", "-partition", "0"});
  EXPECT_EQ(output_.printed,
            "consumergroup  topic  partitionid  produceroffset  committedoffset  producertimestamp                "
            "consumertimestamp                consumerlagmillis\n"
            "g              t      0            2               1                1970-01-01T12:00:03.500+0000 AM  "
            "1970-01-01T12:00:02.000+0000 AM  1500\n"
            "h              t      0            2               3                1970-01-01T12:00:03.500+0000 AM  "
            "1970-01-01T12:00:03.500+0000 AM  0\n");
  EXPECT_EQ(error_of({"stream", "cursor", "list", "-path", "/s", "-partition", "0"}),
            "ERROR (22) -  -partition goes with -topic only\n");
  EXPECT_TRUE(error_of({"stream", "cursor", "list", "-path", "/s", "-topic", "t", "-partition", "1"})
                  .starts_with("ERROR (22) -  -partition cannot be 1"));
  must({"stream", "cursor", "delete", "-path", "/s", "-consumergroup", "g", "-topic", "t"});
  must({"stream", "cursor", "list", "-path", "/s", "-json"});
  EXPECT_NE(output_.printed.find("\"total\":2"), std::string::npos) << output_.printed;
  must({"stream", "cursor", "delete", "-path", "/s"});
  must({"stream", "cursor", "list", "-path", "/s"});
  EXPECT_EQ(output_.printed, "");
}

}  // namespace
}  // namespace distributary::admin
