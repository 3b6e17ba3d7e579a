#include "cluster/identity.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "io/sim/sim_world.h"

namespace distributary {
namespace {

constexpr WallMillis kNow = 1'767'225'600'000;

X509* read_certificate(BIO* bio) { return PEM_read_bio_X509(bio, nullptr, nullptr, nullptr); }

// Whether OpenSSL itself accepts the node's certificate under the root of `root_pem` at `at`.
bool verifies(const std::string& chain_pem, const std::string& root_pem, WallMillis at) {
  BIO* chain = BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size()));
  BIO* root = BIO_new_mem_buf(root_pem.data(), static_cast<int>(root_pem.size()));
  X509* leaf = read_certificate(chain);
  X509* authority = read_certificate(root);
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, authority);
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf, nullptr);
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), at / 1000);
  X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(context), X509_PURPOSE_SSL_SERVER);
  bool ok = X509_verify_cert(context) == 1;
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  X509_free(authority);
  X509_free(leaf);
  BIO_free(root);
  BIO_free(chain);
  return ok;
}

TEST(Identity, RootSignsItsNodesAndNoOthers) {
  RootIdentity root = make_root("newyork", kNow).value();
  RootIdentity stranger = make_root("newyork", kNow).value();
  TlsIdentity node = make_node(root, "newyork", "ny1", kNow).value();
  EXPECT_TRUE(verifies(node.chain_pem, root.certificate_pem, kNow));
  EXPECT_FALSE(verifies(node.chain_pem, stranger.certificate_pem, kNow));
  constexpr WallMillis kYear = 365LL * 24 * 3600 * 1000;
  EXPECT_TRUE(verifies(node.chain_pem, root.certificate_pem, kNow + 9 * kYear));
  EXPECT_FALSE(verifies(node.chain_pem, root.certificate_pem, kNow + 11 * kYear));
  EXPECT_FALSE(verifies(node.chain_pem, root.certificate_pem, kNow - kYear));
}

TEST(Identity, FingerprintIsOfTheRootAndMakesTheClusterId) {
  RootIdentity root = make_root("newyork", kNow).value();
  TlsIdentity node = make_node(root, "newyork", "ny1", kNow).value();
  std::string fingerprint = root_fingerprint(root.certificate_pem).value();
  EXPECT_EQ(fingerprint.size(), 64u);
  EXPECT_EQ(root_fingerprint(node.chain_pem).value(), fingerprint);
  EXPECT_NE(root_fingerprint(make_root("newyork", kNow)->certificate_pem).value(), fingerprint);
  Uuid id = cluster_id(fingerprint).value();
  EXPECT_EQ(id, cluster_id(fingerprint).value());
  EXPECT_EQ(to_string(id)[14], '8');
  EXPECT_EQ(to_string(cluster_id(std::string(64, 'f')).value()), "ffffffff-ffff-8fff-afff-ffffffffffff");
  EXPECT_FALSE(cluster_id("12"));
  EXPECT_FALSE(root_fingerprint("no pem"));
}

TEST(Identity, IsSavedOnceAndLoaded) {
  SimWorld sim(1);
  sim.add_host("a");
  World& world = sim.start("a");
  RootIdentity root = make_root("newyork", kNow).value();
  TlsIdentity node = make_node(root, "newyork", "ny1", kNow).value();
  auto missing = sim.executor().run(load_identity(world.files, "/data/identity"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find("distributary init"), std::string::npos);

  Status saved = sim.executor().run(save_identity(world.files, "/data/identity", root, node));
  ASSERT_TRUE(saved) << saved.error().message;
  auto loaded = sim.executor().run(load_identity(world.files, "/data/identity"));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->chain_pem, node.chain_pem);
  EXPECT_EQ(loaded->key_pem, node.key_pem);
  Status again = sim.executor().run(save_identity(world.files, "/data/identity", root, node));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::already_exists);
}

}  // namespace
}  // namespace distributary
