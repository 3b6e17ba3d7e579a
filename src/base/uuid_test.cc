#include "base/uuid.h"

#include <gtest/gtest.h>

namespace distributary {
namespace {

TEST(Uuid, TextRoundTrip) {
  Uuid uuid = Uuid::from_random({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16});
  EXPECT_EQ(to_string(uuid), "01020304-0506-4708-890a-0b0c0d0e0f10");
  EXPECT_EQ(parse_uuid(to_string(uuid)).value(), uuid);
}

TEST(Uuid, RejectsWhatIsNotOne) {
  EXPECT_EQ(parse_uuid("01020304").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(parse_uuid("0102030405064708890a0b0c0d0e0fzz").error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace distributary
