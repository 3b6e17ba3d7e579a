// Certificates for tests: a root and node certificates signed by it, made with OpenSSL. Not for production (cluster/
// makes those).
#pragma once

#include <memory>
#include <string>

#include "io/network.h"

namespace distributary {

class TestingRoot {
 public:
  explicit TestingRoot(const std::string& name);
  ~TestingRoot();

  struct Options {
    std::string common_name = "node1";
    int valid_from_seconds = -3600;  // from now
    int valid_to_seconds = 3600;
    bool signed_by_node_key = false;  // the signature is not the root's: a forgery
    bool without_root = false;        // the chain ends with the node
  };
  TlsIdentity issue(const Options& options) const;
  TlsIdentity issue(const std::string& common_name) const;
  // The root acting as a node itself.
  TlsIdentity root_as_node() const;
  std::string fingerprint() const;  // SHA-256 of the DER, 64 hex digits

 private:
  struct Key;
  std::unique_ptr<Key> key_;
};

}  // namespace distributary
