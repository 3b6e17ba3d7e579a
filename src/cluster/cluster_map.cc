#include "cluster/cluster_map.h"

#include <algorithm>

#include "model/path.h"
#include "model/printable.h"

namespace distributary {
namespace {

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  size_t at = 0;
  while (at < text.size()) {
    size_t begin = text.find_first_not_of(separators, at);
    if (begin == std::string_view::npos) break;
    size_t end = std::min(text.find_first_of(separators, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    at = end;
  }
  return parts;
}

Result<ClusterNode> parse_node(std::string_view text) {
  ClusterNode node;
  size_t semicolon = text.find(';');
  if (semicolon == std::string_view::npos) {
    TRY(node.address, parse_address(text, kAdminPort));
    return node;
  }
  TRY(Address fallback, parse_address(text.substr(semicolon + 1), kAdminPort));
  TRY(node.address, parse_address(text.substr(0, semicolon), fallback.port));
  node.address.port = fallback.port;
  node.fallback = fallback;
  return node;
}

Result<std::string> parse_fingerprint(std::string_view value) {
  std::string digits;
  for (char c : value) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (!hex || digits.size() == 64) {
      digits.clear();
      break;
    }
    digits.push_back(c);
  }
  if (digits.size() != 64) {
    return fail(
        ErrorCode::invalid_argument,
        "root=" + quoted(value) + " is not a fingerprint: give the 64 hex digits that `distributary init` printed");
  }
  return digits;
}

Status apply_key(ClusterEntry& entry, std::string_view key, std::string_view value) {
  if (key == "secure") {
    if (value != "true" && value != "false") {
      return fail(ErrorCode::invalid_argument, "secure=" + quoted(value) + " is neither true nor false");
    }
    entry.secure = value == "true";
  } else if (key == "root") {
    TRY(entry.root_fingerprint, parse_fingerprint(value));
  } else if (key == "gateways") {
    for (std::string_view part : split(value, ",")) {
      TRY(Address address, parse_address(part, kGatewayPort));
      entry.gateways.push_back(address);
    }
    if (entry.gateways.empty()) return fail(ErrorCode::invalid_argument, "gateways= names no gateway");
  } else {
    entry.other[std::string(key)] = std::string(value);
  }
  return {};
}

Result<ClusterEntry> parse_line(std::string_view line) {
  std::vector<std::string_view> tokens = split(line, " \t\r");
  ClusterEntry entry;
  entry.name = std::string(tokens.front());
  TRY_STATUS(check_cluster_name(entry.name));
  for (size_t i = 1; i < tokens.size(); ++i) {
    size_t equals = tokens[i].find('=');
    if (equals != std::string_view::npos) {
      TRY_STATUS(apply_key(entry, tokens[i].substr(0, equals), tokens[i].substr(equals + 1)));
      continue;
    }
    if (entry.nodes.size() == kClusterNodesMax) {
      return fail(ErrorCode::too_large, "more than " + std::to_string(kClusterNodesMax) + " nodes");
    }
    TRY(ClusterNode node, parse_node(tokens[i]));
    entry.nodes.push_back(std::move(node));
  }
  if (entry.nodes.empty()) {
    return fail(ErrorCode::invalid_argument,
                "cluster " + quoted(entry.name) + " has no node; add host, host:port or host;ip:port");
  }
  return entry;
}

}  // namespace

std::vector<Address> ClusterEntry::admin_addresses() const {
  std::vector<Address> addresses;
  for (const ClusterNode& node : nodes) {
    addresses.push_back(node.address);
    if (node.fallback && *node.fallback != node.address) addresses.push_back(*node.fallback);
  }
  return addresses;
}

std::vector<Address> ClusterEntry::gateway_addresses() const {
  if (!gateways.empty()) return gateways;
  std::vector<Address> addresses = admin_addresses();
  for (Address& address : addresses) address.port = kGatewayPort;
  return addresses;
}

Result<ClusterMap> ClusterMap::parse(std::string_view text, std::string_view source) {
  if (text.size() > kClusterMapBytesMax) {
    return fail(ErrorCode::too_large,
                std::string(source) + " is longer than " + std::to_string(kClusterMapBytesMax) + " bytes");
  }
  ClusterMap map;
  map.source_ = std::string(source);
  size_t number = 0;
  while (!text.empty()) {
    ++number;
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    std::string where = map.source_ + " line " + std::to_string(number);
    auto entry = parse_line(line);
    if (!entry) return fail(entry.error().context(where));
    if (map.find(entry->name)) {
      return fail(ErrorCode::invalid_argument, where + ": cluster " + quoted(entry->name) + " is listed twice");
    }
    map.entries_.push_back(std::move(*entry));
  }
  return map;
}

const ClusterEntry* ClusterMap::find(std::string_view name) const {
  auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const ClusterEntry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

Result<const ClusterEntry*> ClusterMap::require(std::string_view name) const {
  if (const ClusterEntry* entry = find(name)) return entry;
  std::string known;
  for (const ClusterEntry& entry : entries_) known += (known.empty() ? "" : ", ") + entry.name;
  if (known.empty()) known = "none";
  return fail(ErrorCode::not_found, "cluster " + quoted(name) + " is not in " +
                                        (source_.empty() ? "the cluster map" : source_) + " (known: " + known +
                                        "); add a line for it");
}

const ClusterEntry* ClusterMap::find_root(std::string_view fingerprint) const {
  if (fingerprint.empty()) return nullptr;
  auto found = std::find_if(entries_.begin(), entries_.end(),
                            [&](const ClusterEntry& entry) { return entry.root_fingerprint == fingerprint; });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace distributary
