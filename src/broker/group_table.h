// GroupTable: the groups of one kind (Group, ConsumerGroup) by id, each with one timer for whatever it has to do next.
//
// Threads: the executor's. Ownership: GroupCoordinator and ConsumerGroups.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "io/executor.h"

namespace distributary {

template <class G>
class GroupTable {
 public:
  using Listener = std::function<void(const std::string& id)>;
  // `emptied` is called when the last member of a group has gone; `changed`, when a snapshot of it would be another:
  // it may erase the group.
  GroupTable(Executor& executor, Listener emptied, Listener changed)
      : executor_(executor), emptied_(std::move(emptied)), changed_(std::move(changed)) {}
  GroupTable(const GroupTable&) = delete;
  GroupTable& operator=(const GroupTable&) = delete;
  ~GroupTable() {
    for (auto& [id, slot] : slots_) {
      if (slot.timer != 0) executor_.cancel_timer(slot.timer);
    }
  }

  G* find(const std::string& id) {
    auto found = slots_.find(id);
    return found == slots_.end() ? nullptr : found->second.group.get();
  }
  const G* find(const std::string& id) const { return const_cast<GroupTable*>(this)->find(id); }
  G& add(std::unique_ptr<G> group) {
    Slot& slot = slots_[group->id()];
    slot.group = std::move(group);
    return *slot.group;
  }
  void erase(const std::string& id) {
    auto found = slots_.find(id);
    if (found == slots_.end()) return;
    if (found->second.timer != 0) executor_.cancel_timer(found->second.timer);
    slots_.erase(found);
  }
  // After anything was done to a group: its timer, or its end.
  void settle(const std::string& id) {
    auto found = slots_.find(id);
    if (found == slots_.end()) return;
    if (found->second.group->take_changed()) {
      changed_(id);
      found = slots_.find(id);
      if (found == slots_.end()) return;
    }
    Slot& slot = found->second;
    const bool has_members = !slot.group->members().empty();
    if (std::exchange(slot.had_members, has_members) && !has_members) emptied_(id);
    if (slot.group->disposable()) return erase(id);
    const SteadyTime next = slot.group->next_tick();
    if (slot.timer != 0 && slot.timer_at <= next) return;
    if (slot.timer != 0) executor_.cancel_timer(std::exchange(slot.timer, 0));
    if (next == kNever) return;
    slot.timer_at = next;
    slot.timer = executor_.call_at(next, [this, id] {
      auto due = slots_.find(id);
      if (due == slots_.end()) return;
      due->second.timer = 0;
      due->second.group->tick();
      settle(id);
    });
  }
  size_t size() const { return slots_.size(); }
  template <class Body>
  void for_each(Body body) const {
    for (const auto& [id, slot] : slots_) body(*slot.group);
  }

 private:
  struct Slot {
    std::unique_ptr<G> group;
    Executor::TimerId timer = 0;
    SteadyTime timer_at = kNever;
    bool had_members = false;
  };
  Executor& executor_;
  Listener emptied_;
  Listener changed_;
  boost::unordered_flat_map<std::string, Slot> slots_;
};

}  // namespace distributary
