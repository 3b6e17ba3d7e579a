#include "api/admin/command_line.h"

#include <algorithm>

#include "api/admin/command_help.h"
#include "api/admin/envelope.h"
#include "base/check.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

bool is_option(const std::string& text) { return text.size() > 1 && text[0] == '-'; }

std::string option_name(const std::string& text) { return text.substr(text.starts_with("--") ? 2 : 1); }

const Command& general_command() {
  static const Command command{.words = {}, .options = general_options()};
  return command;
}

bool is_boolean_word(const std::string& text) { return text == "true" || text == "false"; }

Error no_command(const CommandTable& table, const std::vector<std::string>& words) {
  std::string name;
  for (const std::string& word : words) name += (name.empty() ? "" : " ") + word;
  std::string meant = suggestion(table, words);
  return Error{ErrorCode::invalid_argument,
               "there is no command " + quoted(name) +
                   (meant.empty() ? "; -help lists them" : "; did you mean " + quoted(meant) + "?")};
}

int print_answer(const Result<Records>& answer, const Command& command, bool json, WallMillis now, Output& output) {
  if (json) {
    output.out(to_envelope(answer, command.name(), now));
  } else if (answer) {
    output.out(to_table(*answer));
  } else {
    output.error(to_error_line(answer.error()) + "\n");
  }
  return answer ? kExitOk : kExitFailed;
}

Task<Result<Records>> call(CommandLineSetting& setting, const Command& command, Arguments::Pairs options) {
  CO_TRY(Arguments arguments, check_arguments(command, options));
  std::string own = setting.map.default_cluster();
  std::string cluster = arguments.text("cluster", own);
  const OptionSpec* path = command.option("path");
  if (path && path->type == OptionType::stream && arguments.has("path")) {
    CO_TRY(StreamPath parsed, parse_stream_path(arguments.text("path"), own));
    cluster = parsed.cluster;
  }
  if (cluster.empty()) {
    co_return fail(ErrorCode::not_found, setting.map.source() + " names no cluster");
  }
  Arguments::Pairs full = with_full_paths(command, arguments, own);
  std::vector<std::string> words = command.words;
  std::string user = setting.user;
  RemoteClusters remote = setting.remote();
  co_return co_await remote.call(std::move(cluster), std::move(words), std::move(full), std::move(user), false);
}

}  // namespace

RemoteClusters CommandLineSetting::remote() const { return RemoteClusters(world, map, identity); }

std::vector<OptionSpec> general_options() {
  return {
      {.name = "json", .type = OptionType::flag, .help = "print the answer as JSON and not as a table"},
      {.name = "clusters",
       .help = "file that names the clusters",
       .default_text = "$MAPR_CLUSTERS_CONF, else $MAPR_HOME/conf/mapr-clusters.conf"},
      {.name = "identity",
       .help = "directory with the key and certificate to show to secure clusters",
       .default_text = "$DISTRIBUTARY_IDENTITY"},
      {.name = "user", .help = "in whose name the command runs", .default_text = "the operating system's user"},
      {.name = "help", .type = OptionType::flag, .help = "show how a command is used, and do nothing"},
  };
}

Result<CommandLine> parse_command_line(const CommandTable& table, const std::vector<std::string>& arguments) {
  CommandLine line;
  size_t at = 0;
  while (at < arguments.size() && !is_option(arguments[at])) line.words.push_back(arguments[at++]);
  const Command* command = table.find(line.words);
  Arguments::Pairs general;
  while (at < arguments.size()) {
    const std::string& text = arguments[at++];
    if (!is_option(text))
      return fail(ErrorCode::invalid_argument, quoted(text) + " is no option; options are written -name value");
    std::string name = option_name(text);
    const OptionSpec* own = command ? command->option(name) : nullptr;
    const OptionSpec* option = own ? own : general_command().option(name);
    std::string value;
    if (option && option->type == OptionType::flag) {
      if (at < arguments.size() && is_boolean_word(arguments[at])) value = arguments[at++];
    } else if (at < arguments.size()) {
      value = arguments[at++];
    } else if (option) {
      return fail(ErrorCode::invalid_argument, "-" + name + " needs a value: " + allowed_values(*option));
    }
    (option && !own ? general : line.options).emplace_back(std::move(name), std::move(value));
  }
  TRY(line.general, check_arguments(general_command(), general));
  return line;
}

HelpAnswer answer_help(const CommandTable& table, const std::vector<std::string>& arguments, const std::string& program,
                       Output& output) {
  auto line = parse_command_line(table, arguments);
  if (!line) {
    output.error(to_error_line(line.error()) + "\n");
    return {kExitUsage};
  }
  const Command* command = table.find(line->words);
  bool asked = line->general.flag("help") || line->words == std::vector<std::string>{"help"};
  if (command && asked) {
    output.out(usage(*command, program));
    return {kExitOk};
  }
  if (command) return {};
  std::vector<std::string> words =
      asked && line->words == std::vector<std::string>{"help"} ? std::vector<std::string>() : line->words;
  std::string list = overview(table, words, program);
  if (list.empty()) {
    output.error(to_error_line(no_command(table, words)) + "\n");
    return {kExitUsage};
  }
  if (asked) {
    output.out(list);
    return {kExitOk};
  }
  output.error(list);
  return {kExitUsage};
}

Task<int> run_command(CommandLineSetting setting, CommandLine line, Output& output) {
  const Command* command = CommandTable::instance().find(line.words);
  CHECK(command && "answer_help has not been asked");
  Arguments::Pairs options = std::move(line.options);
  auto answer = co_await call(setting, *command, std::move(options));
  co_return print_answer(answer, *command, line.general.flag("json"), setting.world.clock().wall_now(), output);
}

}  // namespace distributary::admin
