// How clients name topics. A name that begins with '/' is full: `/path/stream:topic`, or `/mapr/<this
// cluster>/path/stream:topic`. Any other name belongs to the default stream, so that clients that know nothing of
// streams just work.
//
// Pure functions of their settings; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace distributary {

// A topic as the catalog and the stream know it. The topic's name is not checked here: lookups take any, creation
// checks (model/path.h).
struct TopicPlace {
  std::string stream_path;
  std::string topic;
};

class TopicNames {
 public:
  TopicNames(std::string cluster, std::string default_stream)
      : cluster_(std::move(cluster)), default_stream_(std::move(default_stream)) {}

  // Errors: invalid_argument (no default stream for a short name, another cluster, not a path), too_large.
  Result<TopicPlace> parse(std::string_view name) const;
  // The name under which lists show it: short in the default stream, else `<path>:<topic>`.
  std::string display(std::string_view stream_path, std::string_view topic) const;
  const std::string& default_stream() const { return default_stream_; }

 private:
  std::string cluster_;
  std::string default_stream_;
};

}  // namespace distributary
