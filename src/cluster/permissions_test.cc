#include "cluster/permissions.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

StreamRecord sample() {
  StreamRecord record;
  record.path = "/apps/activity";
  auto only = [](const char* user) { return AccessExpression::only_user(user); };
  record.settings.produce_permission = only("producer");
  record.settings.consume_permission = only("consumer");
  record.settings.topic_permission = only("topics");
  record.settings.copy_permission = AccessExpression::parse("u:copier | u:both").value();
  record.settings.admin_permission = AccessExpression::parse("u:admin | u:both").value();
  return record;
}

bool may(const char* user, StreamAction action) {
  return is_allowed(Principal{.user = user}, sample().settings, action);
}

TEST(Permissions, EveryActionHasARule) {
  for (size_t i = 0; i < kStreamActionCount; ++i) {
    auto action = static_cast<StreamAction>(i);
    EXPECT_FALSE(to_string(action).empty());
    EXPECT_FALSE(required_permissions(action).empty());
    EXPECT_FALSE(may("stranger", action)) << i;
  }
}

TEST(Permissions, TableOfTheReference) {
  EXPECT_TRUE(may("admin", StreamAction::edit_stream));
  EXPECT_FALSE(may("topics", StreamAction::edit_stream));
  EXPECT_TRUE(may("topics", StreamAction::change_topics));
  EXPECT_FALSE(may("admin", StreamAction::change_topics));
  for (const char* user : {"admin", "consumer", "producer", "topics"})
    EXPECT_TRUE(may(user, StreamAction::read_topics)) << user;
  EXPECT_FALSE(may("copier", StreamAction::read_topics));
  EXPECT_TRUE(may("consumer", StreamAction::delete_cursors));
  EXPECT_FALSE(may("producer", StreamAction::delete_cursors));
  EXPECT_TRUE(may("producer", StreamAction::produce));
  EXPECT_FALSE(may("producer", StreamAction::consume));
}

TEST(Permissions, AddingAReplicaNeedsBoth) {
  EXPECT_FALSE(may("admin", StreamAction::add_replica));
  EXPECT_FALSE(may("copier", StreamAction::add_replica));
  EXPECT_TRUE(may("both", StreamAction::add_replica));
}

TEST(Permissions, CopyingToNeedsCopypermOrTheOtherThree) {
  EXPECT_TRUE(may("copier", StreamAction::copy_to));
  EXPECT_FALSE(may("producer", StreamAction::copy_to));
  StreamSettings settings = sample().settings;
  settings.produce_permission = settings.consume_permission = settings.topic_permission =
      AccessExpression::only_user("worker");
  EXPECT_TRUE(is_allowed(Principal{.user = "worker"}, settings, StreamAction::copy_to));
}

TEST(Permissions, RefusalSaysWhoWhatAndWhatIsNeeded) {
  Status refused = check_allowed(Principal{.user = "eve"}, sample(), StreamAction::add_replica);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::permission_denied);
  EXPECT_EQ(refused.error().message,
            "user 'eve' may not add replicas to stream /apps/activity; it needs adminperm and copyperm");
  EXPECT_EQ(required_permissions(StreamAction::copy_to), "copyperm, or consumeperm and produceperm and topicperm");
  EXPECT_TRUE(check_allowed(Principal{.user = "both"}, sample(), StreamAction::add_replica));
}

}  // namespace
}  // namespace distributary
