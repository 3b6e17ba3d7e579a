#include "apps/clusters_file.h"

#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace distributary {

std::string clusters_file(const std::string& given) {
  if (!given.empty()) return given;
  if (const char* file = std::getenv("MAPR_CLUSTERS_CONF")) return file;
  const char* home = std::getenv("MAPR_HOME");
  return std::string(home != nullptr ? home : "/opt/mapr") + "/conf/mapr-clusters.conf";
}

Result<ClusterMap> load_clusters_file(const std::string& given) {
  std::string path = clusters_file(given);
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return fail(
        ErrorCode::not_found,
        fmt::format(
            "cannot read {}, which names the clusters; choose another file with -clusters or $MAPR_CLUSTERS_CONF",
            path));
  }
  std::string text(std::istreambuf_iterator<char>(in), {});
  return ClusterMap::parse(text, path);
}

}  // namespace distributary
