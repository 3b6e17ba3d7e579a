#include "io/sim/sim_disk.h"

#include <algorithm>

#include "base/check.h"

namespace distributary {

namespace {

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  size_t at = 0;
  while (at <= path.size()) {
    size_t end = std::min(path.find('/', at), path.size());
    std::string part = path.substr(at, end - at);
    CHECK(part != ".." && "simulated paths are plain");
    if (!part.empty() && part != ".") parts.push_back(std::move(part));
    at = end + 1;
  }
  return parts;
}

using Entries = std::map<std::string, SimInodePtr> SimInode::*;

void list_files(const SimInode& directory, Entries which, const std::string& prefix, std::vector<std::string>& into) {
  for (const auto& [name, child] : directory.*which) {
    if (child->is_directory) {
      list_files(*child, which, prefix + name + "/", into);
    } else {
      into.push_back(prefix + name);
    }
  }
}

Result<SimInodePtr> walk(const SimInodePtr& root, Entries which, const std::string& path) {
  SimInodePtr at = root;
  for (const std::string& part : split(path)) {
    if (!at->is_directory) return fail(ErrorCode::io, path + ": a part of the path is not a directory");
    auto child = ((*at).*which).find(part);
    if (child == ((*at).*which).end()) return fail(ErrorCode::not_found, path + ": no such file or directory");
    at = child->second;
  }
  return at;
}

}  // namespace

SimDisk::SimDisk(uint64_t seed, std::string name)
    : name_(std::move(name)), random_(seed, "disk of " + name_), root_(make_inode(true)) {}

SimDisk::~SimDisk() {
  for (const SimInodePtr& inode : reachable(true)) {  // an old place and a new one may point at each other
    inode->pending.clear();
    inode->entries.clear();
    inode->durable_entries.clear();
  }
}

SimInodePtr SimDisk::make_inode(bool directory) {
  auto inode = std::make_shared<SimInode>();
  inode->number = ++last_inode_;
  inode->is_directory = directory;
  return inode;
}

Result<SimInodePtr> SimDisk::find(const std::string& path) const { return walk(root_, &SimInode::entries, path); }

Result<SimDisk::Place> SimDisk::locate(const std::string& path) const {
  std::vector<std::string> parts = split(path);
  if (parts.empty()) return fail(ErrorCode::io, path + ": is the root directory");
  Place place;
  place.name = parts.back();
  parts.pop_back();
  std::string parent;
  for (const std::string& part : parts) parent += part + "/";
  Result<SimInodePtr> directory = find(parent);
  if (!directory) return fail(directory.error().code, path + ": no such directory");
  if (!(*directory)->is_directory) return fail(ErrorCode::io, path + ": a part of the path is not a directory");
  place.directory = *directory;
  return place;
}

void SimDisk::link(SimInode& directory, const std::string& name, SimInodePtr target) {
  directory.entries[name] = target;
  directory.pending.push_back({++last_change_, name, std::move(target), {}, {}});
}

void SimDisk::unlink(SimInode& directory, const std::string& name) {
  directory.entries.erase(name);
  directory.pending.push_back({++last_change_, name, nullptr, {}, {}});
}

Result<SimInodePtr> SimDisk::create_file(const std::string& path) {
  TRY(Place place, locate(path));
  if (place.directory->entries.contains(place.name)) return fail(ErrorCode::already_exists, path + ": exists already");
  SimInodePtr inode = make_inode(false);
  inode->names = 1;
  link(*place.directory, place.name, inode);
  return inode;
}

Status SimDisk::make_directories(const std::string& path) {
  SimInodePtr at = root_;
  for (const std::string& part : split(path)) {
    auto child = at->entries.find(part);
    if (child == at->entries.end()) {
      SimInodePtr made = make_inode(true);
      link(*at, part, made);
      at = made;
    } else {
      at = child->second;
    }
    if (!at->is_directory) return fail(ErrorCode::io, path + ": a part of the path is not a directory");
  }
  return {};
}

Status SimDisk::rename(const std::string& from, const std::string& to) {
  std::vector<std::string> from_parts = split(from);
  std::vector<std::string> to_parts = split(to);
  if (to_parts.size() > from_parts.size() && std::equal(from_parts.begin(), from_parts.end(), to_parts.begin())) {
    return fail(ErrorCode::io, to + ": is inside of " + from);
  }
  TRY(Place source, locate(from));
  TRY(Place target, locate(to));
  auto moved = source.directory->entries.find(source.name);
  if (moved == source.directory->entries.end()) return fail(ErrorCode::not_found, from + ": no such file or directory");
  SimInodePtr inode = moved->second;
  if (auto old = target.directory->entries.find(target.name); old != target.directory->entries.end()) {
    if (old->second == inode) return {};
    if (old->second->is_directory != inode->is_directory) return fail(ErrorCode::io, to + ": is of another kind");
    if (!old->second->entries.empty()) return fail(ErrorCode::io, to + ": directory not empty");
    name_gone(*old->second);
  }
  source.directory->entries.erase(source.name);
  target.directory->entries[target.name] = inode;
  uint64_t id = ++last_change_;
  if (source.directory == target.directory) {
    target.directory->pending.push_back({id, target.name, inode, source.name, {}});
  } else {
    source.directory->pending.push_back({id, source.name, nullptr, {}, target.directory});
    target.directory->pending.push_back({id, target.name, inode, {}, source.directory});
  }
  return {};
}

