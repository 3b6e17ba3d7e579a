#include "api/admin/envelope.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cmath>

namespace distributary::admin {
namespace {

constexpr std::array<std::pair<ErrorCode, int>, 19> kErrorIds{{
    {ErrorCode::invalid_argument, EINVAL},
    {ErrorCode::not_found, ENOENT},
    {ErrorCode::already_exists, EEXIST},
    {ErrorCode::permission_denied, EACCES},
    {ErrorCode::unauthenticated, EPERM},
    {ErrorCode::unsupported, EOPNOTSUPP},
    {ErrorCode::out_of_range, ERANGE},
    {ErrorCode::too_large, E2BIG},
    {ErrorCode::corrupt, EBADMSG},
    {ErrorCode::conflict, EBUSY},
    {ErrorCode::fenced, ESTALE},
    {ErrorCode::storage_full, ENOSPC},
    {ErrorCode::io, EIO},
    {ErrorCode::unavailable, EHOSTUNREACH},
    {ErrorCode::timed_out, ETIMEDOUT},
    {ErrorCode::cancelled, ECANCELED},
    {ErrorCode::closed, ECONNRESET},
    {ErrorCode::not_owner, EROFS},
    {ErrorCode::diverged, EUCLEAN},
}};

void append_value(std::string& out, const Value& value, size_t depth);

void append_record(std::string& out, const Record& record, size_t depth) {
  out += "{\n";
  for (size_t i = 0; i < record.size(); ++i) {
    out += std::string(depth + 1, '\t') + json_string(record[i].name) + ":";
    append_value(out, record[i].value, depth + 1);
    out += i + 1 < record.size() ? ",\n" : "\n";
  }
  out += std::string(depth, '\t') + "}";
}

void append_value(std::string& out, const Value& value, size_t depth) {
  if (const auto* record = std::get_if<Record>(&value)) {
    append_record(out, *record, depth);
  } else {
    out += to_json(value);
  }
}

void append_list(std::string& out, std::string_view name, const Records& records) {
  out += "\t" + json_string(name) + ":[\n";
  for (size_t i = 0; i < records.size(); ++i) {
    out += "\t\t";
    append_record(out, records[i], 2);
    out += i + 1 < records.size() ? ",\n" : "";
  }
  out += "\n\t]\n}\n";
}

Error no_envelope(std::string_view what) {
  return Error{ErrorCode::corrupt, "the answer is not one of this program's: " + std::string(what)};
}

Result<Record> to_record(const boost::json::object& object, size_t depth);

Result<Value> to_value(const boost::json::value& json, size_t depth) {
  switch (json.kind()) {
    case boost::json::kind::bool_: return Value(json.get_bool());
    case boost::json::kind::int64: return Value(static_cast<int64_t>(json.get_int64()));
    case boost::json::kind::uint64: return fail(no_envelope("a number is too large"));
    case boost::json::kind::double_:
      if (!std::isfinite(json.get_double())) return fail(no_envelope("a number is too large"));
      return Value(json.get_double());
    case boost::json::kind::string: return Value(std::string(json.get_string()));
    case boost::json::kind::object: {
      if (depth == 0) return fail(no_envelope("it is nested too deeply"));
      TRY(Record record, to_record(json.get_object(), depth - 1));
      return Value(std::move(record));
    }
    default: return fail(no_envelope("a field is a list or null"));
  }
}

Result<Record> to_record(const boost::json::object& object, size_t depth) {
  Record record;
  for (const auto& member : object) {
    TRY(Value value, to_value(member.value(), depth));
    record.push_back({std::string(member.key()), std::move(value)});
  }
  return record;
}

Result<Records> to_records(const boost::json::object& envelope, const char* name) {
  const boost::json::value* list = envelope.if_contains(name);
  if (!list || !list->is_array()) return fail(no_envelope(std::string("it has no list '") + name + "'"));
  Records records;
  for (const boost::json::value& element : list->get_array()) {
    if (!element.is_object()) return fail(no_envelope("a record is not an object"));
    TRY(Record record, to_record(element.get_object(), kAnswerDepthMax));
    records.push_back(std::move(record));
  }
  return records;
}

// Visible characters, so that names in other scripts keep the columns straight; each is taken as one column wide.
size_t width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

std::string table_cell(const Record& record, const std::string& column) {
  const Value* value = find_value(record, column);
  std::string text = value ? to_table_text(*value) : std::string("-");
  return text.empty() ? "-" : text;  // an empty cell would shift the columns of scripts that split on blanks
}

}  // namespace

int error_id(ErrorCode code) {
  for (const auto& [known, id] : kErrorIds) {
    if (known == code) return id;
  }
  return ENODATA;  // gap
}

ErrorCode error_code(int id) {
  for (const auto& [code, known] : kErrorIds) {
    if (known == id) return code;
  }
  return id == ENODATA ? ErrorCode::gap : ErrorCode::io;
}

std::string to_envelope(const Result<Records>& answer, std::string_view command, WallMillis now) {
  std::string out =
      "{\n\t\"timestamp\":" + std::to_string(now) + ",\n\t\"timeofday\":" + json_string(time_of_day(now)) + ",\n";
  if (answer) {
    out += "\t\"status\":\"OK\",\n\t\"total\":" + std::to_string(answer->size()) + ",\n";
    append_list(out, "data", *answer);
    return out;
  }
  std::string description =
      command.empty() ? answer.error().message : std::string(command) + ": " + answer.error().message;
  Record error{{"id", error_id(answer.error().code)}, {"desc", description}};
  out += "\t\"status\":\"ERROR\",\n";
  append_list(out, "errors", {std::move(error)});
  return out;
}

Result<Records> parse_envelope(std::string_view json, std::string_view command) {
  boost::json::error_code problem;
  boost::json::parse_options options;
  options.max_depth = kAnswerDepthMax;
  boost::json::value value =
      boost::json::parse(boost::json::string_view(json.data(), json.size()), problem, {}, options);
  if (problem) return fail(no_envelope(problem.message()));
  if (!value.is_object()) return fail(no_envelope("it is not an object"));
  const boost::json::object& envelope = value.get_object();
  const boost::json::value* status = envelope.if_contains("status");
  if (!status || !status->is_string()) return fail(no_envelope("it has no status"));
  if (status->get_string() == "OK") return to_records(envelope, "data");
  TRY(Records errors, to_records(envelope, "errors"));
  if (errors.empty()) return fail(no_envelope("it tells of an error and names none"));
  TRY(int64_t id, number_field(errors.front(), "id"));
  TRY(std::string description, text_field(errors.front(), "desc"));
  std::string prefix = std::string(command) + ": ";
  if (description.starts_with(prefix)) description.erase(0, prefix.size());
  return fail(error_code(static_cast<int>(id)), std::move(description));
}

std::string to_table(const Records& records) {
  std::vector<std::string> columns;
  for (const Record& record : records) {
    for (const Field& field : record) {
      if (std::find(columns.begin(), columns.end(), field.name) == columns.end()) columns.push_back(field.name);
    }
  }
  std::vector<std::string> lines(records.empty() ? 0 : records.size() + 1);
  for (const std::string& column : columns) {
    std::vector<std::string> cells{column};
    for (const Record& record : records) cells.push_back(table_cell(record, column));
    size_t widest = 0;
    for (const std::string& cell : cells) widest = std::max(widest, width(cell));
    bool last = &column == &columns.back();
    for (size_t i = 0; i < lines.size(); ++i) {
      lines[i] += cells[i];
      if (!last) lines[i] += std::string(widest - width(cells[i]) + 2, ' ');
    }
  }
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

std::string to_error_line(const Error& error) {
  return "ERROR (" + std::to_string(error_id(error.code)) + ") -  " + error.message;
}

}  // namespace distributary::admin
