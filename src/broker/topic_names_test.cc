#include "broker/topic_names.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

const TopicNames kNames("here", "/apps/main");

TEST(TopicNames, ShortNameBelongsToTheDefaultStream) {
  Result<TopicPlace> place = kNames.parse("clicks");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->stream_path, "/apps/main");
  EXPECT_EQ(place->topic, "clicks");
  EXPECT_EQ(kNames.display("/apps/main", "clicks"), "clicks");
}

TEST(TopicNames, FullNameNamesItsStream) {
  Result<TopicPlace> place = kNames.parse("/other/stream:clicks");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->stream_path, "/other/stream");
  EXPECT_EQ(place->topic, "clicks");
  EXPECT_EQ(kNames.display("/other/stream", "clicks"), "/other/stream:clicks");
}

TEST(TopicNames, GlobalNameOfThisClusterIsTheSamePlace) {
  Result<TopicPlace> place = kNames.parse("/mapr/here/other/stream:clicks");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->stream_path, "/other/stream");
}

TEST(TopicNames, AnotherClusterIsRefusedByName) {
  Result<TopicPlace> place = kNames.parse("/mapr/there/other/stream:clicks");
  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(place.error().message.find("'there'"), std::string::npos) << place.error().message;
}

TEST(TopicNames, ShortNameWithoutDefaultStreamSaysWhatToDo) {
  Result<TopicPlace> place = TopicNames("here", "").parse("clicks");
  ASSERT_FALSE(place);
  EXPECT_NE(place.error().message.find("kafka.default.stream"), std::string::npos) << place.error().message;
}

TEST(TopicNames, MalformedNamesAreRefused) {
  for (const char* name : {"", "/", "/stream", "/a//b:t", "/a/../b:t", "/mapr/here:t"}) {
    EXPECT_FALSE(kNames.parse(name)) << name;
  }
}

// The other binding of a name that is taken is reached by a name that could not be created.
TEST(TopicNames, LookupsTakeNamesThatCannotBeCreated) {
  Result<TopicPlace> place = kNames.parse("/other/stream:clicks@0000");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->topic, "clicks@0000");
}

}  // namespace
}  // namespace distributary
