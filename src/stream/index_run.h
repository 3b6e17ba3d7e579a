// Index runs: sealed, sorted, on disk (docs/formats/index.md). A writer that cuts parts, a reader that touches one
// block at a time.
//
// Threads: one executor. Errors: corrupt names the blob and the block.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/log_store.h"
#include "stream/index_entry.h"

namespace distributary {

inline constexpr size_t kIndexBlockBytes = 4096;      // a block is cut at the first entry past this
inline constexpr size_t kIndexPartBytes = 32u << 20;  // a part likewise

// Which segments a run stands for, and as of which rewrite: it says nothing of a segment that a later one has made.
struct IndexRunName {
  SegmentNumber first = 0;
  SegmentNumber last = 0;
  RewriteNumber rewrite = 0;  // the latest among its segments; 0: none was rewritten
  bool of_rewrite = false;    // written before that rewrite was put in place: counts only if it was
  auto operator<=>(const IndexRunName&) const = default;

  std::string part(uint32_t part) const;  // name of a blob
  static bool parse(const std::string& blob, IndexRunName& name, uint32_t& part);
};

// Encodes entries, given in order, into one part.
class IndexPartWriter {
 public:
  IndexPartWriter(LogId log, IndexRunName name, uint32_t part);
  void add(const IndexEntry& entry);
  bool full() const { return bytes_.size() >= kIndexPartBytes; }
  bool empty() const { return entries_ == 0; }
  Bytes finish(bool last_part);
  const IndexRunName& name() const { return name_; }
  uint32_t part() const { return part_; }

 private:
  struct BlockPlace {
    IndexKey key;
    Offset base_offset;
    uint64_t position;
    uint32_t length;
  };
  void cut_block();
  LogId log_;
  IndexRunName name_;
  uint32_t part_;
  std::vector<uint8_t> bytes_;
  std::vector<uint8_t> block_;
  std::vector<BlockPlace> directory_;
  IndexEntry first_in_block_;
  IndexEntry previous_;
  uint64_t entries_ = 0;
};

// One open run: its directories are in memory, its blocks are not.
class IndexRun {
 public:
  // All parts must be there; verifies headers and directories.
  static Task<Result<std::unique_ptr<IndexRun>>> open(Log& log, LogId id, IndexRunName name);

  const IndexRunName& name() const { return name_; }
  size_t blocks() const { return directory_.size(); }
  uint32_t parts() const { return static_cast<uint32_t>(parts_); }
  // The last block that may hold the first entry of `key` whose end offset is beyond `from`.
  size_t seek_block(IndexKey key, Offset from) const;
  Task<Result<std::vector<IndexEntry>>> read_block(size_t block);

 private:
  struct BlockPlace {
    IndexKey key;
    Offset base_offset;
    uint64_t position;
    uint32_t length;
    uint32_t part;
  };
  IndexRun(Log& log, IndexRunName name) : log_(log), name_(name) {}
  Task<Result<bool>> open_part(LogId id, uint32_t part);  // true: it was the last
  Log& log_;
  IndexRunName name_;
  size_t parts_ = 0;
  std::vector<BlockPlace> directory_;
};

// Reads what a run says of the segments [first, last] from its begin, entry by entry: for merging.
class IndexRunCursor {
 public:
  IndexRunCursor(IndexRun& run, SegmentNumber first, SegmentNumber last) : run_(run), first_(first), last_(last) {}
  // Makes `current` valid, or gives false at the end.
  Task<Result<bool>> load();
  const IndexEntry& current() const { return block_[at_]; }
  void advance();
  bool loaded() const { return at_ < block_.size(); }
  const IndexRun& run() const { return run_; }

 private:
  void pass_others();
  IndexRun& run_;
  SegmentNumber first_;
  SegmentNumber last_;
  size_t next_block_ = 0;
  std::vector<IndexEntry> block_;
  size_t at_ = 0;
};

}  // namespace distributary
