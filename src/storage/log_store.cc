#include "storage/log_store.h"

#include <charconv>

namespace distributary {

std::string to_string(const LogId& id) { return to_string(id.stream) + "." + std::to_string(id.lane); }

Result<LogId> parse_log_id(std::string_view text) {
  size_t dot = text.find('.');
  if (dot == std::string_view::npos) return fail(ErrorCode::invalid_argument, "not a log's name: " + std::string(text));
  LogId id;
  TRY(id.stream, parse_uuid(text.substr(0, dot)));
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data() + dot + 1, end, id.lane);
  if (error != std::errc{} || stopped != end || to_string(id) != text) {
    return fail(ErrorCode::invalid_argument, "not a log's name: " + std::string(text));
  }
  return id;
}

Task<Result<std::vector<Bytes>>> Log::read_ranges(SegmentNumber segment, std::vector<LogRange> ranges) {
  std::vector<Bytes> found;
  for (const LogRange& range : ranges) {
    CO_TRY(Bytes bytes, co_await read(segment, range.at, range.length, ReadPattern::scattered));
    found.push_back(std::move(bytes));
  }
  co_return found;
}

Task<Result<std::shared_ptr<File>>> Log::segment_file(SegmentNumber) { co_return std::shared_ptr<File>(); }

Status check_blob_name(std::string_view name) {
  bool good = !name.empty() && name.size() <= kMaxBlobName;
  for (char c : name) good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-');
  if (good) return {};
  return fail(ErrorCode::invalid_argument,
              "not a blob's name ([a-z0-9.-], at most 128): " + std::string(name.substr(0, 200)));
}

}  // namespace distributary
