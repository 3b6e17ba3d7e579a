#include "crash/ledger.h"

#include <fmt/core.h>

#include <algorithm>

namespace distributary::crash {

void Ledger::fault(uint32_t key, const std::string& what) {
  faults_.push_back(fmt::format("topic {} partition {}: {}", topic_of(key), partition_of_key(key), what));
}

void Ledger::take(const Message& message) {
  Partition& partition = partitions_[message.key];
  switch (message.about) {
    case About::sent_topic: topics_sent_.insert(topic_of(message.key)); break;
    case About::acked_topic: topics_acked_.insert(topic_of(message.key)); break;
    case About::sent_batch: partition.sent.insert(message.hash); break;
    case About::acked_batch:
      partition.acked[message.offset] = {message.hash, message.count};
      ++acked_batches_;
      break;
    case About::sent_trim: partition.trim_sent = std::max(partition.trim_sent, message.offset); break;
    case About::acked_trim: partition.trim_acked = std::max(partition.trim_acked, message.offset); break;
    case About::sent_cursor: partition.cursor_sent = std::max(partition.cursor_sent, message.offset); break;
    case About::acked_cursor: partition.cursor_acked = std::max(partition.cursor_acked, message.offset); break;
    case About::acked_chain:
      chain_lsn_ = message.offset;
      chain_hash_ = message.hash;
      break;
    case About::failed: fault(message.key, "the process says that it failed"); break;
    default: take_found(message);
  }
}

void Ledger::take_found(const Message& message) {
  switch (message.about) {
    case About::found_topic: found_.topics.insert(topic_of(message.key)); break;
    case About::found_batch:
      found_.partitions[message.key].batches.push_back({message.offset, {message.hash, message.count}});
      break;
    case About::found_end:
      found_.partitions[message.key].next = message.offset;
      found_.partitions[message.key].log_start = static_cast<int64_t>(message.hash);
      break;
    case About::found_cursor: found_.partitions[message.key].cursor = message.offset; break;
    case About::found_chain:
      found_.chain_lsn = message.offset;
      found_.chain_hash = message.hash;
      break;
    default: compare();
  }
}

void Ledger::compare() {
  for (uint32_t topic : topics_acked_) {
    if (!found_.topics.contains(topic)) fault(key_of(topic, 0), "the topic was acknowledged and is lost");
  }
  for (uint32_t topic : found_.topics) {
    if (!topics_sent_.contains(topic)) fault(key_of(topic, 0), "a topic is there that was never created");
    topics_acked_.insert(topic);
  }
  for (auto& [key, partition] : partitions_) {
    if (found_.topics.contains(topic_of(key))) compare_partition(key, partition, found_.partitions[key]);
  }
  bool chain_good = chain_lsn_ == 0 || (found_.chain_lsn == chain_lsn_ && found_.chain_hash == chain_hash_);
  if (!chain_good) fault(0, fmt::format("the chain hash after LSN {} is another one, or is lost", chain_lsn_));
}

void Ledger::compare_bounds(uint32_t key, const Partition& partition, const Found& found) {
  if (found.log_start < partition.trim_acked)
    fault(key, fmt::format("deleted records are back: log start {}, acknowledged {}", found.log_start,
                           partition.trim_acked));
  if (found.log_start > partition.trim_sent)
    fault(key, fmt::format("log start {}, but nobody asked for more than {}", found.log_start, partition.trim_sent));
  if (found.cursor < partition.cursor_acked)
    fault(key, fmt::format("cursor {}, acknowledged {}", found.cursor, partition.cursor_acked));
  if (found.cursor > partition.cursor_sent) fault(key, fmt::format("cursor {} was never committed", found.cursor));
}

void Ledger::compare_partition(uint32_t key, Partition& partition, const Found& found) {
  compare_bounds(key, partition, found);
  std::map<int64_t, Batch> there;
  int64_t end = -1;
  for (const auto& [offset, batch] : found.batches) {
    if (end >= 0 && offset != end) fault(key, fmt::format("offset {} follows {}", offset, end));
    if (end < 0 && offset > found.log_start)
      fault(key, fmt::format("begins at {}, log start is {}", offset, found.log_start));
    if (!partition.sent.contains(batch.hash)) fault(key, fmt::format("the batch at {} was never sent", offset));
    end = offset + static_cast<int64_t>(batch.count);
    there[offset] = batch;
    ++checked_batches_;
  }
  if (end >= 0 && end != found.next) fault(key, fmt::format("batches end at {}, the partition at {}", end, found.next));
  for (const auto& [offset, batch] : partition.acked) {
    int64_t batch_end = offset + static_cast<int64_t>(batch.count);
    if (batch_end <= found.log_start) continue;  // deleted
    auto same = there.find(offset);
    if (same == there.end()) fault(key, fmt::format("the batch at {} was acknowledged and is lost", offset));
    if (same != there.end() && same->second != batch)
      fault(key, fmt::format("the batch at {} was acknowledged and has changed", offset));
  }
  // What a process has been able to read may never go away again.
  partition.acked.insert(there.begin(), there.end());
}

}  // namespace distributary::crash
