// Names of streams and topics.
//
//   /mapr/<cluster>/<path>   a stream in a named cluster, from anywhere
//   /<path>                  a stream in the caller's own (default) cluster
//   <stream>:<topic>         a topic; both forms of the stream are allowed
//
// Pure values and functions; callable from any thread. Every error is invalid_argument or too_large, and its message
// quotes the value and says what is allowed.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/error.h"

namespace distributary {

inline constexpr size_t kPathBytesMax = 4096;          // of the path inside its cluster
inline constexpr size_t kPathComponentBytesMax = 255;  // between two slashes
inline constexpr size_t kClusterNameBytesMax = 255;
inline constexpr size_t kTopicNameBytesMax = 249;  // Kafka's own limit

// Where a stream (or a directory of streams) is. `path` begins with '/', has no empty, "." or ".." component and does
// not end with '/', so equal places are equal values.
struct StreamPath {
  std::string cluster;
  std::string path;

  auto operator<=>(const StreamPath&) const = default;
  std::string_view parent() const;     // "/" for a stream at the top
  std::string_view base_name() const;  // the last component
};

std::string to_string(const StreamPath& path);  // the global form: /mapr/<cluster><path>

// A topic by its full name.
struct TopicPath {
  StreamPath stream;
  std::string topic;

  auto operator<=>(const TopicPath&) const = default;
};

std::string to_string(const TopicPath& topic);  // /mapr/<cluster><path>:<topic>

// The form without a cluster, as the cluster's own clients write it: <path>:<topic>.
std::string local_topic_name(std::string_view stream_path, std::string_view topic);

// A name that begins with '/' is a full topic name; any other belongs to the listener's default stream.
inline bool is_full_topic_name(std::string_view name) { return name.starts_with('/'); }

Result<StreamPath> parse_stream_path(std::string_view text, std::string_view default_cluster);
Result<TopicPath> parse_topic_path(std::string_view text, std::string_view default_cluster);

// Letters, digits, '.', '_' and '-'; 1 to 249 of them; not "." or "..".
Status check_topic_name(std::string_view name);
// The same characters; 1 to 255 of them; not "." or "..".
Status check_cluster_name(std::string_view name);
// A path inside a cluster, as in StreamPath::path. The name "/" alone is not a stream.
Status check_local_path(std::string_view path);

}  // namespace distributary
