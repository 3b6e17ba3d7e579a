#include "model/path.h"

#include <fmt/core.h>

#include <algorithm>

#include "model/printable.h"

namespace distributary {
namespace {

constexpr std::string_view kGlobalRoot = "mapr";  // the first component that means "a cluster's name follows"

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

Status check_name(std::string_view kind, std::string_view name, size_t bytes_max) {
  if (name.empty()) return fail(ErrorCode::invalid_argument, fmt::format("the {} is empty", kind));
  if (name.size() > bytes_max) {
    return fail(ErrorCode::too_large, fmt::format("the {} {} has {} characters; at most {} are allowed", kind,
                                                  quoted(name), name.size(), bytes_max));
  }
  if (name == "." || name == "..") {
    return fail(ErrorCode::invalid_argument, fmt::format("the {} cannot be '{}'", kind, name));
  }
  for (char c : name) {
    if (is_name_character(c)) continue;
    return fail(ErrorCode::invalid_argument,
                fmt::format("the {} {} has the character {}; allowed are letters, digits, '.', '_' and '-'", kind,
                            quoted(name), quoted({&c, 1})));
  }
  return {};
}

Status check_component(std::string_view path, std::string_view component) {
  if (component.empty()) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the path {} has an empty component; write one '/' between names and none at the end",
                            quoted(path)));
  }
  if (component == "." || component == "..") {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the path {} has the component '{}'; write the full path", quoted(path), component));
  }
  if (component.size() > kPathComponentBytesMax) {
    return fail(ErrorCode::too_large, fmt::format("the path {} has a component of {} bytes; at most {} are allowed",
                                                  quoted(path), component.size(), kPathComponentBytesMax));
  }
  return {};
}

std::string_view first_component(std::string_view path) { return path.substr(1, path.find('/', 1) - 1); }

}  // namespace

std::string_view StreamPath::parent() const {
  size_t slash = path.rfind('/');
  return std::string_view(path).substr(0, slash == 0 ? 1 : slash);
}

std::string_view StreamPath::base_name() const { return std::string_view(path).substr(path.rfind('/') + 1); }

std::string to_string(const StreamPath& path) { return fmt::format("/{}/{}{}", kGlobalRoot, path.cluster, path.path); }

std::string to_string(const TopicPath& topic) { return to_string(topic.stream) + ":" + topic.topic; }

std::string local_topic_name(std::string_view stream_path, std::string_view topic) {
  return fmt::format("{}:{}", stream_path, topic);
}

Status check_topic_name(std::string_view name) { return check_name("topic name", name, kTopicNameBytesMax); }

Status check_cluster_name(std::string_view name) { return check_name("cluster name", name, kClusterNameBytesMax); }

Status check_local_path(std::string_view path) {
  if (path.empty() || path[0] != '/') {
    return fail(ErrorCode::invalid_argument, fmt::format("the path {} must begin with '/'", quoted(path)));
  }
  if (path.size() > kPathBytesMax) {
    return fail(ErrorCode::too_large, fmt::format("the path {} has {} bytes; at most {} are allowed", quoted(path),
                                                  path.size(), kPathBytesMax));
  }
  if (path == "/") return fail(ErrorCode::invalid_argument, "the path '/' names no stream; write /<name>");
  if (!is_printable(path)) {
    return fail(ErrorCode::invalid_argument, fmt::format("the path {} must be printable UTF-8", quoted(path)));
  }
  for (size_t at = 1; at <= path.size();) {
    size_t end = std::min(path.find('/', at), path.size());
    TRY_STATUS(check_component(path, path.substr(at, end - at)));
    at = end + 1;
  }
  if (first_component(path) == kGlobalRoot) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the path {} begins with /mapr, which is kept for /mapr/<cluster>/<path>", quoted(path)));
  }
  if (path.find(':', path.rfind('/')) != std::string_view::npos) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("the stream name in {} has a ':'; only the directories before it may have one", quoted(path)));
  }
  return {};
}

Result<StreamPath> parse_stream_path(std::string_view text, std::string_view default_cluster) {
  StreamPath out{std::string(default_cluster), std::string(text)};
  if (text.starts_with('/') && first_component(text) == kGlobalRoot) {
    std::string_view rest = text.substr(1 + kGlobalRoot.size());
    size_t slash = rest.find('/', 1);
    if (rest.size() < 2 || slash == std::string_view::npos) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("the path {} names no stream; write /mapr/<cluster>/<path>", quoted(text)));
    }
    out.cluster = rest.substr(1, slash - 1);
    out.path = rest.substr(slash);
  }
  TRY_STATUS(check_cluster_name(out.cluster));
  TRY_STATUS(check_local_path(out.path));
  return out;
}

Result<TopicPath> parse_topic_path(std::string_view text, std::string_view default_cluster) {
  size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} is no full topic name; write /<path>:<topic>", quoted(text)));
  }
  size_t colon = text.find(':', slash);
  if (colon == std::string_view::npos) {
    return fail(ErrorCode::invalid_argument, fmt::format("{} names no topic; write /<path>:<topic>", quoted(text)));
  }
  if (text.find(':', colon + 1) != std::string_view::npos) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("{} has a second ':' after the last '/'; write /<path>:<topic>", quoted(text)));
  }
  TRY(StreamPath stream, parse_stream_path(text.substr(0, colon), default_cluster));
  TRY_STATUS(check_topic_name(text.substr(colon + 1)));
  return TopicPath{std::move(stream), std::string(text.substr(colon + 1))};
}

}  // namespace distributary
