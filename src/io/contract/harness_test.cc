#include "io/contract/harness.h"

#include <filesystem>

#include "io/real/real_world.h"
#include "io/real/testing_certificates.h"
#include "io/sim/sim_world.h"

namespace distributary::contract {

namespace {

class SimHarness final : public Harness {
 public:
  SimHarness() {
    sim_.add_host("here", PeerIdentity{root_fingerprint(), "node1"});
    world_ = &sim_.start("here");
    must(sim_.disk("here").make_directories("/test"));
  }
  World& world() override { return *world_; }
  void run(Task<void> task) override { sim_.executor().run(std::move(task)); }
  std::string directory() override { return "/test"; }
  std::string host() override { return "here"; }
  const TlsIdentity& identity() override { return identity_; }
  std::string root_fingerprint() override { return std::string(64, 'f'); }

 private:
  SimWorld sim_{1};
  World* world_ = nullptr;
  TlsIdentity identity_;
};

const TestingRoot& testing_root() {
  static const TestingRoot root("a cluster");
  return root;
}

class RealHarness final : public Harness {
 public:
  RealHarness() {
    std::string pattern = testing::TempDir() + "/io_contract_XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
  }
  ~RealHarness() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  World& world() override { return real_->world(); }
  void run(Task<void> task) override { real_->executor().run(std::move(task)); }
  std::string directory() override { return directory_; }
  std::string host() override { return "127.0.0.1"; }
  const TlsIdentity& identity() override { return identity_; }
  std::string root_fingerprint() override { return testing_root().fingerprint(); }

 private:
  std::unique_ptr<RealWorld> real_ = make_real_world();
  std::string directory_;
  TlsIdentity identity_ = testing_root().issue("node1");
};

}  // namespace

std::unique_ptr<Harness> make_harness(Kind kind) {
  if (kind == Kind::sim) return std::make_unique<SimHarness>();
  return std::make_unique<RealHarness>();
}

}  // namespace distributary::contract
