#include "broker/assignor.h"

#include <numeric>

namespace distributary {
namespace {

constexpr int32_t kNobody = -1;

// The partitions of all topics under dense numbers, and who owns each.
class Board {
 public:
  explicit Board(const AssignmentTask& task)
      : task_(task), load_(task.members.size()), subscribers_(task.topics.size()) {
    for (const auto& [id, partitions] : task.topics) {
      topics_.push_back({id, partitions, owners_.size()});
      owners_.resize(owners_.size() + partitions, kNobody);
    }
    for (size_t member = 0; member < task.members.size(); ++member) {
      for (const TopicUuid& id : task.members[member].topics) {
        if (auto topic = find(id)) subscribers_[*topic].push_back(static_cast<int32_t>(member));
      }
    }
  }

  struct TopicPlace {
    TopicUuid id;
    uint32_t partitions;
    size_t first;  // number of its partition 0
  };
  const std::vector<TopicPlace>& topics() const { return topics_; }
  const std::vector<int32_t>& subscribers(size_t topic) const { return subscribers_[topic]; }
  size_t partition_count() const { return owners_.size(); }
  size_t member_count() const { return load_.size(); }
  int32_t owner(size_t partition) const { return owners_[partition]; }
  size_t load(int32_t member) const { return load_[static_cast<size_t>(member)]; }

  void give(size_t partition, int32_t member) {
    if (owners_[partition] != kNobody) --load_[static_cast<size_t>(owners_[partition])];
    owners_[partition] = member;
    if (member != kNobody) ++load_[static_cast<size_t>(member)];
  }
  // Members keep what they have and may still have.
  void keep_current() {
    for (size_t member = 0; member < task_.members.size(); ++member) {
      const AssignmentTask::Member& asked = task_.members[member];
      for (const TopicPartition& place : asked.current) {
        if (!std::ranges::binary_search(asked.topics, place.topic)) continue;
        auto topic = find(place.topic);
        if (!topic || place.partition >= topics_[*topic].partitions) continue;
        const size_t partition = topics_[*topic].first + place.partition;
        if (owners_[partition] == kNobody) give(partition, static_cast<int32_t>(member));
      }
    }
  }
  // Sorted, because topics and partitions are numbered in order.
  std::vector<PartitionSet> result() const {
    std::vector<PartitionSet> out(load_.size());
    for (const TopicPlace& topic : topics_) {
      for (uint32_t i = 0; i < topic.partitions; ++i) {
        const int32_t member = owners_[topic.first + i];
        if (member != kNobody) out[static_cast<size_t>(member)].push_back({topic.id, i});
      }
    }
    return out;
  }

 private:
  std::optional<size_t> find(const TopicUuid& id) const {
    auto topic = std::ranges::lower_bound(topics_, id, {}, &TopicPlace::id);
    if (topic == topics_.end() || topic->id != id) return std::nullopt;
    return static_cast<size_t>(topic - topics_.begin());
  }

  const AssignmentTask& task_;
  std::vector<TopicPlace> topics_;  // sorted by id
  std::vector<int32_t> owners_;
  std::vector<size_t> load_;
  std::vector<std::vector<int32_t>> subscribers_;  // by topic
};

bool all_subscribe_to_the_same(const AssignmentTask& task) {
  return std::ranges::all_of(task.members,
                             [&task](const auto& member) { return member.topics == task.members.front().topics; });
}

// How many partitions each member is to have. The odd ones go to those who have most, so that least moves.
std::vector<size_t> quotas(const Board& board, size_t partitions) {
  std::vector<int32_t> order(board.member_count());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&board](int32_t a, int32_t b) { return board.load(a) > board.load(b); });
  std::vector<size_t> quota(board.member_count(), partitions / board.member_count());
  for (size_t i = 0; i < partitions % board.member_count(); ++i) ++quota[static_cast<size_t>(order[i])];
  return quota;
}

// All subscribe to the same topics: those who have too much give the rest up, and what nobody has is dealt out in turn.
void share_equally(Board& board) {
  size_t partitions = 0;
  for (size_t topic = 0; topic < board.topics().size(); ++topic) {
    if (!board.subscribers(topic).empty()) partitions += board.topics()[topic].partitions;
  }
  const std::vector<size_t> quota = quotas(board, partitions);
  for (size_t partition = board.partition_count(); partition-- > 0;) {
    const int32_t owner = board.owner(partition);
    if (owner != kNobody && board.load(owner) > quota[static_cast<size_t>(owner)]) board.give(partition, kNobody);
  }
  int32_t next = 0;
  const auto members = static_cast<int32_t>(board.member_count());
  for (size_t topic = 0; topic < board.topics().size(); ++topic) {
    if (board.subscribers(topic).empty()) continue;
    const Board::TopicPlace& place = board.topics()[topic];
    for (size_t partition = place.first; partition < place.first + place.partitions; ++partition) {
      if (board.owner(partition) != kNobody) continue;
      while (board.load(next) >= quota[static_cast<size_t>(next)]) next = (next + 1) % members;
      board.give(partition, next);
      next = (next + 1) % members;
    }
  }
}

