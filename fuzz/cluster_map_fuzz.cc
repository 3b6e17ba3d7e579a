// A clusters file that parses has a default cluster with an address, and finds every cluster that it lists.
#include "base/bytes.h"
#include "base/check.h"
#include "cluster/cluster_map.h"

using namespace distributary;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto map = ClusterMap::parse(as_text({data, size}), "input");
  if (!map) return 0;
  for (const ClusterEntry& entry : map->entries()) {
    CHECK(map->find(entry.name) == &entry);
    CHECK(!entry.admin_addresses().empty());
    CHECK(!entry.gateway_addresses().empty());
  }
  return 0;
}
