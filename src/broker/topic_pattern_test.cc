#include "broker/topic_pattern.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

TEST(TopicPattern, MatchesWholeNames) {
  TopicPattern pattern = std::move(*TopicPattern::parse("click[s]?"));
  EXPECT_TRUE(pattern.matches("clicks"));
  EXPECT_TRUE(pattern.matches("click"));
  EXPECT_FALSE(pattern.matches("clicks2"));
  EXPECT_FALSE(pattern.matches("my-clicks"));
  EXPECT_TRUE(TopicPattern::parse("^/apps/.*:clicks$")->matches("/apps/activity:clicks"));
  EXPECT_FALSE(TopicPattern::parse("")->matches("clicks"));
}

TEST(TopicPattern, SaysWhatIsWrong) {
  auto unclosed = TopicPattern::parse("click(s");
  ASSERT_FALSE(unclosed);
  EXPECT_EQ(unclosed.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(unclosed.error().message.find("click(s"), std::string::npos);
  EXPECT_FALSE(TopicPattern::parse("(a)\\1")) << "what would need backtracking is not in the language";
}

TEST(TopicPattern, IsBounded) {
  auto longest = TopicPattern::parse(std::string(kPatternBytesMax + 1, 'a'));
  ASSERT_FALSE(longest);
  EXPECT_EQ(longest.error().code, ErrorCode::too_large);
  EXPECT_FALSE(TopicPattern::parse("((a{1,1000}){1,1000}){1,1000}"));
  // With a matcher that tries every way, this one name would take longer than the universe is old.
  TopicPattern pattern = std::move(*TopicPattern::parse("(a+)+b"));
  EXPECT_FALSE(pattern.matches(std::string(200, 'a')));
}

}  // namespace
}  // namespace distributary
