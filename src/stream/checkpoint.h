// Checkpoints of a stream's state (docs/formats/checkpoint.md): what is written, and where it is kept.
//
// Threads: one executor. Ownership: CheckpointStore belongs to one Stream.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "stream/log_index.h"
#include "stream/segment_table.h"
#include "stream/stream_state.h"

namespace distributary {

struct CheckpointManifest {
  uint64_t number = 0;
  Lsn covered_lsn = 0;
  Lsn durable_lsn = 0;
  SegmentNumber segment = 1;
  uint64_t at = 0;
  bool clean = false;
  SegmentTable segments;
  struct ChunkReference {
    uint8_t kind = 0;
    uint32_t index = 0;
    uint64_t checkpoint = 0;  // whose blob it is in
    uint64_t position = 0;
    uint32_t length = 0;
    uint32_t crc = 0;
  };
  std::vector<ChunkReference> chunks;

  std::vector<uint8_t> encode() const;
  static Result<CheckpointManifest> decode(ByteView bytes);
};

class CheckpointStore {
 public:
  CheckpointStore(Log& log, LogId id) : log_(log), id_(id) {}

  // Loads the newest good checkpoint into `state` and `index`; nullopt when there is none.
  Task<Result<std::optional<CheckpointManifest>>> load(StreamState& state, LogIndex& index);

  // Takes what has changed, now, without waiting: the state and the index in memory must be as of
  // `manifest.covered_lsn`. When it is not written after all, the next one takes everything.
  struct Prepared {
    CheckpointManifest manifest;
    std::vector<uint8_t> chunk_bytes;
  };
  Prepared prepare(CheckpointManifest manifest, StreamState& state, const LogIndex& index);
  // Writes and verifies it, then removes what no kept checkpoint needs. The log must be durable up to the covered LSN.
  Task<Status> write(Prepared prepared);
  // The oldest covered LSN among the kept checkpoints; 0 while fewer than two are kept.
  Lsn safe_lsn() const { return kept_.size() < 2 ? 0 : kept_.front().covered_lsn; }
  SegmentNumber safe_segment() const { return kept_.size() < 2 ? 0 : kept_.front().segment; }

 private:
  Task<Result<CheckpointManifest>> read_manifest(uint64_t number);
  Task<Status> load_chunks(const CheckpointManifest& manifest, StreamState& state, MemoryIndex& index);
  Task<Status> remove_unneeded();
  static void add_chunk(Prepared& prepared, uint8_t kind, uint32_t index, ByteView bytes);
  void add_index_chunks(Prepared& prepared, const LogIndex& index);

  Log& log_;
  LogId id_;
  std::vector<CheckpointManifest> kept_;  // at most two, oldest first
  uint64_t last_number_ = 0;
  // How many entries of each unsealed segment's index the last checkpoint has.
  std::map<SegmentNumber, size_t> indexed_;
  bool unwritten_ = false;  // what the last `prepare` took is in no checkpoint
};

}  // namespace distributary
