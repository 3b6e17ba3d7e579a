// A command line of maprcli or mapr, as somebody may type it; the input's lines are its words. Never anything but a
// call, help, or a refusal that says why.
#include <string>
#include <vector>

#include "api/admin/command_line.h"
#include "api/admin/commands.h"
#include "base/bytes.h"
#include "base/check.h"

using namespace distributary;

namespace {

constexpr size_t kWordsMax = 64;

class Nowhere final : public admin::Output {
 public:
  void out(std::string_view text) override { said += text.size(); }
  void error(std::string_view text) override { said += text.size(); }
  size_t said = 0;
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty() && words.size() < kWordsMax) {
    const size_t end = std::min(text.find('\n'), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const admin::CommandTable commands(admin::all_commands());
  static const admin::CommandTable tools(admin::tool_commands());
  const std::vector<std::string> words = words_of(as_text(ByteView(data, size)));
  for (const admin::CommandTable* table : {&commands, &tools}) {
    auto line = admin::parse_command_line(*table, words);
    CHECK(line || !line.error().message.empty());
    Nowhere output;
    const admin::HelpAnswer help = admin::answer_help(*table, words, "maprcli", output);
    CHECK(!help.exit || output.said > 0);
  }
  return 0;
}
