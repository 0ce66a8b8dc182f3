#ifndef PENSTOCK_BASE_FAIR_QUEUE_H_
#define PENSTOCK_BASE_FAIR_QUEUE_H_

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

namespace penstock {

// A queue of many flows that take turns: within a flow first come, first served, and between two
// items of one flow every other flow that waits has one. So an item waits for at most one item of
// each other flow, for itself and for each of its own flow before it, however many these have.
// Not synchronized.
template <typename T>
class FairQueue {
 public:
  bool empty() const { return turns_.empty(); }

  void Push(const std::string& flow, T item) {
    std::deque<T>& items = flows_[flow];
    if (items.empty()) turns_.push_back(flow);
    items.push_back(std::move(item));
  }

  // REQUIRES: not empty.
  T Pop() {
    std::string flow = std::move(turns_.front());
    turns_.pop_front();
    const auto found = flows_.find(flow);
    T item = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) {
      flows_.erase(found);
    } else {
      turns_.push_back(std::move(flow));
    }
    return item;
  }

 private:
  std::unordered_map<std::string, std::deque<T>> flows_;  // none is empty
  std::deque<std::string> turns_;                         // every flow once, the next one first
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_FAIR_QUEUE_H_
