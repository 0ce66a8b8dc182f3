#ifndef PENSTOCK_TESTS_SIMULATION_WORLD_H_
#define PENSTOCK_TESTS_SIMULATION_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/random.h"

namespace penstock::simulation {

// One simulated run: virtual time, one queue of events, one source of randomness. Two runs with one
// seed are the same. Not thread-safe: everything happens in Run.
class World final : public Clock, public RandomSource {
 public:
  explicit World(uint64_t seed) : random_(seed) {}

  // Runs `closure` after `delay`; among closures that are due at one moment a random one comes
  // first.
  void After(absl::Duration delay, Closure closure);

  // The next event. False: there is none.
  bool Step();

  absl::Time Now() const override { return now_; }
  std::string Bytes(size_t count) override;

  // A number from 0 to bound - 1.
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool Chance(double probability);
  // How long something takes: mostly little, at times much.
  absl::Duration SomeDelay();

  // Faults happen only while the world is stormy; then it calms down, and everything must come to
  // its end.
  bool stormy() const { return stormy_; }
  void CalmDown() { stormy_ = false; }

  // Notes that an invariant does not hold. The first violation is kept.
  void Violate(const std::string& what);
  const std::string& violation() const { return violation_; }

  // What happened, for the reader of a failed run; kept only while tracing.
  void Trace(const std::string& what);
  bool tracing = false;

  // After the run nothing that is called has an effect any more: what is left is only taken apart.
  bool over = false;

 private:
  std::mt19937_64 random_;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  bool stormy_ = true;
  std::string violation_;
  std::map<std::pair<absl::Time, uint64_t>, Closure> queue_;
};

// The threads of one life of a server process. After Crash nothing runs on it any more.
class ServerExecutor final : public Executor {
 public:
  explicit ServerExecutor(World& world) : world_(world) {}
  void Post(Closure closure) override { PostAfter(absl::ZeroDuration(), std::move(closure)); }
  void PostAfter(absl::Duration delay, Closure closure) override;
  void Crash() { crashed_ = true; }
  bool crashed() const { return crashed_; }

  // Runs what the crash left, once the world is over: it takes apart what would otherwise keep
  // itself alive.
  void Bury();

 private:
  World& world_;
  bool crashed_ = false;
  std::vector<Closure> dead_;
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_WORLD_H_
