#include <gtest/gtest.h>

#include "io/network.h"

namespace distributary {
namespace {

TEST(Address, ParsesNamesAndBothKindsOfIp) {
  EXPECT_EQ(*parse_address("broker-1:9092", 1), (Address{"broker-1", 9092}));
  EXPECT_EQ(*parse_address("broker-1", 7), (Address{"broker-1", 7}));
  EXPECT_EQ(*parse_address("127.0.0.1:0", 1), (Address{"127.0.0.1", 0}));
  EXPECT_EQ(*parse_address("[::1]:9092", 1), (Address{"::1", 9092}));
  EXPECT_EQ(*parse_address("[fe80::2]", 5), (Address{"fe80::2", 5}));
  EXPECT_EQ(*parse_address("fe80::2", 5), (Address{"fe80::2", 5}));
}

TEST(Address, RefusesWhatIsNotAnAddress) {
  for (const char* text : {"", ":9092", "host:", "host:70000", "host:12x", "[::1", "[::1]9092", "[]:1"}) {
    EXPECT_FALSE(parse_address(text, 1).has_value()) << text;
  }
}

TEST(Address, TextRoundTrips) {
  for (const char* text : {"broker-1:9092", "[::1]:9092"}) EXPECT_EQ(to_string(*parse_address(text, 1)), text);
}

}  // namespace
}  // namespace distributary
