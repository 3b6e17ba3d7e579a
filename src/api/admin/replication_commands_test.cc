// replica, upstream, gateway and job commands over two clusters.
#include "api/admin/admin_harness.h"
#include "api/admin/copy_tool.h"

namespace distributary::admin {
namespace {

class ReplicationCommandsTest : public AdminTest {
 protected:
  ReplicationCommandsTest() {
    must({"stream", "create", "-path", "/mapr/sf/s", "-compression", "zlib"});
    must({"stream", "create", "-path", "/mapr/ny/r", "-copymetafrom", "/mapr/sf/s"});
  }
  std::string uuid(const std::string& cluster, const std::string& path) {
    return to_string(nodes_[cluster]->catalog.record(path)->uuid);
  }
  const StreamRecord& source() { return *nodes_["sf"]->catalog.record("/s"); }
  int copystream(const std::vector<std::string>& arguments, bool terminal = false) {
    output_ = CapturedOutput();
    auto line = parse_command_line(CommandTable::tools(), arguments);
    EXPECT_TRUE(line) << line.error().message;
    return run(run_copystream(setting(terminal), std::move(*line), output_));
  }
};

TEST_F(ReplicationCommandsTest, TheManualProcedure) {
  must({"stream", "replica", "add", "-path", "/mapr/sf/s", "-replica", "/mapr/ny/r", "-paused", "true"});
  EXPECT_EQ(output_.printed, "");
  ASSERT_EQ(source().replicas.size(), 1u);
  EXPECT_EQ(to_string(source().replicas[0].uuid), uuid("ny", "/r"));
  EXPECT_EQ(source().replicas[0].network_compression, "zlib");
  must({"stream", "replica", "list", "-path", "/mapr/sf/s", "-json"});
  EXPECT_EQ(std::count(output_.printed.begin(), output_.printed.end(), '\n'), 32);
  std::string data = output_.printed.substr(output_.printed.find("\t\t{\n"));
  EXPECT_EQ(data,
            "\t\t{\n\t\t\t\"cluster\":\"ny\",\n\t\t\t\"stream\":\"/"
            "r\",\n\t\t\t\"type\":\"MapRStream\",\n\t\t\t\"replicaPath\":\"/r\",\n"
            "\t\t\t\"replicaState\":\"REPLICA_STATE_REPLICATING\",\n\t\t\t\"paused\":true,\n\t\t\t\"throttle\":false,"
            "\n\t\t\t\"idx\":1,\n"
            "\t\t\t\"networkencryption\":false,\n\t\t\t\"synchronous\":false,\n\t\t\t\"networkcompression\":\"zlib\","
            "\n\t\t\t\"propagateExistingData\":true,\n"
            "\t\t\t\"isUptodate\":false,\n\t\t\t\"minPendingTS\":0,\n\t\t\t\"maxPendingTS\":0,\n\t\t\t\"bytesPending\":"
            "0,\n\t\t\t\"putsPending\":0,\n"
            "\t\t\t\"bucketsPending\":0,\n\t\t\t\"uuid\":\"" +
                uuid("ny", "/r") +
                "\",\n\t\t\t\"copyTableCompletionPercentage\":100,\n"
                "\t\t\t\"linkState\":\"connecting\",\n\t\t\t\"lagSeconds\":0\n\t\t}\n\t]\n}\n");
  must({"stream", "upstream", "add", "-path", "/mapr/ny/r", "-upstream", "/mapr/sf/s"});
  must({"stream", "upstream", "list", "-path", "/mapr/ny/r"});
  EXPECT_EQ(output_.printed, "cluster  stream  idx  uuid\nsf       /s      1    " + uuid("sf", "/s") + "\n");
  must({"stream", "replica", "resume", "-path", "/s", "-replica", "/mapr/ny/r"});
  EXPECT_FALSE(source().replicas[0].paused);
  must({"stream", "replica", "pause", "-path", "/s", "-replica", "/mapr/ny/r"});
  EXPECT_TRUE(source().replicas[0].paused);
  must({"stream", "replica", "edit", "-path", "/s", "-replica", "/mapr/ny/r", "-throttle", "true",
        "-networkcompression", "off"});
  EXPECT_TRUE(source().replicas[0].throttle);
  EXPECT_TRUE(source().replicas[0].paused);
  must({"stream", "upstream", "remove", "-path", "/mapr/ny/r", "-upstream", "/mapr/sf/s"});
  must({"stream", "replica", "remove", "-path", "/s", "-replica", "/mapr/ny/r"});
  must({"stream", "replica", "list", "-path", "/s"});
  EXPECT_EQ(output_.printed, "");
}

TEST_F(ReplicationCommandsTest, TheReplicaMustExist) {
  EXPECT_EQ(error_of({"stream", "replica", "add", "-path", "/s", "-replica", "/mapr/ny/none"}),
            "ERROR (2) -  -replica /mapr/ny/none: there is no stream /mapr/ny/none\n");
  EXPECT_EQ(error_of({"stream", "upstream", "add", "-path", "/mapr/ny/r", "-upstream", "/none"}),
            "ERROR (2) -  -upstream /mapr/sf/none: there is no stream /mapr/sf/none\n");
  EXPECT_EQ(error_of({"stream", "replica", "pause", "-path", "/s", "-replica", "/mapr/ny/r"}),
            "ERROR (2) -  stream /mapr/sf/s has no replica /mapr/ny/r\n");
  EXPECT_TRUE(error_of({"stream", "replica", "add", "-path", "/s", "-replica", "/s"})
                  .starts_with("ERROR (22) -  stream /s cannot be its own replica"));
  EXPECT_TRUE(error_of({"stream", "replica", "add", "-path", "/s", "-replica", "/mapr/ny/r", "-synchronous", "true"})
                  .starts_with("ERROR (95) -  -synchronous"));
  EXPECT_TRUE(source().replicas.empty());
}

TEST_F(ReplicationCommandsTest, AnUnreachableClusterIsNamedSoon) {
  sim_.network().isolate("ghost");
  SteadyTime before = sim_.executor().now();
  std::string error = error_of({"stream", "replica", "add", "-path", "/s", "-replica", "/mapr/ghost/r"});
  EXPECT_TRUE(error.starts_with("ERROR (113) -  -replica /mapr/ghost/r: cluster 'ghost' cannot be reached: ")) << error;
  EXPECT_NE(error.find("ghost:7222"), std::string::npos) << error;
  EXPECT_LE(sim_.executor().now() - before, std::chrono::seconds(6));
  EXPECT_TRUE(error_of({"stream", "info", "-path", "/mapr/boston/x"})
                  .starts_with("ERROR (2) -  cluster 'boston' is not in clusters.conf"));
}

TEST_F(ReplicationCommandsTest, ARenamedReplicaMustBeTheSameStream) {
  must({"stream", "replica", "add", "-path", "/s", "-replica", "/mapr/ny/r"});
  must({"stream", "create", "-path", "/mapr/ny/other"});
  EXPECT_TRUE(
      error_of({"stream", "replica", "edit", "-path", "/s", "-replica", "/mapr/ny/r", "-newreplica", "/mapr/ny/other"})
          .starts_with("ERROR (16) -  -newreplica /mapr/ny/other is another stream"));
}

TEST_F(ReplicationCommandsTest, TroubleIsShownAndDetailOnlyWhenAsked) {
  must({"stream", "replica", "add", "-path", "/s", "-replica", "/mapr/ny/r"});
  ReplicaStatus status;
  status.replica_state = "REPLICA_STATE_REPLICATING";
  status.bytes_pending = 124;
  status.problem = LinkProblem{.code = "ErrAllGatewaysUnreachable", .host = "10.0.0.1", .message = "nobody there"};
  nodes_["sf"]->replication.replica_status = status;
  must({"stream", "replica", "list", "-path", "/s", "-json"});
  EXPECT_NE(output_.printed.find("\"bytesPending\":124"), std::string::npos);
  EXPECT_NE(output_.printed.find("\"errors\":{\n\t\t\t\t\"Code\":\"ErrAllGatewaysUnreachable\",\n\t\t\t\t\"Host\":\"10."
                                 "0.0.1\",\n\t\t\t\t\"Msg\":\"nobody there\"\n\t\t\t}"),
            std::string::npos)
      << output_.printed;
  EXPECT_NE(output_.printed.find("lagSeconds"), std::string::npos);
  EXPECT_EQ(output_.printed.find("acknowledgedLsn"), std::string::npos);
  must({"stream", "replica", "list", "-path", "/s", "-detail"});
  EXPECT_NE(output_.printed.find("acknowledgedLsn"), std::string::npos);
}

TEST_F(ReplicationCommandsTest, Gateways) {
  must({"cluster", "gateway", "list"});
  EXPECT_EQ(output_.printed, "");
  must({"cluster", "gateway", "set", "-dstcluster", "ny", "-gateways", "gw1, gw2:7000"});
  must({"cluster", "gateway", "list"});
  EXPECT_EQ(output_.printed, "cluster  gatewayConfig\nny       gw1:7660 gw2:7000\n");
  must({"cluster", "gateway", "local", "-cluster", "ny"});
  EXPECT_EQ(output_.printed, "cluster  gatewayConfig\nny       ny:7660\n");
  must({"cluster", "gateway", "delete", "-dstcluster", "ny"});
  EXPECT_EQ(error_of({"cluster", "gateway", "get", "-dstcluster", "ny"}),
            "ERROR (2) -  no gateways have been set for cluster 'ny'\n");
  EXPECT_TRUE(error_of({"cluster", "gateway", "resolve", "-dstcluster", "ny"})
                  .starts_with("ERROR (113) -  no gateway of cluster 'ny' answers; tried ny:7660"));
  auto listener = nodes_["ny"]->world.network.listen(Address{"ny", kGatewayPort}, nullptr);
  ASSERT_TRUE(listener);
  must({"cluster", "gateway", "resolve", "-dstcluster", "ny"});
  EXPECT_EQ(output_.printed, "cluster  gatewayConfig  source\nny       ny:7660        clusters.conf\n");
  user_ = "eve";
  EXPECT_TRUE(error_of({"cluster", "gateway", "set", "-dstcluster", "ny", "-gateways", "evil"})
                  .starts_with("ERROR (13) -  user 'eve' is no administrator"));
}

TEST_F(ReplicationCommandsTest, CopystreamCreatesTheDestinationAndFollowsTheJob) {
  CopyStatus job{
      .id = desk_->random.uuid(), .source_path = "/s", .source = source().uuid, .cluster = "ny", .path = "/new"};
  job.bytes_total = 2048;
  job.records_total = 10;
  CopyStatus half = job;
  half.percentage = 50;
  half.bytes_done = 1024;
  half.records_done = 5;
  CopyStatus done = job;
  done.state = CopyState::done;
  done.percentage = 100;
  done.bytes_done = 2048;
  done.records_done = 10;
  nodes_["sf"]->replication.jobs = {job};
  nodes_["sf"]->replication.later_jobs = {half, half, done};
  EXPECT_EQ(copystream({"copystream", "-src", "/s", "-dst", "/mapr/ny/new"}), kExitOk) << output_.errors;
  EXPECT_EQ(output_.printed,
            "  0%  0 bytes of 2.0 KiB  0 of 10 messages\n"
            " 50%  1.0 KiB of 2.0 KiB  5 of 10 messages\n"
            "100%  2.0 KiB of 2.0 KiB  10 of 10 messages\n"
            "copied 10 messages (2.0 KiB) from /mapr/sf/s to /mapr/ny/new\n");
  const StreamRecord* made = nodes_["ny"]->catalog.record("/new");
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(made->settings, source().settings);
  const FakeReplication& there = nodes_["ny"]->replication;
  ASSERT_EQ(there.grants.size(), 1u);
  EXPECT_EQ(there.grants[0].source, source().uuid);
  EXPECT_EQ(there.grants[0].source_cluster, "sf");
  const FakeReplication& here = nodes_["sf"]->replication;
  ASSERT_EQ(here.orders.size(), 1u);
  EXPECT_EQ(here.orders[0].replica, made->uuid);
  EXPECT_EQ(here.orders[0].grant, "secret");
}

TEST_F(ReplicationCommandsTest, CopystreamDrawsABarAndFailsLoudly) {
  CopyStatus job{
      .id = desk_->random.uuid(), .source_path = "/s", .source = source().uuid, .cluster = "ny", .path = "/r"};
  CopyStatus failed = job;
  failed.state = CopyState::failed;
  failed.percentage = 40;
  failed.problem = LinkProblem{.code = "ErrDiverged", .message = "the histories disagree"};
  nodes_["sf"]->replication.jobs = {job};
  nodes_["sf"]->replication.later_jobs = {failed};
  EXPECT_EQ(copystream({"copystream", "-src", "/s", "-dst", "/mapr/ny/r"}, true), kExitFailed);
  EXPECT_NE(output_.printed.find("\r[############..................]  40%"), std::string::npos) << output_.printed;
  EXPECT_NE(output_.errors.find("ERROR (5) -  the copy from /mapr/sf/s to /mapr/ny/r failed: the histories disagree"),
            std::string::npos)
      << output_.errors;
}

TEST_F(ReplicationCommandsTest, CopyingNeedsPermissionOnBothSides) {
  must({"stream", "edit", "-path", "/s", "-copyperm", "u:eve"});
  user_ = "eve";
  EXPECT_EQ(copystream({"copystream", "-src", "/s", "-dst", "/mapr/ny/r"}), kExitFailed);
  EXPECT_NE(
      output_.errors.find("ERROR (13) -  -dst /mapr/ny/r: user 'eve' may not copy to stream /r; it needs copyperm"),
      std::string::npos)
      << output_.errors;
  user_ = "mallory";
  EXPECT_EQ(copystream({"copystream", "-src", "/s", "-dst", "/mapr/ny/r"}), kExitFailed);
  EXPECT_NE(output_.errors.find("user 'mallory' may not copy from stream /s"), std::string::npos) << output_.errors;
  EXPECT_TRUE(nodes_["sf"]->replication.orders.empty());
}

TEST_F(ReplicationCommandsTest, Jobs) {
  CopyStatus job{
      .id = desk_->random.uuid(), .source_path = "/s", .source = source().uuid, .cluster = "ny", .path = "/r"};
  nodes_["sf"]->replication.jobs = {job};
  must({"job", "list"});
  EXPECT_NE(output_.printed.find(to_string(job.id) + "  copystream  RUNNING  /mapr/sf/s  /mapr/ny/r  0 "),
            std::string::npos)
      << output_.printed;
  must({"job", "cancel", "-id", to_string(job.id)});
  EXPECT_EQ(nodes_["sf"]->replication.cancelled, std::vector<Uuid>{job.id});
  EXPECT_TRUE(error_of({"job", "info", "-id", to_string(Uuid{})}).starts_with("ERROR (2) -  there is no job"));
  user_ = "eve";
  must({"job", "list"});
  EXPECT_EQ(output_.printed, "");
}

}  // namespace
}  // namespace distributary::admin
