// For tests: the bytes that Kafka's own client produced, from golden/*.txt (made by tools/kafka_codec/golden).
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace distributary::kafka {

struct GoldenEntry {
  std::string message;  // "FetchRequest"
  int16_t version = 0;
  std::string form;  // "full": every field set, all different; "sparse": null, empty and zero wherever allowed
  std::vector<uint8_t> bytes;
};

inline void append_hex(const std::string& hex, std::vector<uint8_t>& out) {
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
}

inline void read_golden_file(const std::filesystem::path& path, std::vector<GoldenEntry>& out) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    if (line.starts_with(' ')) {
      append_hex(line.substr(1), out.back().bytes);
      continue;
    }
    std::istringstream words(line);
    GoldenEntry& entry = out.emplace_back();
    words >> entry.message >> entry.version >> entry.form;
  }
}

inline const std::vector<GoldenEntry>& golden_entries() {
  static const std::vector<GoldenEntry> entries = [] {
    std::vector<GoldenEntry> all;
    auto folder = std::filesystem::path(DISTRIBUTARY_GOLDEN);
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() == ".txt") read_golden_file(file.path(), all);
    }
    return all;
  }();
  return entries;
}

// Null if there is none.
inline const GoldenEntry* find_golden(const std::string& message, int16_t version, const std::string& form) {
  const auto& all = golden_entries();
  auto found = std::find_if(all.begin(), all.end(), [&](const GoldenEntry& entry) {
    return entry.message == message && entry.version == version && entry.form == form;
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace distributary::kafka
