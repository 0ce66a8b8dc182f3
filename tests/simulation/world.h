#ifndef PENSTOCK_TESTS_SIMULATION_WORLD_H_
#define PENSTOCK_TESTS_SIMULATION_WORLD_H_

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/forward_time.h"
#include "base/random.h"

namespace penstock::simulation {

// One simulated run: virtual time, one queue of events, one source of randomness. Two runs with one
// seed are the same. Not thread-safe: everything happens in Step.
class World final : public Clock, public RandomSource {
 public:
  explicit World(uint64_t seed) : random_(seed) {}

  // Runs `closure` after `delay`; among closures that are due at one moment a random one comes
  // first.
  void After(absl::Duration delay, Closure closure);

  // The next event. False: there is none.
  bool Step();

  absl::Time Now() const override { return now_; }
  absl::Duration Elapsed() const { return now_ - kStart; }
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

  // What happened, for the reader of a failed run; made only while tracing.
  template <typename... Pieces>
  void Trace(const Pieces&... pieces) {
    if (tracing) Print(absl::StrCat(pieces...));
  }
  bool tracing = false;

  // After the run nothing that is called has an effect any more: what is left is only taken apart.
  bool over = false;

 private:
  static constexpr absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

  struct Event {
    absl::Time time;
    uint64_t order;
    Closure closure;
    bool operator<(const Event& other) const {  // a heap has the greatest first
      return std::pair(time, order) > std::pair(other.time, other.order);
    }
  };

  void Print(const std::string& what);

  std::mt19937_64 random_;
  absl::Time now_ = kStart;
  bool stormy_ = true;
  std::string violation_;
  std::vector<Event> queue_;  // a heap
};

// The clock of a machine, which is sometimes set back; read as servers read theirs.
class ServerClock final : public Clock {
 public:
  explicit ServerClock(const World& world) : world_(world) {}
  absl::Time Now() const override { return time_.Next(world_.Now() - lag_, world_.Elapsed()); }
  void SetBack(absl::Duration by) { lag_ += by; }

 private:
  const World& world_;
  absl::Duration lag_;
  mutable ForwardTime time_;
};

// The threads of one life of a server process. It may pause, and it may crash: after that nothing
// runs on it any more.
class ServerExecutor final : public Executor {
 public:
  explicit ServerExecutor(World& world) : world_(world) {}
  void Post(Closure closure) override { PostAfter(absl::ZeroDuration(), std::move(closure)); }
  void PostAfter(absl::Duration delay, Closure closure) override;

  // Stops everything, as SIGSTOP would, and goes on later: what it then does is late.
  void Pause(absl::Duration duration);
  void Crash() { crashed_ = true; }
  bool crashed() const { return crashed_; }

  // Runs what the crash left, once the world is over: it takes apart what would otherwise keep
  // itself alive.
  void Bury();

 private:
  void RunOrWait(Closure closure);

  World& world_;
  absl::Time paused_until_ = absl::InfinitePast();
  bool crashed_ = false;
  std::vector<Closure> dead_;
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_WORLD_H_
