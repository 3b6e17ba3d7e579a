#include "broker/assignor.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

namespace distributary {
namespace {

TopicUuid topic(uint8_t number) { return Uuid::from_random({number}); }

// Every partition that somebody subscribes to has exactly one owner, and that one subscribes to its topic.
void expect_complete(const AssignmentTask& task, const std::vector<PartitionSet>& result) {
  ASSERT_EQ(result.size(), task.members.size());
  std::set<TopicPartition> seen;
  for (size_t i = 0; i < result.size(); ++i) {
    EXPECT_TRUE(std::ranges::is_sorted(result[i]));
    for (const TopicPartition& partition : result[i]) {
      EXPECT_TRUE(seen.insert(partition).second) << "two owners";
      EXPECT_TRUE(std::ranges::binary_search(task.members[i].topics, partition.topic)) << "not subscribed";
      ASSERT_TRUE(task.topics.contains(partition.topic));
      EXPECT_LT(partition.partition, task.topics.at(partition.topic));
    }
  }
  size_t expected = 0;
  for (const auto& [id, partitions] : task.topics) {
    const bool wanted = std::ranges::any_of(
        task.members, [&topic = id](const auto& member) { return std::ranges::binary_search(member.topics, topic); });
    if (wanted) expected += partitions;
  }
  EXPECT_EQ(seen.size(), expected);
}

size_t moved(const AssignmentTask& task, const std::vector<PartitionSet>& result) {
  size_t count = 0;
  for (size_t i = 0; i < result.size(); ++i) count += difference(result[i], task.members[i].current).size();
  return count;
}

std::pair<size_t, size_t> extremes(const std::vector<PartitionSet>& result) {
  const auto [least, most] = std::ranges::minmax_element(result, {}, &PartitionSet::size);
  return {least->size(), most->size()};
}

// The least number of partitions that must go to another owner so that all have the same number, give or take one.
size_t fewest_moves(const AssignmentTask& task) {
  size_t partitions = 0;
  for (const auto& [id, count] : task.topics) partitions += count;
  std::vector<size_t> kept;
  for (const auto& member : task.members) {
    kept.push_back(static_cast<size_t>(std::ranges::count_if(member.current, [&](const TopicPartition& p) {
      return task.topics.contains(p.topic) && p.partition < task.topics.at(p.topic);
    })));
  }
  std::ranges::sort(kept, std::greater<>());
  const size_t quota = partitions / kept.size();
  const size_t odd = partitions % kept.size();
  size_t staying = 0;
  for (size_t i = 0; i < kept.size(); ++i) staying += std::min(kept[i], quota + (i < odd ? 1 : 0));
  return partitions - staying;
}

AssignmentTask same_topics(size_t members, std::map<TopicUuid, uint32_t> topics) {
  AssignmentTask task;
  task.topics = std::move(topics);
  std::vector<TopicUuid> ids;
  for (const auto& [id, count] : task.topics) ids.push_back(id);
  task.members.assign(members, {ids, {}});
  return task;
}

TEST(Assignor, NamesAreTheProtocols) {
  EXPECT_EQ(parse_assignor("uniform"), Assignor::uniform);
  EXPECT_EQ(parse_assignor("range"), Assignor::range);
  EXPECT_EQ(parse_assignor("roundrobin"), std::nullopt);
  EXPECT_EQ(to_string(Assignor::range), "range");
}

TEST(Assignor, NobodyGetsNothing) { EXPECT_TRUE(assign(Assignor::uniform, {}).empty()); }

TEST(Assignor, WhatDoesNotExistIsNotGiven) {
  AssignmentTask task = same_topics(1, {});
  task.members[0].topics = {topic(1)};
  task.members[0].current = {{topic(1), 0}};
  EXPECT_TRUE(assign(Assignor::uniform, task)[0].empty());
  EXPECT_TRUE(assign(Assignor::range, task)[0].empty());
}

TEST(Assignor, UniformIsBalancedAndMovesNoMoreThanItMust) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::map<TopicUuid, uint32_t> topics;
    for (uint8_t i = 0; i < 1 + random() % 4; ++i) topics[topic(i)] = 1 + random() % 9;
    AssignmentTask task = same_topics(1 + random() % 6, topics);
    // As left by an earlier life of the group: some partitions owned unevenly, some by nobody, some gone since.
    for (const auto& [id, count] : topics) {
      for (uint32_t i = 0; i < count + 2; ++i) {
        if (random() % 4 != 0) task.members[random() % task.members.size()].current.push_back({id, i});
      }
    }
    for (auto& member : task.members) make_set(member.current);
    std::vector<PartitionSet> result = assign(Assignor::uniform, task);
    expect_complete(task, result);
    const auto [least, most] = extremes(result);
    EXPECT_LE(most - least, 1u);
    EXPECT_EQ(moved(task, result), fewest_moves(task)) << "round " << round;
  }
}

