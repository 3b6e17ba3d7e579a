#include "model/stream_settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/coding.h"
#include "model/printable.h"

namespace distributary {
namespace {

constexpr uint16_t kStreamSettingsVersion = 1;
constexpr std::array<std::string_view, 4> kStreamCompressions = {"off", "lz4", "lzf", "zlib"};
constexpr std::array<std::string_view, 2> kDurabilities = {"sync", "async"};
constexpr std::array<std::string_view, 2> kTimestampTypes = {"createtime", "logappendtime"};

template <class Enum, size_t N>
Result<Enum> parse_word(std::string_view option, const std::array<std::string_view, N>& words, std::string_view text) {
  auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) return static_cast<Enum>(found - words.begin());
  std::string allowed(words[0]);
  for (size_t i = 1; i < N; ++i) allowed += fmt::format("{}{}", i + 1 == N ? " and " : ", ", words[i]);
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} cannot be {}; allowed are {}", option, quoted(text), allowed));
}

Status check_range(std::string_view option, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("{} cannot be {}; allowed are {} to {}", option, value, min, max));
}

// An enum's byte; anything that is no word of it fails the decoder.
template <class Enum>
Enum read_stream_enum(Decoder& in, size_t words) {
  uint8_t value = in.u8();
  if (value >= words) in.fail();
  return static_cast<Enum>(value);
}

bool read_bool(Decoder& in) { return read_stream_enum<uint8_t>(in, 2) != 0; }

AccessExpression read_expression(Decoder& in) {
  auto parsed = AccessExpression::parse(as_text(in.bytes()));
  if (parsed) return std::move(*parsed);
  in.fail();
  return {};
}

}  // namespace

StreamSettings StreamSettings::for_creator(std::string_view user) {
  AccessExpression creator = AccessExpression::only_user(user);
  StreamSettings out;
  out.produce_permission = creator;
  out.consume_permission = creator;
  out.topic_permission = creator;
  out.copy_permission = creator;
  out.admin_permission = creator;
  return out;
}

Status StreamSettings::check() const {
  TRY_STATUS(check_range("-ttl", ttl_seconds, 0, kStreamSecondsMax));
  TRY_STATUS(check_range("-defaultpartitions", default_partitions, 1, kPartitionsPerTopicMax));
  TRY_STATUS(check_range("-mincompactionlag", min_compaction_lag_ms, 0, kStreamMillisMax));
  TRY_STATUS(check_range("-deleteretention", delete_retention_ms, 0, kStreamMillisMax));
  return check_range("-pidexpirysecs", pid_expiry_seconds, kPidExpirySecondsMin, kStreamSecondsMax);
}

std::string_view to_string(StreamCompression compression) {
  return kStreamCompressions[static_cast<size_t>(compression)];
}
std::string_view to_string(Durability durability) { return kDurabilities[static_cast<size_t>(durability)]; }
std::string_view to_string(TimestampType type) { return kTimestampTypes[static_cast<size_t>(type)]; }

Result<StreamCompression> parse_stream_compression(std::string_view text) {
  return parse_word<StreamCompression>("-compression", kStreamCompressions, text);
}

Result<Durability> parse_durability(std::string_view text) {
  return parse_word<Durability>("-durability", kDurabilities, text);
}

Result<TimestampType> parse_timestamp_type(std::string_view text) {
  return parse_word<TimestampType>("the timestamp type", kTimestampTypes, text);
}

std::vector<uint8_t> encode_stream_settings(const StreamSettings& settings) {
  std::vector<uint8_t> bytes;
  Encoder out(bytes);
  out.u16(kStreamSettingsVersion);
  out.i64(settings.ttl_seconds);
  out.u8(settings.autocreate);
  out.u32(settings.default_partitions);
  out.u8(static_cast<uint8_t>(settings.compression));
  out.text(settings.produce_permission.text());
  out.text(settings.consume_permission.text());
  out.text(settings.topic_permission.text());
  out.text(settings.copy_permission.text());
  out.text(settings.admin_permission.text());
  out.u8(settings.is_changelog);
  out.u8(static_cast<uint8_t>(settings.timestamp_type));
  out.u8(settings.compact);
  out.i64(settings.min_compaction_lag_ms);
  out.i64(settings.delete_retention_ms);
  out.i64(settings.pid_expiry_seconds);
  out.u8(static_cast<uint8_t>(settings.durability));
  return bytes;
}

Result<StreamSettings> decode_stream_settings(ByteView bytes) {
  Decoder in(bytes);
  uint16_t version = in.u16();
  if (in.ok() && version != kStreamSettingsVersion) {
    return fail(ErrorCode::unsupported, fmt::format("stream settings of version {}; this build reads version {}",
                                                    version, kStreamSettingsVersion));
  }
  StreamSettings out;
  out.ttl_seconds = in.i64();
  out.autocreate = read_bool(in);
  out.default_partitions = in.u32();
  out.compression = read_stream_enum<StreamCompression>(in, kStreamCompressions.size());
  out.produce_permission = read_expression(in);
  out.consume_permission = read_expression(in);
  out.topic_permission = read_expression(in);
  out.copy_permission = read_expression(in);
  out.admin_permission = read_expression(in);
  out.is_changelog = read_bool(in);
  out.timestamp_type = read_stream_enum<TimestampType>(in, kTimestampTypes.size());
  out.compact = read_bool(in);
  out.min_compaction_lag_ms = in.i64();
  out.delete_retention_ms = in.i64();
  out.pid_expiry_seconds = in.i64();
  out.durability = read_stream_enum<Durability>(in, kDurabilities.size());
  if (!in.done()) return fail(ErrorCode::corrupt, "the stored stream settings are damaged");
  if (Status checked = out.check(); !checked) {
    return fail(ErrorCode::corrupt, "the stored stream settings are damaged: " + checked.error().message);
  }
  return out;
}

}  // namespace distributary
