#include "tests/simulation/world.h"

#include <cstdio>

namespace penstock::simulation {

void World::After(absl::Duration delay, Closure closure) {
  if (over) return;
  queue_.emplace(std::make_pair(now_ + delay, random_()), std::move(closure));
}

bool World::Step() {
  if (queue_.empty()) return false;
  auto first = queue_.extract(queue_.begin());
  now_ = std::max(now_, first.key().first);
  std::move(first.mapped())();
  return true;
}

std::string World::Bytes(size_t count) {
  std::string bytes(count, '\0');
  for (char& c : bytes) c = static_cast<char>(random_());
  return bytes;
}

bool World::Chance(double probability) {
  return std::uniform_real_distribution<double>(0, 1)(random_) < probability;
}

absl::Duration World::SomeDelay() {
  if (stormy_ && Chance(0.03)) return absl::Milliseconds(Below(20'000));
  return absl::Milliseconds(Below(30));
}

void World::Violate(const std::string& what) {
  Trace("VIOLATION: " + what);
  if (violation_.empty()) violation_ = what;
}

void World::Trace(const std::string& what) {
  if (!tracing) return;
  const absl::Duration since = now_ - absl::FromUnixSeconds(1'700'000'000);
  std::fprintf(stderr, "%12.3f  %s\n", absl::ToDoubleSeconds(since), what.c_str());
}

void ServerExecutor::PostAfter(absl::Duration delay, Closure closure) {
  if (crashed_ || world_.over) {
    if (delay == absl::ZeroDuration()) dead_.push_back(std::move(closure));
    return;
  }
  world_.After(delay, [this, closure = std::move(closure)]() mutable {
    if (crashed_) {
      dead_.push_back(std::move(closure));
    } else {
      std::move(closure)();
    }
  });
}

void ServerExecutor::Bury() {
  while (!dead_.empty()) {
    std::vector<Closure> closures = std::exchange(dead_, {});
    for (Closure& closure : closures) std::move(closure)();
  }
}

}  // namespace penstock::simulation
