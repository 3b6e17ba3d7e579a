// Background work of a stream: sealing indexes, checkpoints. Retention: stream_retention.cc.
#include <fmt/core.h>

#include "base/log.h"
#include "stream/stream_impl.h"

namespace distributary {
namespace {

const Logger stream_upkeep_logger("upkeep");

}  // namespace

bool Stream::Impl::checkpoint_due() const {
  Lsn last = writer->next_lsn() - 1;
  return last - checkpointed_lsn >= options.checkpoint_entries ||
         state.history_bytes() - checkpointed_bytes >= options.checkpoint_bytes;
}

Task<void> Stream::Impl::upkeep_loop() {
  while (!scope.stopping() && !failure) {
    if (to_seal.empty() && !checkpoint_due()) {
      Status waited = co_await upkeep_wanted.wait(kNever, scope.stop_token());
      if (!waited) co_return;
      continue;
    }
    Status done = co_await upkeep();
    if (!done) upkeep_failed(done.error());
    if (!done && done.error().code == ErrorCode::cancelled) co_return;
  }
}

// Beside upkeep_loop, for seals and checkpoints must not wait for a merge, which may take minutes.
Task<void> Stream::Impl::merge_loop() {
  while (!scope.stopping() && !failure) {
    Status merged = co_await index.merge(scope.stop_token());
    if (merged) merged = co_await rewrite_dead();
    if (!merged && merged.error().code == ErrorCode::corrupt) {
      bool made_again = co_await reindex_damaged();
      if (made_again) continue;
    }
    if (merged && !rewrite_requested) merged = co_await merge_wanted.wait(kNever, scope.stop_token());
    if (!merged) upkeep_failed(merged.error());
    if (!merged) co_return;
  }
}

// Nothing is lost when it fails: the log has it all. But opening would take longer and longer, so stop and be opened
// again.
void Stream::Impl::upkeep_failed(const Error& error) {
  if (error.code == ErrorCode::cancelled) return;  // closing
  if (!failure) failure = error.context("upkeep");
  stream_upkeep_logger.warn("upkeep failed; the stream will be opened again",
                            {{"stream", to_string(origin.stream)}, {"why", error.message}});
  advanced.notify_all();
  upkeep_wanted.notify_all();
  sealed.notify_all();
  rewritten.notify_all();
  turn_ended.notify_all();
}

Task<Status> Stream::Impl::upkeep() {
  while (!to_seal.empty()) {
    std::optional<SegmentInfo> segment = segment_info(to_seal.front());
    to_seal.erase(to_seal.begin());
    if (!segment) continue;  // dropped meanwhile
    CO_TRY_STATUS(co_await index.seal(*segment));
    merge_wanted.notify_all();
    sealed.notify_all();
  }
  if (checkpoint_due()) CO_TRY_STATUS(co_await write_checkpoint(false));
  co_return Status{};
}

Task<Status> Stream::Impl::write_checkpoint(bool clean) {
  while (checkpointing) CO_TRY_STATUS(co_await turn_ended.wait(kNever, scope.stop_token()));
  checkpointing = true;
  Status written = co_await write_checkpoint_now(clean);
  checkpointing = false;
  turn_ended.notify_all();
  co_return written;
}

Task<Status> Stream::Impl::write_checkpoint_now(bool clean) {
  Lsn covered = writer->next_lsn() - 1;
  if (covered == 0 || (clean && covered == checkpointed_lsn)) co_return Status{};
  CheckpointManifest manifest;
  manifest.covered_lsn = covered;
  auto [segment, at] = writer->next_place();
  manifest.segment = segment;
  manifest.at = at;
  manifest.clean = clean;
  manifest.segments = segments;
  uint64_t bytes = state.history_bytes();
  CheckpointStore::Prepared prepared = checkpoints.prepare(std::move(manifest), state, index);
  std::stop_token stop = clean ? std::stop_token() : scope.stop_token();
  CO_TRY_STATUS(co_await wait_for(covered, true, kNever, stop));
  prepared.manifest.durable_lsn = covered;
  CO_TRY_STATUS(co_await checkpoints.write(std::move(prepared)));
  checkpointed_lsn = covered;
  checkpointed_bytes = bytes;
  co_return Status{};
}

std::optional<SegmentInfo> Stream::Impl::segment_info(SegmentNumber number) const {
  for (const SegmentInfo& info : log->segments()) {
    if (info.number == number) return info;
  }
  return std::nullopt;
}

Task<Result<Stream::Baselines>> Stream::Impl::baselines() {
  if (segments.segments().empty()) co_return fail(ErrorCode::not_found, "the log is empty");
  LogPosition position = segments.segments().front().start.position;
  CO_TRY(StreamState at, co_await baseline_store.load(position.segment));
  Baselines result;
  result.origins = at.origins();
  result.position = position;
  for (const auto& [of, reached] : result.origins) {
    Bytes content = baseline_content(of, reached, at);
    if (content.empty())
      co_return fail(ErrorCode::too_large,
                     fmt::format("the state of stream {} is too large for a baseline", to_string(origin.stream)));
    result.contents.push_back(std::move(content));
  }
  co_return result;
}

// Empty when it is too large.
Bytes Stream::Impl::baseline_content(const Origin& of, const OriginPosition& reached, const StreamState& at) const {
  OriginLsn until = std::max(segments.rewritten_until(of), state.rewritten_until(of));
  std::vector<uint8_t> payload = at.encode_baseline(of, until);
  if (payload.size() > kEntryPayloadBytesMax) return {};
  ContentFields fields;
  fields.entry_class = EntryClass::baseline;
  fields.type = EntryType::baseline;
  fields.origin = of;
  fields.origin_lsn = reached.lsn;
  fields.chain_before = reached.chain;
  fields.appended = world.clock().wall_now();
  std::vector<uint8_t> entry;
  size_t begin = begin_entry(entry, fields, payload);
  size_t length = seal_entry(entry, begin, 1, 0).bytes().size();
  return Bytes(std::move(entry)).slice(kEntryLocalHeaderBytes, length);
}

// `looked_up`: the index's generation when the entry was found. If it has changed since, a failure may be no damage.
Task<Result<Bytes>> Stream::Impl::read_batch(TopicUuid topic, IndexEntry entry, uint64_t looked_up) {
  auto batch = co_await records.read_batch(topic, entry);
  if (!batch && batch.error().code == ErrorCode::corrupt && looked_up == index.generation()) {
    co_await note_damage(records.last_damage(), batch.error());
  }
  co_return batch;
}

Task<void> Stream::Impl::note_damage(ReadPlace place, Error error) {
  auto same = [&](const Damage& known) { return known.segment == place.segment && known.at == place.at; };
  if (damage.size() >= kDamageNotesMax || std::any_of(damage.begin(), damage.end(), same)) co_return;
  stream_upkeep_logger.warn("damage was met while reading; the stream is read-only from now on",
                            {{"stream", to_string(origin.stream)}, {"what", error.message}});
  damage.push_back({place.segment, place.at, 0, 0, std::move(error.message)});
  if (noting_damage) co_return;  // who is at it goes on until all is noted
  noting_damage = true;
  for (size_t noted = 0; noted < damage.size();) {
    noted = damage.size();
    Status saved = co_await damage_notes.save(damage);
    if (!saved) {
      stream_upkeep_logger.warn("the damage could not be noted beside the log",
                                {{"stream", to_string(origin.stream)}, {"why", saved.error().message}});
    }
  }
  noting_damage = false;
}

// A run that cannot be read any more is named, dropped, and its segments are indexed anew from the log.
Task<bool> Stream::Impl::reindex_damaged() {
  bool any = false;
  for (const IndexRunName& name : index.take_damaged()) {
    stream_upkeep_logger.warn("index is damaged and is being made again",
                              {{"stream", to_string(origin.stream)}, {"first", name.first}, {"last", name.last}});
    std::vector<SegmentNumber> lost = co_await index.discard_run(name);
    for (SegmentNumber segment : lost) {
      Status indexed = co_await Recovery::index_segment(*log, id, segment, state, index);
      if (!indexed)
        stream_upkeep_logger.warn("segment could not be indexed",
                                  {{"segment", segment}, {"why", indexed.error().message}});
      to_seal.push_back(segment);
    }
    any = true;
    upkeep_wanted.notify_all();
  }
  co_return any;
}

}  // namespace distributary
