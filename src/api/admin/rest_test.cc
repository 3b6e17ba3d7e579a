// REST as a client sees it, who is asking, and the command line around it.
#include "api/admin/admin_harness.h"
#include "api/admin/command_help.h"
#include "api/admin/envelope.h"
#include "api/admin/http_client.h"

namespace distributary::admin {
namespace {

class RestTest : public AdminTest {
 protected:
  HttpResponse send(std::string target, std::string method = "GET",
                    HttpFields fields = {{"Authorization", basic_authorization("root")}}, std::string body = "") {
    HttpRequest request{
        .method = std::move(method), .target = std::move(target), .fields = std::move(fields), .body = std::move(body)};
    HttpClient client(*desk_, Address{"sf", kAdminPort}, nullptr, "");
    auto response = run(client.send(request, sim_.executor().now() + std::chrono::seconds(30), {}));
    EXPECT_TRUE(response) << response.error().message;
    return response ? *response : HttpResponse{.status = 0};
  }
};

TEST_F(RestTest, GetAndPostWithQueryOrForm) {
  EXPECT_EQ(send("/rest/stream/create?path=%2Fs&ttl=5", "POST").status, 200);
  HttpFields form{{"Authorization", basic_authorization("root")},
                  {"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(send("/rest/stream/edit?path=/s", "POST", form, "ttl=9&autocreate=false").status, 200);
  HttpResponse info = send("/rest/stream/info?path=/mapr/sf/s");
  EXPECT_EQ(find_field(info.fields, "content-type"), "application/json; charset=utf-8");
  auto records = parse_envelope(info.body, "stream info");
  ASSERT_TRUE(records) << records.error().message;
  EXPECT_EQ(number_field(records->at(0), "ttl").value(), 9);
  EXPECT_EQ(bool_field(records->at(0), "autocreate").value(), false);
}

TEST_F(RestTest, ErrorsAreEnvelopes) {
  HttpResponse missing = send("/rest/stream/info?path=/none");
  EXPECT_EQ(missing.status, 200);
  EXPECT_EQ(parse_envelope(missing.body, "stream info").error().code, ErrorCode::not_found);
  HttpResponse unknown = send("/rest/stream/explode");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(parse_envelope(unknown.body, "stream explode").error().message, "there is no command 'stream explode'");
  EXPECT_EQ(send("/").status, 404);
  EXPECT_EQ(send("/rest/%zz").status, 400);
  EXPECT_EQ(send("/rest/stream/list", "PATCH").status, 405);
}

TEST_F(RestTest, AnotherClustersStreamIsAskedThere) {
  EXPECT_EQ(parse_envelope(send("/rest/stream/create?path=/mapr/ny/x").body, "stream create").has_value(), true);
  EXPECT_NE(nodes_["ny"]->catalog.record("/x"), nullptr);
  HttpFields forwarded{{"Authorization", basic_authorization("root")}, {kForwardedField, "true"}};
  auto refused = parse_envelope(send("/rest/stream/info?path=/mapr/ny/x", "GET", forwarded).body, "stream info");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
}

TEST_F(RestTest, WhoIsAsking) {
  EXPECT_EQ(send("/rest/stream/create?path=/s", "GET", {}).status, 200);
  EXPECT_EQ(nodes_["sf"]->catalog.record("/s")->creator, kAnonymous);
  for (const char* field : {"Bearer x", "Basic ???", "Basic", "Basic dTppZCB4"}) {
    HttpResponse refused = send("/rest/stream/list", "GET", {{"Authorization", field}});
    EXPECT_EQ(refused.status, std::string_view(field) == "Basic dTppZCB4" ? 200 : 401)
        << field;  // the last is u:id x, a password with a blank
  }
  EXPECT_EQ(send("/rest/stream/list", "GET", {{"Authorization", basic_authorization("a b")}}).status, 401);
  EXPECT_EQ(basic_user(basic_authorization("ann")).value(), "ann");
}

TEST_F(RestTest, ASecureListenerVouchesForUsersOfKnownClustersOnly) {
  std::string root(64, 'a');
  ClusterMap map = *ClusterMap::parse("sf sf\nny root=" + root + " ny\n", "clusters.conf");
  AdminNode& node = *nodes_["sf"];
  AdminContext context{.world = node.world,
                       .cluster = "sf",
                       .catalog = node.catalog,
                       .map = map,
                       .gateways = node.gateways,
                       .remote = node.remote,
                       .replication = node.replication};
  AdminService service(context, {.own_root = std::string(64, 'b')});
  auto status = [&](std::string peer_root, std::string user) {
    HttpRequest request{.target = "/rest/stream/list"};
    if (!user.empty()) request.fields = {{"Authorization", basic_authorization(user)}};
    HttpPeer peer{.address = "x", .secure = true, .identity = PeerIdentity{peer_root, "node"}};
    return run(service.serve(request, peer)).status;
  };
  EXPECT_EQ(status(root, "root"), 200);
  EXPECT_EQ(status(std::string(64, 'b'), "root"), 200);
  EXPECT_EQ(status(std::string(64, 'c'), "root"), 401);
  EXPECT_EQ(status("", "root"), 401);
  EXPECT_EQ(status(root, ""), 401);
}

TEST_F(RestTest, HelpSaysWhatThereIs) {
  EXPECT_EQ(maprcli({}), kExitUsage);
  EXPECT_EQ(maprcli({"-help"}), kExitOk);
  EXPECT_NE(output_.printed.find("  stream replica add "), std::string::npos);
  EXPECT_EQ(output_.printed.find("stream identity"), std::string::npos);  // spoken between clusters only
  EXPECT_EQ(maprcli({"stream", "replica", "add", "-help"}), kExitOk);
  EXPECT_NE(output_.printed.find("-networkcompression off|lz4|lzf|zlib  kept and shown; "), std::string::npos)
      << output_.printed;
  EXPECT_EQ(maprcli({"stream", "replica"}), kExitUsage);
  EXPECT_EQ(output_.errors.find("stream create"), std::string::npos);
  EXPECT_EQ(maprcli({"stream", "creat", "-path", "/x"}), kExitUsage);
  EXPECT_EQ(output_.errors, "ERROR (22) -  there is no command 'stream creat'; did you mean 'stream create'?\n");
  EXPECT_EQ(maprcli({"stream", "info", "-path"}), kExitUsage);
  EXPECT_EQ(maprcli({"stream", "info", "-path", "/x", "stray"}), kExitUsage);
  EXPECT_EQ(output_.errors, "ERROR (22) -  'stray' is no option; options are written -name value\n");
}

TEST_F(RestTest, CompletionAndReferenceKnowEveryCommand) {
  std::string script = bash_completion();
  std::string page = reference_page();
  for (const Command& command : CommandTable::instance().commands()) {
    EXPECT_EQ(page.find("\n### " + command.name() + "\n") != std::string::npos, !command.internal) << command.name();
    bool completed = script.find("\"" + command.name() + "\") next=\"") != std::string::npos;
    EXPECT_EQ(completed, !command.internal) << command.name();
  }
  EXPECT_NE(page.find("\n### copystream\n"), std::string::npos);
  EXPECT_NE(script.find("\"stream upstream\") next=\"add list remove\""), std::string::npos);
}

}  // namespace
}  // namespace distributary::admin
