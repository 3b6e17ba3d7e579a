#include "api/admin/command.h"

#include <algorithm>
#include <charconv>

#include "api/admin/commands.h"
#include "base/check.h"
#include "model/printable.h"

namespace distributary::admin {
namespace {

std::optional<int64_t> parse_number(const std::string& text) {
  int64_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_allowed(const OptionSpec& option, const std::string& value) {
  switch (option.type) {
    case OptionType::number: {
      auto number = parse_number(value);
      return number && *number >= option.min && *number <= option.max;
    }
    case OptionType::boolean:
    case OptionType::flag: return value == "true" || value == "false";
    case OptionType::choice:
      return std::find(option.choices.begin(), option.choices.end(), value) != option.choices.end();
    default: return true;
  }
}

// The error's reason when the value is well-formed text with a grammar of its own.
std::optional<std::string> grammar_error(const OptionSpec& option, const std::string& value) {
  if (option.type == OptionType::stream) {
    auto path = parse_stream_path(value, "local");
    if (!path) return path.error().message;
  }
  if (option.type == OptionType::access) {
    auto expression = AccessExpression::parse(value);
    if (!expression) return expression.error().message;
  }
  if (option.type == OptionType::text && value.empty()) return "it is empty";
  if (option.type == OptionType::text && !is_printable(value)) return "it holds characters that cannot be printed";
  return std::nullopt;
}

Status check_value(const OptionSpec& option, const std::string& value) {
  if (!is_allowed(option, value)) {
    return fail(ErrorCode::invalid_argument,
                "-" + option.name + " cannot be " + quoted(value) + "; give " + allowed_values(option));
  }
  if (auto reason = grammar_error(option, value)) {
    return fail(ErrorCode::invalid_argument, "-" + option.name + " cannot be " + quoted(value) + ": " + *reason);
  }
  return {};
}

std::string option_list(const Command& command) {
  std::string list;
  for (const OptionSpec& option : command.options) list += (list.empty() ? "-" : ", -") + option.name;
  return list.empty() ? "none" : list;
}

}  // namespace

std::optional<std::string> Arguments::find(const std::string& name) const {
  auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

std::string Arguments::text(const std::string& name, std::string fallback) const {
  return find(name).value_or(std::move(fallback));
}

std::optional<int64_t> Arguments::number(const std::string& name) const {
  auto text = find(name);
  if (!text) return std::nullopt;
  auto number = parse_number(*text);
  CHECK(number);
  return number;
}

std::optional<bool> Arguments::boolean(const std::string& name) const {
  auto text = find(name);
  if (!text) return std::nullopt;
  return *text == "true";
}

std::string Command::name() const {
  std::string name;
  for (const std::string& word : words) name += (name.empty() ? "" : " ") + word;
  return name;
}

const OptionSpec* Command::option(std::string_view name) const {
  auto found =
      std::find_if(options.begin(), options.end(), [&](const OptionSpec& option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

OptionSpec path_option(const char* help) {
  return {.name = "path", .type = OptionType::stream, .help = help, .required = true};
}

std::string allowed_values(const OptionSpec& option) {
  switch (option.type) {
    case OptionType::text: return "a text";
    case OptionType::stream: return "the path of a stream, /<path> or /mapr/<cluster>/<path>";
    case OptionType::number:
      if (option.max == INT64_MAX) return "a whole number from " + std::to_string(option.min);
      return "a whole number from " + std::to_string(option.min) + " to " + std::to_string(option.max);
    case OptionType::boolean: return "true or false";
    case OptionType::flag: return "nothing, true or false";
    case OptionType::access: return "an access control expression";
    case OptionType::choice: break;
  }
  std::string list;
  for (size_t i = 0; i < option.choices.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == option.choices.size() ? " or " : ", ") + option.choices[i];
  }
  return list;
}

Result<Arguments> check_arguments(const Command& command, const Arguments::Pairs& given) {
  Arguments arguments;
  for (const auto& [name, value] : given) {
    const OptionSpec* option = command.option(name);
    if (!option) {
      return fail(ErrorCode::invalid_argument,
                  "there is no option " + quoted("-" + name) + "; it takes " + option_list(command));
    }
    if (arguments.has(name)) return fail(ErrorCode::invalid_argument, "-" + name + " is given twice");
    std::string text = option->type == OptionType::flag && value.empty() ? "true" : value;
    TRY_STATUS(check_value(*option, text));
    arguments.set(name, std::move(text));
  }
  for (const OptionSpec& option : command.options) {
    if (option.required && !arguments.has(option.name)) {
      return fail(ErrorCode::invalid_argument, "-" + option.name + " is missing; give " + allowed_values(option));
    }
  }
  return arguments;
}

Arguments::Pairs with_full_paths(const Command& command, const Arguments& arguments, const std::string& cluster) {
  Arguments::Pairs pairs = arguments.pairs();
  for (auto& [name, value] : pairs) {
    const OptionSpec* option = command.option(name);
    if (!option || option->type != OptionType::stream) continue;
    auto path = parse_stream_path(value, cluster);
    CHECK(path);  // it has been checked
    value = to_string(*path);
  }
  return pairs;
}

CommandTable::CommandTable(std::vector<Command> commands) : commands_(std::move(commands)) {
  for (const Command& command : commands_) CHECK(find(command.words) == &command && "two commands have the same words");
}

const CommandTable& CommandTable::instance() {
  static const CommandTable table(all_commands());
  return table;
}

const CommandTable& CommandTable::tools() {
  static const CommandTable table(tool_commands());
  return table;
}

const Command* CommandTable::find(const std::vector<std::string>& words) const {
  auto found =
      std::find_if(commands_.begin(), commands_.end(), [&](const Command& command) { return command.words == words; });
  return found == commands_.end() ? nullptr : &*found;
}

std::vector<const Command*> CommandTable::below(const std::vector<std::string>& words) const {
  std::vector<const Command*> found;
  for (const Command& command : commands_) {
    bool inside = command.words.size() >= words.size() && std::equal(words.begin(), words.end(), command.words.begin());
    if (inside && !command.internal) found.push_back(&command);
  }
  return found;
}

}  // namespace distributary::admin
