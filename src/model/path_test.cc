#include "model/path.h"

#include <gtest/gtest.h>

#include "model/printable.h"

namespace distributary {
namespace {

StreamPath stream(std::string_view text) { return parse_stream_path(text, "here").value(); }

std::string stream_error(std::string_view text) {
  auto parsed = parse_stream_path(text, "here");
  return parsed ? "parsed" : parsed.error().message;
}

TEST(StreamPath, GlobalFormNamesItsCluster) {
  EXPECT_EQ(stream("/mapr/sanfrancisco/activity"), (StreamPath{"sanfrancisco", "/activity"}));
  EXPECT_EQ(stream("/mapr/nyc/apps/a b/clicks"), (StreamPath{"nyc", "/apps/a b/clicks"}));
  EXPECT_EQ(to_string(stream("/mapr/nyc/apps/clicks")), "/mapr/nyc/apps/clicks");
}

TEST(StreamPath, LocalFormBelongsToTheDefaultCluster) {
  EXPECT_EQ(stream("/activity"), (StreamPath{"here", "/activity"}));
  EXPECT_EQ(to_string(stream("/activity")), "/mapr/here/activity");
  EXPECT_EQ(stream("/maprx/y"), (StreamPath{"here", "/maprx/y"}));
}

TEST(StreamPath, ParentAndBaseName) {
  EXPECT_EQ(stream("/a/b/c").parent(), "/a/b");
  EXPECT_EQ(stream("/a/b/c").base_name(), "c");
  EXPECT_EQ(stream("/a").parent(), "/");
}

TEST(StreamPath, DirectoriesMayHaveAColonTheStreamMayNot) {
  EXPECT_EQ(stream("/a:b/c").path, "/a:b/c");
  EXPECT_EQ(stream_error("/a/b:c"),
            "the stream name in '/a/b:c' has a ':'; only the directories before it may have one");
}

TEST(StreamPath, RejectsWhatIsNoPath) {
  for (std::string_view bad :
       {"",           "activity",       "/",      "//",        "/a//b",      "/a/",      "/a/./b",
        "/a/..",      "/mapr",          "/mapr/", "/mapr/nyc", "/mapr/nyc/", "/mapr//a", "/mapr/n c/a",
        "/mapr/../a", "/mapr/x/mapr/y", "/a\nb",  "/a\xff",    "/a\x7f",     "/\u202e"}) {
    EXPECT_EQ(parse_stream_path(bad, "here").error().code, ErrorCode::invalid_argument) << quoted(bad);
  }
  EXPECT_FALSE(parse_stream_path("/a", ""));
}

TEST(StreamPath, LengthsHaveLimits) {
  std::string component(kPathComponentBytesMax, 'x');
  EXPECT_TRUE(parse_stream_path("/" + component, "here"));
  EXPECT_EQ(parse_stream_path("/" + component + "x", "here").error().code, ErrorCode::too_large);
  std::string path;
  while (path.size() + 2 <= kPathBytesMax) path += "/d";
  EXPECT_TRUE(parse_stream_path(path, "here"));
  EXPECT_EQ(parse_stream_path(path + "/d", "here").error().code, ErrorCode::too_large);
  EXPECT_FALSE(parse_stream_path("/mapr/" + component + "x/a", "here"));
}

TEST(TopicPath, SplitsAtTheFirstColonAfterTheLastSlash) {
  TopicPath topic = parse_topic_path("/apps/activity:clicks", "here").value();
  EXPECT_EQ(topic, (TopicPath{{"here", "/apps/activity"}, "clicks"}));
  EXPECT_EQ(to_string(topic), "/mapr/here/apps/activity:clicks");
  EXPECT_EQ(local_topic_name(topic.stream.path, topic.topic), "/apps/activity:clicks");
  EXPECT_EQ(parse_topic_path("/mapr/nyc/a:b/s:t", "here").value(), (TopicPath{{"nyc", "/a:b/s"}, "t"}));
}

TEST(TopicPath, RejectsWhatIsNoFullName) {
  for (std::string_view bad : {"clicks", "/apps", "/apps:", "/:t", "/a:b:c", "/a:b c", "/a/:t", "/mapr/nyc:t"}) {
    EXPECT_EQ(parse_topic_path(bad, "here").error().code, ErrorCode::invalid_argument) << bad;
  }
  EXPECT_TRUE(is_full_topic_name("/a:b"));
  EXPECT_FALSE(is_full_topic_name("clicks"));
}

TEST(TopicName, AllowsLettersDigitsDotUnderscoreDash) {
  EXPECT_TRUE(check_topic_name("a.B_9-"));
  EXPECT_TRUE(check_topic_name(std::string(kTopicNameBytesMax, 'x')));
  EXPECT_FALSE(check_topic_name(std::string(kTopicNameBytesMax + 1, 'x')));
  for (std::string_view bad : {"", ".", "..", "a b", "a:b", "a/b", "\xc3\xa9"})
    EXPECT_FALSE(check_topic_name(bad)) << bad;
  EXPECT_EQ(check_topic_name("a b").error().message,
            "the topic name 'a b' has the character ' '; allowed are letters, digits, '.', '_' and '-'");
}

TEST(Printable, KnowsWellFormedText) {
  EXPECT_TRUE(is_printable("\u00e9\u4e2d\U0001f30a plain"));
  for (std::string_view bad :
       {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe4\xb8", "\x80", "\xc2\x85", "\xef\xbb\xbf"}) {
    EXPECT_FALSE(is_printable(bad)) << quoted(bad);
  }
}

TEST(Printable, QuotesWhatATerminalWouldObey) {
  EXPECT_EQ(quoted("a\x1b[2J\xff"), "'a\\x1b[2J\\xff'");
  EXPECT_EQ(quoted("abcdef", 3), "'abc...'");
}

}  // namespace
}  // namespace distributary
