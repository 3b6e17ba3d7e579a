#include "api/admin/envelope.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace distributary::admin {
namespace {

constexpr WallMillis kNow = 1507758209755;

TEST(Envelope, OneRecordAsTheReferencePrintsIt) {
  Records records{{{"field", "value"}, {"paused", false}, {"idx", 1}}};
  EXPECT_EQ(to_envelope(records, "stream info", kNow),
            "{\n"
            "\t\"timestamp\":1507758209755,\n"
            "\t\"timeofday\":\"2017-10-11 09:43:29.755 GMT+0000 PM\",\n"
            "\t\"status\":\"OK\",\n"
            "\t\"total\":1,\n"
            "\t\"data\":[\n"
            "\t\t{\n"
            "\t\t\t\"field\":\"value\",\n"
            "\t\t\t\"paused\":false,\n"
            "\t\t\t\"idx\":1\n"
            "\t\t}\n"
            "\t]\n"
            "}\n");
}

TEST(Envelope, EmptyListIsNineLines) {
  std::string text = to_envelope(Records(), "stream upstream list", kNow);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9);
  EXPECT_NE(text.find("\t\"total\":0,\n\t\"data\":[\n\n\t]\n}\n"), std::string::npos);
  EXPECT_TRUE(parse_envelope(text, "stream upstream list")->empty());
  EXPECT_EQ(to_table({}), "");
}

TEST(Envelope, TwentyFieldsAreThirtyLines) {
  Record record;
  for (int i = 0; i < 20; ++i) record.push_back({"f" + std::to_string(i), i});
  std::string text = to_envelope(Records{record}, "x", kNow);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 30);
}

TEST(Envelope, ErrorsKeepTheirCode) {
  for (ErrorCode code : {ErrorCode::invalid_argument,
                         ErrorCode::not_found,
                         ErrorCode::already_exists,
                         ErrorCode::permission_denied,
                         ErrorCode::unauthenticated,
                         ErrorCode::unsupported,
                         ErrorCode::out_of_range,
                         ErrorCode::too_large,
                         ErrorCode::corrupt,
                         ErrorCode::conflict,
                         ErrorCode::fenced,
                         ErrorCode::storage_full,
                         ErrorCode::io,
                         ErrorCode::unavailable,
                         ErrorCode::timed_out,
                         ErrorCode::cancelled,
                         ErrorCode::closed,
                         ErrorCode::not_owner,
                         ErrorCode::diverged,
                         ErrorCode::gap}) {
    Result<Records> failed = fail(code, "what \"happened\"\n");
    auto back = parse_envelope(to_envelope(failed, "stream create", kNow), "stream create");
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, code) << to_string(code);
    EXPECT_EQ(back.error().message, "what \"happened\"\n");
  }
  std::string text = to_envelope(Result<Records>(fail(ErrorCode::invalid_argument, "bad")), "stream create", kNow);
  EXPECT_NE(text.find("\"status\":\"ERROR\",\n\t\"errors\":[\n\t\t{\n\t\t\t\"id\":22,\n\t\t\t\"desc\":\"stream create: "
                      "bad\"\n\t\t}\n\t]\n}\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(to_error_line({ErrorCode::unsupported, "no"}), "ERROR (95) -  no");
}

TEST(Envelope, RecordsComeBackInOrder) {
  Records records{{{"b", "é\x01\"\\"}, {"a", -5}, {"t", true}, {"d", 0.5}, {"errors", Record{{"Code", "X"}, {"n", 1}}}},
                  {{"z", ""}}};
  auto back = parse_envelope(to_envelope(records, "c", kNow), "c");
  ASSERT_TRUE(back) << back.error().message;
  ASSERT_EQ(back->size(), 2u);
  EXPECT_EQ(to_json(back->at(0)), to_json(records[0]));
  EXPECT_EQ(to_json(back->at(1)), to_json(records[1]));
}

TEST(Envelope, WhatIsNoEnvelopeIsRefused) {
  for (const char* text :
       {"", "[]", "{}", "<html>", "{\"status\":\"OK\"}", "{\"status\":\"OK\",\"data\":[1]}",
        "{\"status\":\"ERROR\",\"errors\":[]}", "{\"status\":\"OK\",\"data\":[{\"a\":[1]}]}",
        "{\"status\":\"OK\",\"data\":[{\"a\":null}]}", "{\"status\":\"OK\",\"data\":[{\"a\":8e9537}]}",
        "{\"status\":\"OK\",\"data\":[{\"a\":9223372036854775808}]}"}) {
    auto parsed = parse_envelope(text, "c");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::corrupt);
  }
  std::string deep = "{\"status\":\"OK\",\"data\":[";
  for (int i = 0; i < 100; ++i) deep += "{\"a\":";
  EXPECT_FALSE(parse_envelope(deep, "c"));
}

TEST(Table, ColumnsArePadded) {
  Records records{{{"topic", "fast-messages"}, {"partitions", 1}, {"consumers", 0}},
                  {{"topic", "s"}, {"partitions", 12345678901}, {"consumers", 10}}};
  EXPECT_EQ(to_table(records),
            "topic          partitions   consumers\n"
            "fast-messages  1            0\n"
            "s              12345678901  10\n");
}

TEST(Table, MissingAndNestedValues) {
  Records records{{{"a", "x"}}, {{"a", ""}, {"errors", Record{{"Code", "E"}, {"Msg", "no way"}}}}};
  EXPECT_EQ(to_table(records),
            "a  errors\n"
            "x  -\n"
            "-  {\"Code\":\"E\",\"Msg\":\"no way\"}\n");
}

TEST(RecordTime, TwelveHourClockInUtc) {
  EXPECT_EQ(record_time(0), "1970-01-01T12:00:00.000+0000 AM");
  EXPECT_EQ(record_time(1507758209755), "2017-10-11T09:43:29.755+0000 PM");
  EXPECT_EQ(time_of_day(12 * 3600 * 1000), "1970-01-01 12:00:00.000 GMT+0000 PM");
}

}  // namespace
}  // namespace distributary::admin
