// What a command answers: a list of records, each an ordered list of named values. Everything that prints or sends
// answers works on this form.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace distributary::admin {

struct Field;
using Record = std::vector<Field>;
using Records = std::vector<Record>;

// A Record inside a value is an object (the `errors` of a replica).
using ValueVariant = std::variant<bool, int64_t, double, std::string, Record>;
struct Value : ValueVariant {
  using ValueVariant::ValueVariant;
  Value(const char* text);
  Value(std::string_view text);
  Value(int number);
  Value(uint32_t number);
  Value(uint64_t number);
};

struct Field {
  std::string name;
  Value value;
};

// Here, where a Field is complete: clang looks at the variant's destructor in each of them.
inline Value::Value(const char* text) : ValueVariant(std::string(text)) {}
inline Value::Value(std::string_view text) : ValueVariant(std::string(text)) {}
inline Value::Value(int number) : ValueVariant(static_cast<int64_t>(number)) {}
inline Value::Value(uint32_t number) : ValueVariant(static_cast<int64_t>(number)) {}
inline Value::Value(uint64_t number) : ValueVariant(static_cast<int64_t>(number)) {}

// The value called `name`, or null.
const Value* find_value(const Record& record, std::string_view name);
// For records that another cluster sent: an error names the missing or wrong field.
Result<std::string> text_field(const Record& record, std::string_view name);
Result<int64_t> number_field(const Record& record, std::string_view name);
Result<bool> bool_field(const Record& record, std::string_view name);

// A value in a table: text as it is, an object as compact JSON.
std::string to_table_text(const Value& value);
// JSON without white space.
std::string to_json(const Value& value);
std::string to_json(const Record& record);
// A JSON string with its quotes.
std::string json_string(std::string_view text);

// 2017-10-11 02:43:29.755 GMT+0000 PM: the `timeofday` of an answer. Always UTC.
std::string time_of_day(WallMillis time);
// 1970-01-01T12:00:00.000+0000 AM: times inside records.
std::string record_time(WallMillis time);

}  // namespace distributary::admin
