#include "storage/local/log_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/checksum.h"

namespace distributary {
namespace {

constexpr std::string_view kSegmentPrefix = "segment-";
constexpr std::string_view kSegmentSuffix = ".log";
constexpr size_t kSegmentDigits = 20;
constexpr size_t kRewriteDigits = 10;
constexpr std::string_view kBlobPrefix = "blob-";
constexpr std::string_view kTemporaryPrefix = "temporary-";
constexpr std::string_view kEpochFile = "epoch";
constexpr uint32_t kLogFormat = 1;
constexpr size_t kMaxEpochFile = 256;
constexpr uint64_t kRewriteChunk = uint64_t{1} << 20;

template <class T>
bool parse_number(std::string_view text, T& into, int base = 10) {
  auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
  return error == std::errc{} && stopped == text.data() + text.size();
}

// Without its size; nullopt: not a segment's name.
std::optional<SegmentInfo> segment_of(std::string_view name) {
  if (!name.starts_with(kSegmentPrefix) || !name.ends_with(kSegmentSuffix)) return std::nullopt;
  std::string_view middle = name.substr(kSegmentPrefix.size());
  middle.remove_suffix(kSegmentSuffix.size());
  SegmentInfo info;
  bool plain = middle.size() == kSegmentDigits;
  if (!plain && middle.size() != 2 * kSegmentDigits + kRewriteDigits + 2) return std::nullopt;
  if (!parse_number(middle.substr(0, kSegmentDigits), info.number) || info.number == 0) return std::nullopt;
  if (plain) return info;
  SegmentNumber last = 0;
  bool good = parse_number(middle.substr(kSegmentDigits + 1, kSegmentDigits), last) && last >= info.number &&
              parse_number(middle.substr(2 * kSegmentDigits + 2), info.rewrite) && info.rewrite > 0;
  info.merged = last - info.number;
  return good ? std::optional(info) : std::nullopt;
}

// format, epoch and checksum of both, separated by one blank.
std::string encode_epoch(StorageEpoch epoch) {
  std::string text = fmt::format("{} {}", kLogFormat, epoch);
  return fmt::format("{} {:08x}\n", text, crc32c(as_bytes(text)));
}

Result<StorageEpoch> decode_epoch(std::string_view text, const std::string& path) {
  Error bad{ErrorCode::corrupt, path + " is damaged; restore it, or the log from a replica"};
  size_t first = text.find(' ');
  size_t second = first == text.npos ? text.npos : text.find(' ', first + 1);
  if (second == text.npos || !text.ends_with('\n')) return fail(bad);
  uint32_t format = 0;
  uint32_t checksum = 0;
  StorageEpoch epoch = 0;
  bool parsed = parse_number(text.substr(0, first), format) &&
                parse_number(text.substr(first + 1, second - first - 1), epoch) &&
                parse_number(text.substr(second + 1, text.size() - second - 2), checksum, 16);
  if (!parsed || checksum != crc32c(as_bytes(text.substr(0, second)))) return fail(bad);
  if (format == kLogFormat) return epoch;
  return fail(ErrorCode::unsupported,
              fmt::format("{} has format {}; this build knows {}: use a newer one", path, format, kLogFormat));
}

}  // namespace

std::string LogDirectory::segment_path(const SegmentInfo& segment) const {
  std::string name = fmt::format("{}/{}{:0{}}", path_, kSegmentPrefix, segment.number, kSegmentDigits);
  if (segment.rewrite > 0)
    name += fmt::format("-{:0{}}-{:0{}}", segment.last(), kSegmentDigits, segment.rewrite, kRewriteDigits);
  return name.append(kSegmentSuffix);
}

std::string LogDirectory::temporary_path() {
  return fmt::format("{}/{}{}", path_, kTemporaryPrefix, next_temporary_++);
}

Task<Result<LogDirectory::Contents>> LogDirectory::scan() {
  Contents contents;
  CO_TRY(std::vector<std::string> names, co_await files_.list(path_));
  for (const std::string& name : names) {
    std::string path = path_ + "/" + name;
    if (name.starts_with(kTemporaryPrefix)) {
      CO_TRY_STATUS(co_await files_.remove(path));
    } else if (std::optional<SegmentInfo> segment = segment_of(name)) {
      CO_TRY(segment->bytes, co_await files_.file_size(path));
      contents.segments.push_back(*segment);
    } else if (name.starts_with(kBlobPrefix)) {
      CO_TRY(uint64_t bytes, co_await files_.file_size(path));
      contents.blobs[name.substr(kBlobPrefix.size())] = bytes;
    }
  }
  CO_TRY_STATUS(co_await remove_superseded(contents.segments));
  co_return contents;
}

// A rewrite that has been put in place counts, even when what it replaced is still there.
Task<Status> LogDirectory::remove_superseded(std::vector<SegmentInfo>& segments) {
  std::vector<SegmentInfo> all = segments;
  auto superseded = [&](const SegmentInfo& one) {
    return std::any_of(all.begin(), all.end(), [&](const SegmentInfo& by) {
      return by.rewrite > one.rewrite && by.number <= one.number && one.last() <= by.last();
    });
  };
  if (std::any_of(all.begin(), all.end(), superseded)) {
    std::vector<std::shared_ptr<File>> none;
    std::string directory = path_;
    CO_TRY_STATUS(co_await syncs_.sync(std::move(none), std::move(directory)));  // first what supersedes, durably
  }
  for (const SegmentInfo& segment : all) {
    if (superseded(segment)) CO_TRY_STATUS(co_await files_.remove(segment_path(segment)));
  }
  std::erase_if(segments, superseded);
  std::sort(segments.begin(), segments.end(),
            [](const SegmentInfo& a, const SegmentInfo& b) { return a.number < b.number; });
  co_return Status{};
}

Task<Status> LogDirectory::write_again(SegmentInfo segment, uint64_t from) {
  std::string path = segment_path(segment);
  Result<std::unique_ptr<File>> file = co_await files_.open(path, OpenMode::read_write);
  if (!file && file.error().code == ErrorCode::not_found) co_return Status{};  // dropped meanwhile
  if (!file) co_return fail(file.error());
  CO_TRY(uint64_t size, (*file)->size());
  CO_TRY_STATUS(co_await (*file)->truncate(size));  // the size, too, may not have reached the device
  for (uint64_t at = from; at < size;) {
    std::vector<uint8_t> chunk(std::min<uint64_t>(kRewriteChunk, size - at));
    CO_TRY(size_t count, co_await (*file)->read(at, chunk));
    if (count == 0) co_return fail(ErrorCode::io, path + " ends before its size");
    chunk.resize(count);
    std::vector<Bytes> pieces{Bytes(std::move(chunk))};
    CO_TRY_STATUS(co_await (*file)->write(at, std::move(pieces)));
    at += count;
  }
  std::vector<std::shared_ptr<File>> one{std::shared_ptr<File>(std::move(*file))};
  co_return co_await syncs_.sync(std::move(one), path_);
}

Task<Status> LogDirectory::sync_last(std::vector<SegmentInfo> segments) {
  std::vector<std::shared_ptr<File>> last;
  size_t count = std::min(segments.size(), kUnsyncedSegments);
  for (size_t i = segments.size() - count; i < segments.size(); ++i) {
    std::string path = segment_path(segments[i]);
    CO_TRY(std::unique_ptr<File> file, co_await files_.open(std::move(path), OpenMode::read_write));
    last.push_back(std::move(file));
  }
  co_return co_await syncs_.sync(std::move(last), path_);
}

Task<Result<StorageEpoch>> LogDirectory::read_epoch() {
  std::string path = path_ + "/" + std::string(kEpochFile);
  Result<std::unique_ptr<File>> file = co_await files_.open(path, OpenMode::read);
  if (!file && file.error().code == ErrorCode::not_found) co_return StorageEpoch{0};
  if (!file) co_return fail(file.error());
  std::vector<uint8_t> text(kMaxEpochFile);
  CO_TRY(size_t count, co_await (*file)->read(0, text));
  co_return decode_epoch(as_text(ByteView(text).first(count)), path);
}

Task<Status> LogDirectory::write_epoch(StorageEpoch epoch) {
  std::string name(kEpochFile);
  Bytes text = Bytes::copy(as_bytes(encode_epoch(epoch)));
  co_return co_await write_file(std::move(name), std::move(text));
}

Task<Status> LogDirectory::write_file(std::string name, Bytes data) {
  std::string temporary = temporary_path();
  std::string path = path_ + "/" + name;
  Status written = co_await write_temporary(temporary, std::move(data));
  if (written) written = co_await files_.rename(temporary, path);
  if (!written) {
    Status removed = co_await files_.remove(temporary);  // else scan does it
    static_cast<void>(removed);
    co_return written;
  }
  std::vector<std::shared_ptr<File>> none;
  std::string directory = path_;
  co_return co_await syncs_.sync(std::move(none), std::move(directory));
}

Task<Status> LogDirectory::write_temporary(const std::string& path, Bytes data) {
  CO_TRY(std::unique_ptr<File> opened, co_await files_.open(path, OpenMode::create_new));
  std::shared_ptr<File> file = std::move(opened);
  std::vector<Bytes> pieces{std::move(data)};
  CO_TRY_STATUS(co_await file->write(0, std::move(pieces)));
  std::vector<std::shared_ptr<File>> one{file};
  std::string no_directory;
  co_return co_await syncs_.sync(std::move(one), std::move(no_directory));
}

}  // namespace distributary
