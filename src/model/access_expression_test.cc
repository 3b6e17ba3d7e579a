#include "model/access_expression.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

std::string normal(std::string_view text) {
  auto parsed = AccessExpression::parse(text);
  return parsed ? parsed->text() : parsed.error().message;
}

bool allows(std::string_view text, const Principal& who) { return AccessExpression::parse(text).value().allows(who); }

const Principal kAnn{.user = "ann", .user_id = "1001", .groups = {"dev", "qa", "500"}, .roles = {"oncall"}};

TEST(AccessExpression, UsersGroupsAndRolesByNameOrNumber) {
  for (std::string_view yes : {"u:ann", "u:1001", "g:dev", "g:500", "r:oncall", "p"})
    EXPECT_TRUE(allows(yes, kAnn)) << yes;
  for (std::string_view no : {"u:bob", "u:dev", "g:ann", "g:1001", "r:dev", "", "  "})
    EXPECT_FALSE(allows(no, kAnn)) << no;
}

TEST(AccessExpression, AnEmptyNameOfTheAskerMatchesNothing) {
  EXPECT_FALSE(allows("u:ann", Principal{}));
  EXPECT_TRUE(allows("p", Principal{}));
  EXPECT_FALSE(AccessExpression().allows(kAnn));
}

TEST(AccessExpression, Operators) {
  EXPECT_TRUE(allows("u:bob | g:qa", kAnn));
  EXPECT_FALSE(allows("u:ann & g:ops", kAnn));
  EXPECT_TRUE(allows("u:ann & !g:ops", kAnn));
  EXPECT_FALSE(allows("!(u:ann | u:bob)", kAnn));
  EXPECT_TRUE(allows("!!u:ann", kAnn));
  EXPECT_TRUE(allows("g:qa & (g:app2 | g:dev)", kAnn));
}

TEST(AccessExpression, AndBindsTighterThanOr) {
  EXPECT_TRUE(allows("u:ann | u:x & u:y", kAnn));
  EXPECT_FALSE(allows("(u:ann | u:x) & u:y", kAnn));
  EXPECT_TRUE(allows("u:x & u:y | u:ann", kAnn));
}

TEST(AccessExpression, PrintsTheNormalForm) {
  EXPECT_EQ(normal("u:root|u:mapr"), "u:root | u:mapr");
  EXPECT_EQ(normal("u:cfkane|(g:admin&!g:cl3)|(g:qa&(g:app2|g:app3))"),
            "u:cfkane | (g:admin & !g:cl3) | (g:qa & (g:app2 | g:app3))");
  EXPECT_EQ(normal("u:a & u:b | u:c"), "(u:a & u:b) | u:c");
  EXPECT_EQ(normal("((u:a)|(u:b|u:c))"), "u:a | u:b | u:c");
  EXPECT_EQ(normal("! ! !u:a"), "!u:a");
  EXPECT_EQ(normal("!(!u:a)"), "u:a");
  EXPECT_EQ(normal("!(u:a|u:b)"), "!(u:a | u:b)");
  EXPECT_EQ(normal(" p "), "p");
  EXPECT_EQ(normal("(p)"), "p");
  EXPECT_EQ(normal(" "), "");
  EXPECT_EQ(normal("u:DOM\\svc$@REALM,x"), "u:DOM\\svc$@REALM,x");
}

TEST(AccessExpression, EveryoneStandsAlone) {
  for (std::string_view bad : {"p|u:a", "u:a|p", "p&u:a", "!p", "!!p", "(p)|u:a", "!(p)", "p|p", "u:b|(u:a&(p))"}) {
    EXPECT_NE(normal(bad).find("must stand alone"), std::string::npos) << bad;
  }
}

TEST(AccessExpression, ErrorsSayWhereAndWhat) {
  EXPECT_EQ(normal("u:a u:b"),
            "the access expression 'u:a u:b' is wrong at character 5: expected '&', '|' or the end, found 'u:b'");
  EXPECT_EQ(normal("(u:a"),
            "the access expression '(u:a' is wrong at character 5: expected '&', '|' or ')', found the end");
  for (std::string_view bad :
       {"u:", "x:a", "u", "a", "u:a|", "|u:a", "u:a&&u:b", "()", ")", "u:a)", "!", "u:a\"b", "pp", "p:x", "u:\x01"}) {
    EXPECT_EQ(AccessExpression::parse(bad).error().code, ErrorCode::invalid_argument) << bad;
  }
}

TEST(AccessExpression, LengthAndDepthHaveLimits) {
  EXPECT_FALSE(AccessExpression::parse("u:" + std::string(kPrincipalNameBytesMax + 1, 'x')));
  EXPECT_TRUE(AccessExpression::parse("u:" + std::string(kPrincipalNameBytesMax, 'x')));
  EXPECT_EQ(AccessExpression::parse(std::string(kAccessExpressionBytesMax + 1, ' ')).error().code,
            ErrorCode::too_large);
  // Fits as given, but not once it is written with blanks.
  std::string dense = "u:a";
  while (dense.size() + 4 <= kAccessExpressionBytesMax) dense += "|u:a";
  EXPECT_EQ(AccessExpression::parse(dense).error().code, ErrorCode::too_large);
  EXPECT_EQ(AccessExpression::parse(std::string(60000, '(')).error().code, ErrorCode::too_large);
  EXPECT_EQ(normal(std::string(60000, '!') + "u:a"), "u:a");
}

std::string nested(size_t depth) {
  std::string text = "u:a";
  for (size_t i = 0; i < depth; ++i) text = (i % 2 == 0 ? "u:b&(" : "u:b|(") + text + ")";
  return text;
}

TEST(AccessExpression, TheDeepestNormalFormParsesAgain) {
  std::string text = normal(nested(kAccessExpressionDepthMax));
  EXPECT_EQ(normal(text), text);
  EXPECT_EQ(AccessExpression::parse(nested(kAccessExpressionDepthMax + 1)).error().code, ErrorCode::too_large);
}

TEST(AccessExpression, ReadyMadeOnes) {
  EXPECT_TRUE(AccessExpression::everyone().is_everyone());
  EXPECT_TRUE(AccessExpression().is_nobody());
  EXPECT_EQ(AccessExpression::only_user("ann").text(), "u:ann");
  EXPECT_FALSE(is_principal_name("a b"));
  EXPECT_FALSE(is_principal_name(""));
  EXPECT_TRUE(is_principal_name("j\u00fcrgen"));
}

}  // namespace
}  // namespace distributary
