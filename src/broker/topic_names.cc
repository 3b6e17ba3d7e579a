#include "broker/topic_names.h"

#include <fmt/format.h>

#include "model/path.h"
#include "model/printable.h"

namespace distributary {

Result<TopicPlace> TopicNames::parse(std::string_view name) const {
  if (name.empty()) return fail(ErrorCode::invalid_argument, "a topic name is empty");
  if (!is_full_topic_name(name)) {
    if (default_stream_.empty()) {
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("the topic name {} is short and this listener has no default stream; set kafka.default.stream "
                      "or write /<path of stream>:<topic>",
                      quoted(name)));
    }
    return TopicPlace{default_stream_, std::string(name)};
  }
  size_t colon = name.find(':', name.rfind('/'));
  if (colon == std::string_view::npos) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("{} begins with '/' and so must be a full topic name, /<path of stream>:<topic>", quoted(name)));
  }
  TRY(StreamPath stream, parse_stream_path(name.substr(0, colon), cluster_));
  if (stream.cluster != cluster_) {
    return fail(ErrorCode::invalid_argument,
                fmt::format("the topic {} is in cluster {}, and this is cluster {}; connect to that cluster",
                            quoted(name), quoted(stream.cluster), quoted(cluster_)));
  }
  return TopicPlace{std::move(stream.path), std::string(name.substr(colon + 1))};
}

std::string TopicNames::display(std::string_view stream_path, std::string_view topic) const {
  return stream_path == default_stream_ ? std::string(topic) : local_topic_name(stream_path, topic);
}

}  // namespace distributary
