#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdio>

namespace penstock::simulation {

void World::After(absl::Duration delay, Closure closure) {
  if (over) return;
  queue_.push_back({now_ + delay, random_(), std::move(closure)});
  std::push_heap(queue_.begin(), queue_.end());
}

bool World::Step() {
  if (queue_.empty()) return false;
  std::pop_heap(queue_.begin(), queue_.end());
  Event first = std::move(queue_.back());
  queue_.pop_back();
  now_ = std::max(now_, first.time);
  std::move(first.closure)();
  return true;
}

std::string World::Bytes(size_t count) {
  std::string bytes(count, '\0');
  for (char& c : bytes) c = static_cast<char>(random_());
  return bytes;
}

bool World::Chance(double probability) {
  return static_cast<double>(random_() >> 11) * 0x1p-53 < probability;
}

absl::Duration World::SomeDelay() {
  if (stormy_ && Chance(0.03)) return absl::Milliseconds(Below(20'000));
  return absl::Milliseconds(Below(30));
}

void World::Violate(const std::string& what) {
  Trace("VIOLATION: ", what);
  if (violation_.empty()) violation_ = what;
}

void World::Print(const std::string& what) {
  std::fprintf(stderr, "%12.3f  %s\n", absl::ToDoubleSeconds(Elapsed()), what.c_str());
}

void ServerExecutor::PostAfter(absl::Duration delay, Closure closure) {
  if (crashed_ || world_.over) {
    if (delay == absl::ZeroDuration()) dead_.push_back(std::move(closure));
    return;
  }
  world_.After(delay,
               [this, closure = std::move(closure)]() mutable { RunOrWait(std::move(closure)); });
}

void ServerExecutor::RunOrWait(Closure closure) {
  if (crashed_) {
    dead_.push_back(std::move(closure));
  } else if (world_.Now() < paused_until_) {
    world_.After(paused_until_ - world_.Now(),
                 [this, closure = std::move(closure)]() mutable { RunOrWait(std::move(closure)); });
  } else {
    std::move(closure)();
  }
}

void ServerExecutor::Pause(absl::Duration duration) {
  paused_until_ = std::max(paused_until_, world_.Now() + duration);
}

void ServerExecutor::Bury() {
  while (!dead_.empty()) {
    std::vector<Closure> closures = std::exchange(dead_, {});
    for (Closure& closure : closures) std::move(closure)();
  }
}

}  // namespace penstock::simulation
