#include "base/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace penstock {
namespace {

using testing::ElementsAre;

std::vector<std::string> PopAll(FairQueue<std::string>& queue) {
  std::vector<std::string> items;
  while (!queue.empty()) items.push_back(queue.Pop());
  return items;
}

TEST(FairQueueTest, OneFlowIsServedInItsOrder) {
  FairQueue<std::string> queue;
  for (const char* item : {"1", "2", "3"}) queue.Push("a", item);
  EXPECT_THAT(PopAll(queue), ElementsAre("1", "2", "3"));
}

TEST(FairQueueTest, FlowsTakeTurns) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "a2", "a3"}) queue.Push("a", item);
  for (const char* item : {"b1", "b2"}) queue.Push("b", item);
  queue.Push("c", "c1");
  EXPECT_THAT(PopAll(queue), ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
}

TEST(FairQueueTest, AFlowThatComesBackHasNoTurnBeforeTheOthers) {
  FairQueue<std::string> queue;
  queue.Push("a", "a1");
  queue.Push("b", "b1");
  EXPECT_EQ(queue.Pop(), "a1");
  queue.Push("a", "a2");
  EXPECT_THAT(PopAll(queue), ElementsAre("b1", "a2"));
}

TEST(FairQueueTest, HoldsWhatCanOnlyBeMoved) {
  FairQueue<std::unique_ptr<int>> queue;
  queue.Push("a", std::make_unique<int>(7));
  EXPECT_EQ(*queue.Pop(), 7);
}

// One fast stream with all the parts that it may have, and a hundred slow ones with one each.
TEST(FairQueueTest, TheHundredthWaitsForOneOfEachOther) {
  constexpr int kSlow = 100;
  FairQueue<std::string> queue;
  for (int i = 0; i < 16; ++i) queue.Push("fast", "fast");
  for (int i = 0; i < kSlow; ++i) queue.Push("slow" + std::to_string(i), "slow");
  const std::vector<std::string> order = PopAll(queue);
  EXPECT_EQ(std::count(order.begin(), order.begin() + kSlow + 1, "fast"), 1);
}

}  // namespace
}  // namespace penstock