int32_t least_loaded(const Board& board, size_t topic) {
  return *std::ranges::min_element(board.subscribers(topic), {}, [&board](int32_t m) { return board.load(m); });
}

// What nobody has goes to the subscriber with least; topics with few subscribers first, for they have less choice.
void place_unowned(Board& board) {
  std::vector<size_t> order(board.topics().size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&board](size_t topic) { return board.subscribers(topic).size(); });
  for (size_t topic : order) {
    if (board.subscribers(topic).empty()) continue;
    const Board::TopicPlace& place = board.topics()[topic];
    for (size_t partition = place.first; partition < place.first + place.partitions; ++partition) {
      if (board.owner(partition) == kNobody) board.give(partition, least_loaded(board, topic));
    }
  }
}

// Moves partitions from members with much to members with at least two fewer, those with most first, until no move is
// left that helps.
class Balance {
 public:
  explicit Balance(Board& board) : board_(board), owned_(board.member_count()) {
    for (size_t topic = 0; topic < board.topics().size(); ++topic) {
      const Board::TopicPlace& place = board.topics()[topic];
      for (size_t partition = place.first; partition < place.first + place.partitions; ++partition) {
        if (board.owner(partition) == kNobody) continue;
        owned_[static_cast<size_t>(board.owner(partition))][topic].push_back(partition);
      }
    }
  }
  void run() {
    bool moved = true;
    while (moved && steps_ < kBalanceStepsMax) {
      moved = false;
      steps_ += board_.member_count();
      std::vector<int32_t> order(board_.member_count());
      std::iota(order.begin(), order.end(), 0);
      std::ranges::stable_sort(order, [this](int32_t a, int32_t b) { return board_.load(a) > board_.load(b); });
      for (int32_t member : order) {
        // One at a time: then somebody else may have most.
        if (move_one(member)) {
          moved = true;
          break;
        }
      }
    }
  }

 private:
  bool move_one(int32_t from) {
    auto& topics = owned_[static_cast<size_t>(from)];
    int32_t best = kNobody;
    size_t best_topic = 0;
    for (const auto& [topic, partitions] : topics) {
      steps_ += board_.subscribers(topic).size();
      const int32_t to = least_loaded(board_, topic);
      if (best != kNobody && board_.load(to) >= board_.load(best)) continue;
      best = to;
      best_topic = topic;
    }
    if (best == kNobody || board_.load(from) < board_.load(best) + 2) return false;
    std::vector<size_t>& partitions = topics[best_topic];
    const size_t partition = partitions.back();
    partitions.pop_back();
    if (partitions.empty()) topics.erase(best_topic);
    owned_[static_cast<size_t>(best)][best_topic].push_back(partition);
    board_.give(partition, best);
    return true;
  }

  Board& board_;
  std::vector<std::map<size_t, std::vector<size_t>>> owned_;  // by member: topic -> partitions
  uint64_t steps_ = 0;
};

void assign_ranges(Board& board) {
  for (size_t topic = 0; topic < board.topics().size(); ++topic) {
    const std::vector<int32_t>& members = board.subscribers(topic);
    if (members.empty()) continue;
    const Board::TopicPlace& place = board.topics()[topic];
    const size_t each = place.partitions / members.size();
    const size_t odd = place.partitions % members.size();
    size_t partition = place.first;
    for (size_t i = 0; i < members.size(); ++i) {
      const size_t end = partition + each + (i < odd ? 1 : 0);
      while (partition < end) board.give(partition++, members[i]);
    }
  }
}

}  // namespace

std::string_view to_string(Assignor assignor) { return assignor == Assignor::uniform ? "uniform" : "range"; }

std::optional<Assignor> parse_assignor(std::string_view name) {
  if (name == "uniform") return Assignor::uniform;
  if (name == "range") return Assignor::range;
  return std::nullopt;
}

std::vector<PartitionSet> assign(Assignor assignor, const AssignmentTask& task) {
  if (task.members.empty()) return {};
  Board board(task);
  if (assignor == Assignor::range) {
    assign_ranges(board);
    return board.result();
  }
  board.keep_current();
  if (all_subscribe_to_the_same(task)) {
    share_equally(board);
  } else {
    place_unowned(board);
    Balance(board).run();
  }
  return board.result();
}

}  // namespace distributary
