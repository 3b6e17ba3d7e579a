#include "api/admin/record.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

namespace distributary::admin {
namespace {

Error wrong_field(std::string_view name, std::string_view wanted) {
  return Error{ErrorCode::corrupt,
               "the answer has no field '" + std::string(name) + "' that is a " + std::string(wanted)};
}

struct Moment {
  std::tm utc{};
  int millis = 0;
  int hour = 0;  // 1 to 12
  const char* half = "AM";
};

Moment split_time(WallMillis time) {
  Moment moment;
  time_t seconds = static_cast<time_t>(time >= 0 ? time / 1000 : -((-time + 999) / 1000));
  moment.millis = static_cast<int>(time - static_cast<WallMillis>(seconds) * 1000);
  gmtime_r(&seconds, &moment.utc);
  moment.hour = moment.utc.tm_hour % 12 == 0 ? 12 : moment.utc.tm_hour % 12;
  moment.half = moment.utc.tm_hour < 12 ? "AM" : "PM";
  return moment;
}

}  // namespace

const Value* find_value(const Record& record, std::string_view name) {
  for (const Field& field : record) {
    if (field.name == name) return &field.value;
  }
  return nullptr;
}

Result<std::string> text_field(const Record& record, std::string_view name) {
  const Value* value = find_value(record, name);
  const auto* text = value ? std::get_if<std::string>(value) : nullptr;
  if (!text) return fail(wrong_field(name, "text"));
  return *text;
}

Result<int64_t> number_field(const Record& record, std::string_view name) {
  const Value* value = find_value(record, name);
  const auto* number = value ? std::get_if<int64_t>(value) : nullptr;
  if (!number) return fail(wrong_field(name, "number"));
  return *number;
}

Result<bool> bool_field(const Record& record, std::string_view name) {
  const Value* value = find_value(record, name);
  const auto* boolean = value ? std::get_if<bool>(value) : nullptr;
  if (!boolean) return fail(wrong_field(name, "boolean"));
  return *boolean;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) {
          out += fmt::format("\\u{:04x}", static_cast<uint8_t>(c));
        } else {
          out.push_back(c);
        }
    }
  }
  return out + "\"";
}

std::string to_json(const Value& value) {
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&value)) return std::isfinite(*real) ? fmt::format("{}", *real) : "null";
  if (const auto* text = std::get_if<std::string>(&value)) return json_string(*text);
  return to_json(std::get<Record>(value));
}

std::string to_json(const Record& record) {
  std::string out = "{";
  for (const Field& field : record) {
    if (out.size() > 1) out.push_back(',');
    out += json_string(field.name) + ":" + to_json(field.value);
  }
  return out + "}";
}

std::string to_table_text(const Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (!text) return to_json(value);
  std::string line = *text;
  for (char& c : line) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

std::string time_of_day(WallMillis time) {
  Moment m = split_time(time);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03} GMT+0000 {}", m.utc.tm_year + 1900, m.utc.tm_mon + 1,
                     m.utc.tm_mday, m.hour, m.utc.tm_min, m.utc.tm_sec, m.millis, m.half);
}

std::string record_time(WallMillis time) {
  Moment m = split_time(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000 {}", m.utc.tm_year + 1900, m.utc.tm_mon + 1,
                     m.utc.tm_mday, m.hour, m.utc.tm_min, m.utc.tm_sec, m.millis, m.half);
}

}  // namespace distributary::admin