TEST(Assignor, UniformLeavesABalancedGroupAlone) {
  AssignmentTask task = same_topics(3, {{topic(1), 7}, {topic(2), 4}});
  std::vector<PartitionSet> first = assign(Assignor::uniform, task);
  for (size_t i = 0; i < 3; ++i) task.members[i].current = first[i];
  EXPECT_EQ(assign(Assignor::uniform, task), first);
}

TEST(Assignor, UniformWithDifferentSubscriptionsIsAsEvenAsSingleMovesCanMakeIt) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    AssignmentTask task;
    for (uint8_t i = 0; i < 1 + random() % 5; ++i) task.topics[topic(i)] = 1 + random() % 8;
    task.members.resize(2 + random() % 5);
    for (auto& member : task.members) {
      for (const auto& [id, count] : task.topics) {
        if (random() % 2 == 0) member.topics.push_back(id);
      }
    }
    std::vector<PartitionSet> result = assign(Assignor::uniform, task);
    expect_complete(task, result);
    for (size_t from = 0; from < result.size(); ++from) {
      for (const TopicPartition& partition : result[from]) {
        for (size_t to = 0; to < result.size(); ++to) {
          if (!std::ranges::binary_search(task.members[to].topics, partition.topic)) continue;
          EXPECT_LE(result[from].size(), result[to].size() + 1) << "round " << round;
        }
      }
    }
    for (size_t i = 0; i < result.size(); ++i) task.members[i].current = result[i];
    EXPECT_EQ(moved(task, assign(Assignor::uniform, task)), 0u);
  }
}

TEST(Assignor, RangeGivesTheSameNumbersOfEveryTopic) {
  AssignmentTask task = same_topics(3, {{topic(1), 7}, {topic(2), 7}});
  std::vector<PartitionSet> result = assign(Assignor::range, task);
  expect_complete(task, result);
  for (const PartitionSet& member : result) {
    std::vector<uint32_t> numbers[2];
    for (const TopicPartition& partition : member)
      numbers[partition.topic == topic(1) ? 0 : 1].push_back(partition.partition);
    EXPECT_EQ(numbers[0], numbers[1]);
    EXPECT_EQ(numbers[0].back() - numbers[0].front() + 1, numbers[0].size());
  }
  EXPECT_EQ(result[0].size(), 6u);
  EXPECT_EQ(result[2].size(), 4u);
}

TEST(Assignor, RangeWithMoreMembersThanPartitionsLeavesSomeIdle) {
  AssignmentTask task = same_topics(4, {{topic(1), 2}});
  std::vector<PartitionSet> result = assign(Assignor::range, task);
  expect_complete(task, result);
  EXPECT_TRUE(result[3].empty());
}

TEST(Assignor, ManyMembersAndPartitionsAreAFewMilliseconds) {
  AssignmentTask task;
  for (uint8_t i = 0; i < 100; ++i) task.topics[topic(i)] = 100;
  for (size_t i = 0; i < 500; ++i) {
    auto& member = task.members.emplace_back();
    for (const auto& [id, count] : task.topics) {
      if (id != topic(static_cast<uint8_t>(i % 100))) member.topics.push_back(id);
    }
  }
  std::vector<PartitionSet> result = assign(Assignor::uniform, task);
  expect_complete(task, result);
  const auto [least, most] = extremes(result);
  EXPECT_LE(most - least, 1u);
}

}  // namespace
}  // namespace distributary
