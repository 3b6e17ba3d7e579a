#include "broker/resource_configs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "model/printable.h"

namespace distributary {
namespace {

constexpr size_t kResourcesPerScan = 1'000;

std::optional<double> parse_value(ConfigKind kind, std::string_view text) {
  const char* end = text.data() + text.size();
  double value = 0;
  auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return std::nullopt;
  if (kind == ConfigKind::float64) return value;
  int64_t whole = 0;
  auto [whole_at, whole_error] = std::from_chars(text.data(), end, whole);
  if (whole_error != std::errc() || whole_at != end) return std::nullopt;
  return static_cast<double>(whole);
}

Fault invalid_config(std::string message) { return {KafkaError::invalid_config, std::move(message)}; }

// Calls `part` with every line of `text`.
template <class Part>
bool each_line(std::string_view text, Part part) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (!part(text.substr(0, end))) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

template <class Values>
Status parse_values(const MetaEntry& entry, Values& out) {
  const bool good = each_line(entry.value, [&out](std::string_view line) {
    const size_t mark = line.find('=');
    if (mark == std::string_view::npos) return false;
    out[std::string(line.substr(0, mark))] = std::string(line.substr(mark + 1));
    return true;
  });
  if (good) return {};
  return fail(ErrorCode::corrupt, fmt::format("the stored settings {} are damaged", quoted(entry.key)));
}

template <class Values>
Status parse_entries(std::string_view prefix, const std::vector<MetaEntry>& entries,
                     std::map<std::string, Values>& out) {
  for (const MetaEntry& entry : entries) TRY_STATUS(parse_values(entry, out[entry.key.substr(prefix.size())]));
  return {};
}

template <class Values>
std::string stored(const Values& values) {
  std::string out;
  for (const auto& [name, value] : values) out += fmt::format("{}={}\n", name, value);
  return out;
}

Fault check_name(const std::string& name) {
  if (name.size() <= kResourceNameBytesMax) return {};
  return {KafkaError::invalid_request,
          fmt::format("the name has {} bytes; settings can be given to names of at most {}", name.size(),
                      kResourceNameBytesMax)};
}

}  // namespace

const ResourceSetting* ResourceConfigs::find(std::string_view setting) const {
  auto found = std::ranges::find(kind_.settings, setting, &ResourceSetting::name);
  return found == kind_.settings.end() ? nullptr : &*found;
}

const std::string* ResourceConfigs::given(const std::string& name, std::string_view setting) const {
  auto resource = given_.find(name);
  if (resource == given_.end()) return nullptr;
  auto value = resource->second.find(setting);
  return value == resource->second.end() ? nullptr : &value->second;
}

Task<Status> ResourceConfigs::load() {
  if (loaded_) co_return Status{};
  std::map<std::string, Values> read;
  std::string after;
  for (bool more = true; more;) {
    std::string prefix(kind_.prefix);
    std::string from = after;
    CO_TRY(std::vector<MetaEntry> entries, co_await meta_.scan(std::move(prefix), std::move(from), kResourcesPerScan));
    CO_TRY_STATUS(parse_entries(kind_.prefix, entries, read));
    if (!entries.empty()) after = entries.back().key;
    more = entries.size() == kResourcesPerScan;
  }
  if (loaded_) co_return Status{};  // somebody else was faster, and there may have been a change since
  given_ = std::move(read);
  loaded_ = true;
  co_return Status{};
}

Fault ResourceConfigs::apply(const ConfigChange& change, Values& values) const {
  const ResourceSetting* setting = find(change.name);
  if (setting == nullptr) return invalid_config(fmt::format("there is no setting {} of it", quoted(change.name)));
  if (change.operation == ConfigOperation::remove) {
    values.erase(change.name);
    return {};
  }
  if (change.operation != ConfigOperation::set)
    return invalid_config(fmt::format("{} is not a list: it can be set or deleted", change.name));
  if (!change.value)
    return {KafkaError::invalid_request, fmt::format("a value is missing for {}", quoted(change.name))};
  std::optional<double> value = parse_value(setting->kind, *change.value);
  if (!value || !(*value >= setting->low && *value <= setting->high)) {
    return invalid_config(fmt::format("{} cannot be {}; allowed is {} to {}", change.name, quoted(*change.value),
                                      setting->low, setting->high));
  }
  values[change.name] = *change.value;
  return {};
}

Fault ResourceConfigs::plan(const std::string& name, const std::vector<ConfigChange>& changes, Values& values) const {
  Fault fault = check_name(name);
  for (const ConfigChange& change : changes) {
    if (fault.ok()) fault = apply(change, values);
  }
  if (!fault.ok() || values.empty() || given_.contains(name) || given_.size() < kResourcesWithConfigsMax) return fault;
  return {KafkaError::policy_violation,
          fmt::format("{} of them have settings, which is the limit; remove some", kResourcesWithConfigsMax)};
}

Task<Fault> ResourceConfigs::change(std::string name, std::vector<ConfigChange> changes, bool replace,
                                    bool validate_only) {
  auto found = given_.find(name);
  const Values before = found == given_.end() ? Values{} : found->second;
  Values values = replace ? Values{} : before;
  Fault fault = plan(name, changes, values);
  if (!fault.ok() || validate_only || values == before) co_return fault;
  MetaBatch batch;
  const std::string key = std::string(kind_.prefix) + name;
  batch.require(key, before.empty() ? std::nullopt : std::optional<std::string>(stored(before)));
  if (values.empty()) {
    batch.remove(key);
  } else {
    batch.put(key, stored(values));
  }
  Status applied = co_await meta_.apply(std::move(batch));
  if (!applied) co_return fault_of(applied.error(), Subject::storage);
  if (values.empty()) {
    given_.erase(name);
  } else {
    given_[name] = std::move(values);
  }
  co_return fault;
}

ConfigEntry ResourceConfigs::entry(const std::string& name, const ResourceSetting& setting) const {
  ConfigEntry out{std::string(setting.name), {}, setting.kind, ConfigSource::standard, false,
                  setting.documentation,     {}};
  if (const std::string* own = name.empty() ? nullptr : given(name, setting.name))
    out.synonyms.push_back({out.name, *own, kind_.source});
  if (const std::string* all = given({}, setting.name)) out.synonyms.push_back({out.name, *all, kind_.for_all});
  out.synonyms.push_back({out.name, setting.standard, ConfigSource::standard});
  out.value = out.synonyms.front().value;
  out.source = out.synonyms.front().source;
  return out;
}

std::vector<ConfigEntry> ResourceConfigs::describe(const std::string& name) const {
  std::vector<ConfigEntry> out;
  for (const ResourceSetting& setting : kind_.settings) {
    if (name.empty() && given(name, setting.name) == nullptr) continue;
    out.push_back(entry(name, setting));
  }
  return out;
}

int64_t ResourceConfigs::number(const std::string& name, std::string_view setting) const {
  const ResourceSetting* row = find(setting);
  if (row == nullptr) return 0;
  const std::string* text = given(name, setting);
  if (text == nullptr) text = given({}, setting);
  return static_cast<int64_t>(parse_value(row->kind, text != nullptr ? *text : row->standard).value_or(0));
}

std::vector<std::string> ResourceConfigs::names() const {
  std::vector<std::string> out;
  for (const auto& [name, values] : given_) out.push_back(name);
  return out;
}

ResourceConfigs::Kind group_config_kind(const GroupOptions& options) {
  auto row = [](std::string_view name, std::chrono::milliseconds standard, double low, double high,
                std::string_view documentation) {
    const auto now = static_cast<double>(standard.count());
    return ResourceSetting{
        name,         ConfigKind::int32, std::to_string(standard.count()), std::min(low, now), std::max(high, now),
        documentation};
  };
  return {"group-config/",
          ConfigSource::group,
          ConfigSource::group,
          {row(kGroupHeartbeatInterval, options.consumer_heartbeat_interval, 5'000, 15'000,
               "How often members of the group are to show themselves, with the new protocol."),
           row(kGroupSessionTimeout, options.consumer_session_timeout, 45'000, 60'000,
               "Silence after which a member of the group is removed, with the new protocol.")}};
}

ResourceConfigs::Kind broker_config_kind() {
  constexpr std::string_view kNoted = "Accepted from Kafka's tools; it has no effect here.";
  auto row = [&](std::string_view name, ConfigKind kind, std::string standard) {
    return ResourceSetting{name, kind, std::move(standard), 0, std::numeric_limits<double>::max(), kNoted};
  };
  const std::string most = "9223372036854775807";
  return {"broker-config/",
          ConfigSource::dynamic_broker,
          ConfigSource::dynamic_default_broker,
          {
              row("background.threads", ConfigKind::int32, "10"),
              row("follower.replication.throttled.rate", ConfigKind::int64, most),
              row("leader.replication.throttled.rate", ConfigKind::int64, most),
              row("log.cleaner.backoff.ms", ConfigKind::int64, "15000"),
              row("log.cleaner.dedupe.buffer.size", ConfigKind::int64, "134217728"),
              row("log.cleaner.io.buffer.load.factor", ConfigKind::float64, "0.9"),
              row("log.cleaner.io.buffer.size", ConfigKind::int32, "524288"),
              row("log.cleaner.threads", ConfigKind::int32, "1"),
              row("num.io.threads", ConfigKind::int32, "8"),
              row("num.network.threads", ConfigKind::int32, "3"),
              row("num.recovery.threads.per.data.dir", ConfigKind::int32, "2"),
              row("num.replica.fetchers", ConfigKind::int32, "1"),
              row("replica.alter.log.dirs.io.max.bytes.per.second", ConfigKind::int64, most),
              row("sasl.kerberos.min.time.before.relogin", ConfigKind::int64, "60000"),
              row("sasl.kerberos.ticket.renew.jitter", ConfigKind::float64, "0.05"),
              row("sasl.kerberos.ticket.renew.window.factor", ConfigKind::float64, "0.8"),
          }};
}

}  // namespace distributary
