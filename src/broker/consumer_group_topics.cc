#include "broker/consumer_group_topics.h"

#include <algorithm>

#include "broker/topic_pattern.h"

namespace distributary {
namespace {

void add(GroupTopics& out, std::string display, const Topic& topic) {
  out.topics.try_emplace(topic.id,
                         GroupTopics::Info{std::move(display), static_cast<uint32_t>(topic.partitions.size())});
}

}  // namespace

void GroupTopics::keep_only(const Subscriptions& subscriptions) {
  std::erase_if(by_name, [&](const auto& item) { return !subscriptions.names.contains(item.first); });
  std::erase_if(by_pattern, [&](const auto& item) { return !subscriptions.patterns.contains(item.first); });
  std::set<TopicUuid> used;
  for (const auto& [name, id] : by_name) used.insert(id);
  for (const auto& [pattern, ids] : by_pattern) used.insert(ids.begin(), ids.end());
  std::erase_if(topics, [&](const auto& item) { return !used.contains(item.first); });
}

Task<void> SubscriptionResolver::resolve_names(const Subscriptions& subscriptions, GroupTopics& out) {
  const Caller anybody;  // without an action, nothing is checked
  TopicLookup lookup(directory_, anybody);
  for (const std::string& name : subscriptions.names) {
    TopicReference reference{name, {}};
    FoundTopic found = co_await lookup.find(reference);
    if (!found.fault.ok()) continue;
    out.by_name[name] = found.topic->id;
    add(out, directory_.names().display(found.stream->record.path, found.topic->name), *found.topic);
  }
}

Task<void> SubscriptionResolver::resolve_patterns(const Subscriptions& subscriptions, GroupTopics& out) {
  for (const auto& [key, caller] : subscriptions.patterns) {
    std::vector<TopicUuid>& matching = out.by_pattern[key];
    Result<TopicPattern> pattern = TopicPattern::parse(key.expression);
    if (!pattern) continue;  // was refused when it came
    std::vector<StreamHandle> streams = co_await directory_.streams(caller);
    for (const StreamHandle& stream : streams) {
      const StreamState& state = stream->stream->state();
      for (const auto& [name, ordinal] : state.names()) {
        std::string display = directory_.names().display(stream->record.path, name);
        if (!pattern->matches(display)) continue;
        const Topic& topic = *state.topic_at(ordinal);
        matching.push_back(topic.id);
        add(out, std::move(display), topic);
      }
    }
    std::ranges::sort(matching);
  }
}

Task<GroupTopics> SubscriptionResolver::resolve(Subscriptions subscriptions) {
  GroupTopics out;
  co_await resolve_names(subscriptions, out);
  co_await resolve_patterns(subscriptions, out);
  co_return out;
}

Task<TopicsVersion> SubscriptionResolver::version(Subscriptions subscriptions) {
  TopicsVersion out;
  std::set<std::string> paths;
  for (const std::string& name : subscriptions.names) {
    Result<TopicPlace> place = directory_.names().parse(name);
    if (place) paths.insert(std::move(place->stream_path));
  }
  if (!subscriptions.patterns.empty()) {
    for (std::string& path : directory_.catalog().paths()) paths.insert(std::move(path));
  }
  for (const std::string& path : paths) {
    std::string copy = path;
    Result<StreamHandle> stream = co_await directory_.stream(std::move(copy));
    if (stream) out.streams[(*stream)->record.uuid] = (*stream)->stream->state().topics_version();
  }
  co_return out;
}

}  // namespace distributary
