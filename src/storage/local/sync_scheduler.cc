#include "storage/local/sync_scheduler.h"

#include <iterator>

namespace distributary {

Task<Status> SyncScheduler::sync(std::vector<std::shared_ptr<File>> files, std::string directory) {
  auto ticket = std::make_shared<Ticket>(executor_);
  ticket->left = files.size() + (directory.empty() ? 0 : 1);
  if (ticket->left == 0) co_return Status{};
  for (std::shared_ptr<File>& file : files) waiting_.push_back(Item{std::move(file), {}, ticket});
  if (!directory.empty()) waiting_.push_back(Item{nullptr, std::move(directory), ticket});
  start_waiting();
  while (ticket->left > 0) {
    CO_TRY_STATUS(co_await ticket->done.wait());
  }
  co_return ticket->status;
}

void SyncScheduler::start_waiting() {
  while (!waiting_.empty() && running_ < kParallelSyncs) {
    if (waiting_.size() > kManyFiles) {
      std::vector<Item> items(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
      waiting_.clear();
      running_ += kParallelSyncs;
      scope_.spawn(sync_whole(std::move(items)));
      continue;
    }
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    scope_.spawn(sync_one(std::move(item)));
  }
}

Task<void> SyncScheduler::sync_one(Item item) {
  ++single_syncs_;
  Status status;
  if (item.file) {
    status = co_await item.file->sync();
  } else {
    status = co_await files_.sync_directory(item.directory);
  }
  --running_;
  finish(item, status);
  start_waiting();
}

Task<void> SyncScheduler::sync_whole(std::vector<Item> items) {
  ++whole_syncs_;
  Status status = co_await files_.sync_all(root_);
  running_ -= kParallelSyncs;
  for (Item& item : items) finish(item, status);
  start_waiting();
}

void SyncScheduler::finish(Item& item, const Status& status) {
  if (!status && item.ticket->status) item.ticket->status = status;
  if (--item.ticket->left == 0) item.ticket->done.notify_all();
}

}  // namespace distributary
