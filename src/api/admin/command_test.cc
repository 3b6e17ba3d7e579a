#include "api/admin/command.h"

#include <gtest/gtest.h>

#include <set>

namespace distributary::admin {
namespace {

const Command& command(std::vector<std::string> words) {
  const Command* found = CommandTable::instance().find(words);
  EXPECT_NE(found, nullptr);
  return *found;
}
std::string error_of(const Command& command, const Arguments::Pairs& options) {
  auto checked = check_arguments(command, options);
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
  return checked.error().message;
}

TEST(CommandTable, EveryDeclarationIsWhole) {
  for (const Command& command : CommandTable::instance().commands()) {
    SCOPED_TRACE(command.name());
    EXPECT_NE(command.handler, nullptr);
    ASSERT_FALSE(command.help.empty());
    EXPECT_FALSE(command.help.ends_with('.'));
    std::set<std::string> names;
    for (const OptionSpec& option : command.options) {
      EXPECT_TRUE(names.insert(option.name).second) << option.name;
      EXPECT_FALSE(option.help.empty()) << option.name;
      EXPECT_EQ(option.type == OptionType::choice, !option.choices.empty()) << option.name;
    }
    // The action is on the stream of -path.
    if (command.action) {
      EXPECT_TRUE(command.option("path") && command.option("path")->required);
    }
  }
}

TEST(CommandTable, OptionsOfTheReferenceAreThere) {
  auto names = [](std::vector<std::string> words) {
    std::set<std::string> names;
    for (const OptionSpec& option : command(words).options) names.insert(option.name);
    return names;
  };
  std::set<std::string> create = names({"stream", "create"});
  for (const char* name : {"path", "ttl", "autocreate", "defaultpartitions", "compression", "produceperm",
                           "consumeperm", "topicperm", "copyperm", "adminperm", "copymetafrom", "ischangelog",
                           "defaulttimestamptype", "pidexpirysecs", "mincompactionlag", "deleteretention"}) {
    EXPECT_TRUE(create.contains(name)) << name;
  }
  EXPECT_FALSE(create.contains("compact"));
  EXPECT_TRUE(names({"stream", "edit"}).contains("compact"));
  EXPECT_EQ(names({"stream", "replica", "add"}),
            (std::set<std::string>{"path", "replica", "paused", "throttle", "networkencryption", "synchronous",
                                   "networkcompression"}));
  EXPECT_EQ(names({"stream", "cursor", "list"}),
            (std::set<std::string>{"path", "consumergroup", "topic", "partition"}));
}

TEST(CheckArguments, ErrorsNameOptionValueAndWhatIsAllowed) {
  const Command& create = command({"stream", "create"});
  EXPECT_EQ(error_of(create, {}), "-path is missing; give the path of a stream, /<path> or /mapr/<cluster>/<path>");
  EXPECT_EQ(error_of(create, {{"path", "/s"}, {"ttl", "abc"}}),
            "-ttl cannot be 'abc'; give a whole number from 0 to 3153600000");
  EXPECT_EQ(error_of(create, {{"path", "/s"}, {"ttl", "-1"}}),
            "-ttl cannot be '-1'; give a whole number from 0 to 3153600000");
  EXPECT_EQ(error_of(create, {{"path", "/s"}, {"ttl", "99999999999999999999"}}),
            "-ttl cannot be '99999999999999999999'; give a whole number from 0 to 3153600000");
  EXPECT_EQ(error_of(create, {{"path", "/s"}, {"autocreate", "yes"}}),
            "-autocreate cannot be 'yes'; give true or false");
  EXPECT_EQ(error_of(create, {{"path", "/s"}, {"compression", "zip"}}),
            "-compression cannot be 'zip'; give off, lz4, lzf or zlib");
  EXPECT_TRUE(error_of(create, {{"path", "s"}}).starts_with("-path cannot be 's': "));
  EXPECT_TRUE(error_of(create, {{"path", "/s"}, {"adminperm", "u:a &"}}).starts_with("-adminperm cannot be 'u:a &': "));
  EXPECT_EQ(error_of(create, {{"path", "/s"}, {"path", "/t"}}), "-path is given twice");
  EXPECT_TRUE(error_of(create, {{"path", "/s"}, {"compact", "true"}})
                  .starts_with("there is no option '-compact'; it takes -path, "));
}

TEST(CheckArguments, GettersReadWhatWasChecked) {
  auto arguments =
      check_arguments(command({"stream", "edit"}),
                      {{"path", "/s"}, {"ttl", "5"}, {"autocreate", "false"}, {"force", ""}, {"adminperm", ""}});
  ASSERT_TRUE(arguments) << arguments.error().message;
  EXPECT_EQ(arguments->number("ttl"), 5);
  EXPECT_EQ(arguments->boolean("autocreate"), false);
  EXPECT_TRUE(arguments->flag("force"));
  EXPECT_EQ(arguments->find("adminperm"), "");  // nobody, and not "not given"
  EXPECT_FALSE(arguments->number("pidexpirysecs"));
  EXPECT_EQ(arguments->text("compression", "x"), "x");
}

TEST(CheckArguments, PathsAreMadeFull) {
  const Command& add = command({"stream", "replica", "add"});
  auto arguments = check_arguments(add, {{"path", "/s"}, {"replica", "/mapr/ny/r"}, {"paused", "true"}});
  ASSERT_TRUE(arguments);
  Arguments::Pairs expected{{"path", "/mapr/sf/s"}, {"paused", "true"}, {"replica", "/mapr/ny/r"}};
  EXPECT_EQ(with_full_paths(add, *arguments, "sf"), expected);
}

}  // namespace
}  // namespace distributary::admin
