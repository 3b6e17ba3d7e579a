// Finds and reads mapr-clusters.conf.
#pragma once

#include <string>

#include "cluster/cluster_map.h"

namespace distributary {

// `given` if not empty, else $MAPR_CLUSTERS_CONF, else $MAPR_HOME/conf/mapr-clusters.conf, else
// /opt/mapr/conf/mapr-clusters.conf.
std::string clusters_file(const std::string& given);
// not_found names the file and how to choose another.
Result<ClusterMap> load_clusters_file(const std::string& given);

}  // namespace distributary
