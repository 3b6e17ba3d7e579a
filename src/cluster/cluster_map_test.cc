#include "cluster/cluster_map.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

const std::string kRoot(64, 'a');

ClusterMap must_parse(std::string_view text) {
  auto map = ClusterMap::parse(text, "clusters.conf");
  EXPECT_TRUE(map) << (map ? "" : map.error().message);
  return map ? *map : ClusterMap();
}
std::string error_of(std::string_view text) {
  auto map = ClusterMap::parse(text, "clusters.conf");
  return map ? "parsed" : map.error().message;
}

TEST(ClusterMap, FirstLineIsTheDefaultCluster) {
  ClusterMap map = must_parse("# ours\n\nsanfrancisco secure=false sf1:7333 sf2\nnewyork 10.0.0.1\n");
  EXPECT_EQ(map.default_cluster(), "sanfrancisco");
  ASSERT_EQ(map.entries().size(), 2u);
  EXPECT_EQ(map.find("sanfrancisco")->admin_addresses(), (std::vector<Address>{{"sf1", 7333}, {"sf2", 7222}}));
  EXPECT_EQ(map.find("newyork")->admin_addresses(), (std::vector<Address>{{"10.0.0.1", 7222}}));
  EXPECT_EQ(map.find("boston"), nullptr);
}

TEST(ClusterMap, NameWithFallbackAddressSharesThePort) {
  ClusterMap map = must_parse("a node1.lab;10.1.2.3:7300 node2.lab;10.1.2.4\n");
  EXPECT_EQ(map.find("a")->admin_addresses(),
            (std::vector<Address>{{"node1.lab", 7300}, {"10.1.2.3", 7300}, {"node2.lab", 7222}, {"10.1.2.4", 7222}}));
}

TEST(ClusterMap, GatewaysAreAtTheNodesUnlessListed) {
  ClusterMap map = must_parse("a gateways=127.0.0.1:1,g2 x:5\nb y:9 z\n");
  EXPECT_EQ(map.find("a")->gateway_addresses(), (std::vector<Address>{{"127.0.0.1", 1}, {"g2", 7660}}));
  EXPECT_EQ(map.find("b")->gateway_addresses(), (std::vector<Address>{{"y", 7660}, {"z", 7660}}));
}

TEST(ClusterMap, TrustAndUnknownKeys) {
  ClusterMap map = must_parse("a secure=true root=" + std::string(64, 'A') + " kerberosEnable=false x\n");
  const ClusterEntry* entry = map.find("a");
  EXPECT_TRUE(entry->secure);
  EXPECT_EQ(entry->root_fingerprint, kRoot);
  EXPECT_EQ(entry->other.at("kerberosEnable"), "false");
  EXPECT_EQ(map.find_root(kRoot), entry);
  EXPECT_EQ(map.find_root(""), nullptr);
  EXPECT_EQ(must_parse("b x").find_root(""), nullptr);
}

TEST(ClusterMap, ErrorsNameTheLineAndWhatIsAllowed) {
  EXPECT_EQ(error_of("a x\nb secure=yes y\n"), "clusters.conf line 2: secure='yes' is neither true nor false");
  EXPECT_EQ(error_of("a secure=true\n"),
            "clusters.conf line 1: cluster 'a' has no node; add host, host:port or host;ip:port");
  EXPECT_EQ(error_of("a x\na y\n"), "clusters.conf line 2: cluster 'a' is listed twice");
  EXPECT_NE(error_of("a root=12 x").find("64 hex digits"), std::string::npos);
  EXPECT_NE(error_of("a x:99999").find("clusters.conf line 1"), std::string::npos);
  EXPECT_NE(error_of("a!b x").find("clusters.conf line 1"), std::string::npos);
}

TEST(ClusterMap, RequireSaysWhatIsKnown) {
  auto missing = must_parse("a x\nb y").require("c");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_EQ(missing.error().message, "cluster 'c' is not in clusters.conf (known: a, b); add a line for it");
}

}  // namespace
}  // namespace distributary