void SimDisk::remove_tree(SimInode& directory, const std::string& name) {
  SimInodePtr inode = directory.entries.at(name);
  while (!inode->entries.empty()) remove_tree(*inode, std::string(inode->entries.begin()->first));
  unlink(directory, name);
  name_gone(*inode);
}

Status SimDisk::remove(const std::string& path) {
  TRY(Place place, locate(path));
  if (!place.directory->entries.contains(place.name)) {
    return fail(ErrorCode::not_found, path + ": no such file or directory");
  }
  remove_tree(*place.directory, place.name);
  return {};
}

// --- capacity ---

void SimDisk::recount(SimInode& inode) {
  bool kept = inode.names > 0 || inode.opens > 0;
  uint64_t bytes = kept ? std::max<uint64_t>(inode.allocated, inode.data.size()) : 0;
  used_ = used_ - inode.charged + bytes;
  inode.charged = bytes;
}

Status SimDisk::reserve(SimInode& inode, uint64_t size, const std::string& path) {
  if (size > inode.charged && size - inode.charged > free_bytes()) {
    return fail(ErrorCode::storage_full, path + ": no space left on device");
  }
  inode.allocated = std::max(inode.allocated, size);
  recount(inode);
  return {};
}

void SimDisk::name_gone(SimInode& inode) {
  if (inode.is_directory) return;
  --inode.names;
  recount(inode);
}

void SimDisk::opened(SimInode& inode) { ++inode.opens; }

void SimDisk::file_closed(SimInode& inode) {
  --inode.opens;
  recount(inode);
}

// --- the medium ---

void SimDisk::apply(SimInode& directory, const SimDirectoryChange& change) {
  if (!change.also_removed.empty()) directory.durable_entries.erase(change.also_removed);
  if (change.target) {
    directory.durable_entries[change.name] = change.target;
  } else {
    directory.durable_entries.erase(change.name);
  }
}

void SimDisk::commit_through(SimInode& directory, uint64_t change) {
  while (!directory.pending.empty() && directory.pending.front().id <= change) {
    SimDirectoryChange first = std::move(directory.pending.front());
    directory.pending.pop_front();
    apply(directory, first);
    if (SimInodePtr partner = first.partner.lock()) commit_through(*partner, first.id);
  }
}

void SimDisk::collect(const SimInodePtr& from, bool with_pending, std::vector<SimInodePtr>& into,
                      std::unordered_set<uint64_t>& seen) const {
  if (!seen.insert(from->number).second) return;
  into.push_back(from);
  for (const auto& [name, child] : from->durable_entries) collect(child, with_pending, into, seen);
  if (!with_pending) return;
  for (const auto& [name, child] : from->entries) collect(child, with_pending, into, seen);
  for (const SimDirectoryChange& change : from->pending) {
    if (change.target) collect(change.target, with_pending, into, seen);
  }
}

std::vector<SimInodePtr> SimDisk::reachable(bool with_pending) const {
  std::vector<SimInodePtr> inodes;
  std::unordered_set<uint64_t> seen;
  collect(root_, with_pending, inodes, seen);
  return inodes;
}

void SimDisk::crash_directories(Random& random) {
  std::vector<SimInodePtr> all = reachable(true);
  for (const SimInodePtr& inode : all) {
    if (inode->pending.empty()) continue;
    uint64_t kind = random.below(3);  // none, all, some first ones
    size_t count = inode->pending.size();
    size_t keep = kind == 0 ? 0 : kind == 1 ? count : random.below(count + 1);
    if (keep > 0) commit_through(*inode, inode->pending[keep - 1].id);
  }
  for (const SimInodePtr& inode : all) {
    inode->pending.clear();
    inode->entries = inode->durable_entries;
  }
}

void SimDisk::crash(Random& random) {
  ++incarnation_;
  crash_directories(random);
  used_ = 0;
  for (const SimInodePtr& inode : reachable(false)) {
    if (inode->is_directory) continue;
    inode->data.crash(random);
    inode->names = 1;
    inode->opens = 0;
    inode->writeback_failed = false;
    inode->allocated = inode->charged = 0;
    recount(*inode);
  }
}

void SimDisk::close_all() {
  ++incarnation_;
  for (const SimInodePtr& inode : reachable(true)) {
    inode->opens = 0;
    if (!inode->is_directory) recount(*inode);
  }
}

// --- for checkers and for damage ---

Result<std::vector<uint8_t>> SimDisk::durable_content(const std::string& path) const {
  TRY(SimInodePtr inode, walk(root_, &SimInode::durable_entries, path));
  return inode->data.durable();
}

Result<std::vector<uint8_t>> SimDisk::current_content(const std::string& path) const {
  TRY(SimInodePtr inode, find(path));
  return inode->data.current();
}

std::vector<std::string> SimDisk::durable_files() const {
  std::vector<std::string> files;
  list_files(*root_, &SimInode::durable_entries, "/", files);
  return files;
}

std::vector<std::string> SimDisk::current_files() const {
  std::vector<std::string> files;
  list_files(*root_, &SimInode::entries, "/", files);
  return files;
}

Status SimDisk::flip_bit(const std::string& path, uint64_t bit) {
  return corrupt(path, bit / 8, 1, static_cast<uint8_t>(1u << (bit % 8)));
}

Status SimDisk::corrupt(const std::string& path, uint64_t at, uint64_t length, uint8_t pattern) {
  TRY(SimInodePtr inode, find(path));
  CHECK(at + length <= inode->data.size());
  for (uint64_t i = 0; i < length; ++i) inode->data.damage(at + i, pattern);
  ++inode->device_stamp;
  return {};
}

}  // namespace distributary
