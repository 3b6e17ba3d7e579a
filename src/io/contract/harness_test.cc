#include "io/contract/harness.h"

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

}  // namespace

std::unique_ptr<Harness> make_harness(Kind) { return std::make_unique<SimHarness>(); }

}  // namespace distributary::contract
