#include "api/admin/stream_settings_options.h"

#include <array>

#include "model/entry_payload.h"

namespace distributary::admin {
namespace {

struct PermissionOption {
  const char* name;
  const char* help;
  AccessExpression StreamSettings::*expression;
};
constexpr std::array<PermissionOption, 5> kPermissions{{
    {"produceperm", "who may publish messages", &StreamSettings::produce_permission},
    {"consumeperm", "who may read messages", &StreamSettings::consume_permission},
    {"topicperm", "who may create, edit and delete topics", &StreamSettings::topic_permission},
    {"copyperm", "who may copy the stream and compare it with another", &StreamSettings::copy_permission},
    {"adminperm", "who may change the stream and set up its replication", &StreamSettings::admin_permission},
}};

Status set_expression(const Arguments& arguments, const PermissionOption& option, StreamSettings& settings) {
  auto text = arguments.find(option.name);
  if (!text) return {};
  TRY(settings.*option.expression, AccessExpression::parse(*text));
  return {};
}

template <class Field>
void set_number(const Arguments& arguments, const char* name, Field& field) {
  if (auto number = arguments.number(name)) field = static_cast<Field>(*number);
}

void set_boolean(const Arguments& arguments, const char* name, bool& field) {
  if (auto boolean = arguments.boolean(name)) field = *boolean;
}

}  // namespace

std::vector<OptionSpec> settings_options() {
  std::vector<OptionSpec> options{
      {.name = "ttl",
       .type = OptionType::number,
       .help = "seconds for which messages are kept; 0 keeps them for ever",
       .default_text = "604800",
       .max = kStreamSecondsMax},
      {.name = "autocreate",
       .type = OptionType::boolean,
       .help = "whether a producer's first message to a topic creates it",
       .default_text = "true"},
      {.name = "defaultpartitions",
       .type = OptionType::number,
       .help = "partitions of a topic that is created without a number of them",
       .default_text = "1",
       .min = 1,
       .max = kPartitionsPerTopicMax},
      {.name = "compression",
       .type = OptionType::choice,
       .help = "kept and shown; batches are stored as producers compressed them",
       .default_text = "lz4",
       .choices = {"off", "lz4", "lzf", "zlib"}},
  };
  for (const PermissionOption& option : kPermissions) {
    options.push_back(
        {.name = option.name, .type = OptionType::access, .help = option.help, .default_text = "u:<creator>"});
  }
  std::vector<OptionSpec> others{
      {.name = "defaulttimestamptype",
       .type = OptionType::choice,
       .help = "whose time messages of new topics carry: the producer's or the server's",
       .default_text = "createtime",
       .choices = {"createtime", "logappendtime"}},
      {.name = "mincompactionlag",
       .type = OptionType::number,
       .help = "milliseconds for which a message stays uncompacted",
       .default_text = "0",
       .max = kStreamMillisMax},
      {.name = "deleteretention",
       .type = OptionType::number,
       .help = "milliseconds for which a tombstone stays",
       .default_text = "86400000",
       .max = kStreamMillisMax},
      {.name = "pidexpirysecs",
       .type = OptionType::number,
       .help = "seconds for which the id of an idle producer is remembered",
       .default_text = "604800",
       .min = kPidExpirySecondsMin,
       .max = kStreamSecondsMax},
      {.name = "durability",
       .type = OptionType::choice,
       .help = "sync: acknowledged means on stable storage; async: in memory, flushed in the background",
       .default_text = "sync",
       .choices = {"sync", "async"}},
  };
  options.insert(options.end(), others.begin(), others.end());
  return options;
}

Status apply_settings(const Arguments& arguments, StreamSettings& settings) {
  set_number(arguments, "ttl", settings.ttl_seconds);
  set_boolean(arguments, "autocreate", settings.autocreate);
  set_number(arguments, "defaultpartitions", settings.default_partitions);
  if (auto word = arguments.find("compression")) {
    TRY(settings.compression, parse_stream_compression(*word));
  }
  for (const PermissionOption& option : kPermissions) {
    TRY_STATUS(set_expression(arguments, option, settings));
  }
  set_boolean(arguments, "ischangelog", settings.is_changelog);
  if (auto word = arguments.find("defaulttimestamptype")) {
    TRY(settings.timestamp_type, parse_timestamp_type(*word));
  }
  set_boolean(arguments, "compact", settings.compact);
  set_number(arguments, "mincompactionlag", settings.min_compaction_lag_ms);
  set_number(arguments, "deleteretention", settings.delete_retention_ms);
  set_number(arguments, "pidexpirysecs", settings.pid_expiry_seconds);
  if (auto word = arguments.find("durability")) {
    TRY(settings.durability, parse_durability(*word));
  }
  return settings.check();
}

void append_settings(Record& record, const StreamSettings& settings, bool permissions) {
  record.push_back({"defaultpartitions", settings.default_partitions});
  record.push_back({"ttl", settings.ttl_seconds});
  record.push_back({"compression", to_string(settings.compression)});
  record.push_back({"autocreate", settings.autocreate});
  if (permissions) {
    for (const PermissionOption& option : kPermissions)
      record.push_back({option.name, (settings.*option.expression).text()});
  }
  record.push_back({"ischangelog", settings.is_changelog});
  record.push_back({"defaulttimestamptype", to_string(settings.timestamp_type)});
  record.push_back({"compact", settings.compact});
  record.push_back({"mincompactionlag", settings.min_compaction_lag_ms});
  record.push_back({"deleteretention", settings.delete_retention_ms});
  record.push_back({"pidexpirysecs", settings.pid_expiry_seconds});
  record.push_back({"durability", to_string(settings.durability)});
}

Status apply_record(const Record& record, StreamSettings& settings) {
  std::vector<OptionSpec> known = settings_options();
  known.push_back({.name = "ischangelog", .type = OptionType::boolean});
  known.push_back({.name = "compact", .type = OptionType::boolean});
  Command command{.words = {"stream", "info"}, .options = known};
  Arguments::Pairs pairs;
  for (const Field& field : record) {
    if (command.option(field.name)) pairs.emplace_back(field.name, to_table_text(field.value));
  }
  TRY(Arguments arguments, check_arguments(command, pairs));
  return apply_settings(arguments, settings);
}

}  // namespace distributary::admin
