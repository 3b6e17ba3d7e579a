#include "api/admin/command_help.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "api/admin/command_line.h"

namespace distributary::admin {
namespace {

std::string value_word(const OptionSpec& option) {
  switch (option.type) {
    case OptionType::text: return "<text>";
    case OptionType::stream: return "<path>";
    case OptionType::number: return "<number>";
    case OptionType::boolean: return "true|false";
    case OptionType::flag: return "";
    case OptionType::access: return "<expression>";
    case OptionType::choice: break;
  }
  std::string words;
  for (const std::string& choice : option.choices) words += (words.empty() ? "" : "|") + choice;
  return words;
}

std::string option_text(const OptionSpec& option) {
  std::string value = value_word(option);
  return "-" + option.name + (value.empty() ? "" : " " + value);
}

std::string synopsis(const Command& command, const std::string& program) {
  std::string line = program + " " + command.name();
  for (const OptionSpec& option : command.options) {
    if (option.required) line += " " + option_text(option);
  }
  bool others = std::any_of(command.options.begin(), command.options.end(),
                            [](const OptionSpec& option) { return !option.required; });
  return line + (others ? " [options]" : "");
}

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// "stream replica" -> the words that may follow; a whole command -> its options.
std::map<std::string, std::set<std::string>> completions(const CommandTable& table) {
  std::map<std::string, std::set<std::string>> follow;
  for (const Command* command : table.below({})) {
    std::string prefix;
    for (const std::string& word : command->words) {
      follow[prefix].insert(word);
      prefix += (prefix.empty() ? "" : " ") + word;
    }
    for (const OptionSpec& option : command->options) follow[prefix].insert("-" + option.name);
    for (const OptionSpec& option : general_options()) follow[prefix].insert("-" + option.name);
  }
  return follow;
}

void append_completion(std::string& out, const std::string& program, const CommandTable& table) {
  std::string function = "_distributary_" + program;
  out += function + "() {\n  local words=\"\" i\n  for ((i = 1; i < COMP_CWORD; i++)); do\n";
  out +=
      "    [[ ${COMP_WORDS[i]} == -* ]] && break\n    words+=\"${words:+ }${COMP_WORDS[i]}\"\n  done\n  local "
      "next=\"\"\n  case \"$words\" in\n";
  for (const auto& [prefix, words] : completions(table)) {
    out += "    \"" + prefix + "\") next=\"";
    for (const std::string& word : words) out += (word == *words.begin() ? "" : " ") + word;
    out += "\" ;;\n";
  }
  out += "  esac\n  COMPREPLY=($(compgen -W \"$next\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F " +
         function + " " + program + "\n";
}

std::string cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

void append_options(std::string& page, const std::vector<OptionSpec>& options) {
  page += "\n| option | value | default | |\n| --- | --- | --- | --- |\n";
  for (const OptionSpec& option : options) {
    std::string fallback = option.required               ? "required"
                           : option.default_text.empty() ? ""
                                                         : "`" + option.default_text + "`";
    std::string value = value_word(option);
    page += "| `-" + option.name + "` | " + (value.empty() ? "" : "`" + cell(value) + "`") + " | " + cell(fallback) +
            " | " + cell(option.help) + " |\n";
  }
}

void append_command(std::string& page, const Command& command, const std::string& program) {
  page += "\n### " + command.name() + "\n\n" + static_cast<char>(std::toupper(command.help[0])) +
          command.help.substr(1) + ".\n\n";
  page += "    " + synopsis(command, program) + "\n";
  if (command.action) page += "\nNeeds " + required_permissions(*command.action) + ".\n";
  if (!command.options.empty()) append_options(page, command.options);
}

}  // namespace

std::string usage(const Command& command, const std::string& program) {
  std::string out = "usage: " + synopsis(command, program) + "\n" + command.help + "\n";
  if (command.action) out += "needs " + required_permissions(*command.action) + "\n";
  size_t widest = 0;
  for (const OptionSpec& option : command.options) widest = std::max(widest, option_text(option).size());
  for (const OptionSpec& option : command.options) {
    std::string text = option_text(option);
    out += "  " + text + std::string(widest - text.size() + 2, ' ') + option.help;
    if (option.required) out += " (required)";
    if (!option.default_text.empty()) out += " (default: " + option.default_text + ")";
    out += "\n";
  }
  return out;
}

std::string overview(const CommandTable& table, const std::vector<std::string>& words, const std::string& program) {
  std::vector<const Command*> commands = table.below(words);
  size_t widest = 0;
  for (const Command* command : commands) widest = std::max(widest, command->name().size());
  std::string out;
  for (const Command* command : commands) {
    std::string name = command->name();
    out += "  " + name + std::string(widest - name.size() + 2, ' ') + command->help + "\n";
  }
  if (out.empty()) return out;
  return "usage: " + program + " <command> [-option value ...]\n" + out + "Options of a command: " + program +
         " <command> -help\n";
}

std::string suggestion(const CommandTable& table, const std::vector<std::string>& words) {
  std::string wanted = fmt::format("{}", fmt::join(words, " "));
  std::string best;
  size_t distance = 4;  // of letters; beyond it a suggestion would be a guess
  for (const Command* command : table.below({})) {
    const size_t length = command->name().size();
    if (std::max(wanted.size(), length) - std::min(wanted.size(), length) >= distance) continue;  // nor is it closer
    size_t d = edit_distance(wanted, command->name());
    if (d < distance) {
      distance = d;
      best = command->name();
    }
  }
  return best;
}

std::string bash_completion() {
  std::string out = "# Completion for bash: source <(maprcli completion bash)\n";
  append_completion(out, "maprcli", CommandTable::instance());
  append_completion(out, "distributary", CommandTable::instance());
  append_completion(out, "mapr", CommandTable::tools());
  return out;
}

std::string reference_page() {
  std::string page =
      "# Commands\n\n<!-- Written by `distributary docs commands`; `./x docs` writes it again. -->\n\n"
      "Every command is also REST: `/rest/` and the words of the command joined by `/`, options as parameters of the "
      "same names, for example\n"
      "`/rest/stream/replica/add?path=/mapr/sanfrancisco/activity&replica=/mapr/newyork/activity`. REST answers always "
      "in JSON,\nwith HTTP status 200 for every command that there is: `status` of the answer says whether it worked. "
      "In whose name it runs, the user name of HTTP basic\nauthentication says. On a secure listener the certificate "
      "vouches for it; without `-secure` everybody is believed.\n\n"
      "A path is `/mapr/<cluster>/<path>`, or `/<path>` in the default cluster, which is the first line of "
      "`mapr-clusters.conf`. The cluster that a path\n"
      "names runs the command. Exit status: 0 for success, 1 for an error of the command, 2 for wrong usage. Errors "
      "are written as `ERROR (<id>) -  <message>`.\n\n"
      "## Options of every command\n";
  append_options(page, general_options());
  page += "\n## maprcli\n\n`distributary <command>` is the same as `maprcli <command>`.\n";
  for (const Command* command : CommandTable::instance().below({})) append_command(page, *command, "maprcli");
  page += "\n## mapr\n";
  for (const Command* command : CommandTable::tools().below({})) append_command(page, *command, "mapr");
  return page;
}

}  // namespace distributary::admin
