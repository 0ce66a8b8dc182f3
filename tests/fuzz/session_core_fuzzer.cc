// The session core under random events: two Sessions at most, one stored session by the real rules
// of the store, and strangers that write to it. The input decides what happens next; any order,
// loss and failure may come, but an answer only to a call that was made. What must hold:
// core_watch.h (of one Session), core_shared.h (of all), CoreActor::Quiesce and WindUp (each comes
// to an end).

#include <memory>

#include "tests/fuzz/core_actor.h"
#include "tests/fuzz/core_choices.h"
#include "tests/fuzz/core_shared.h"
#include "tests/fuzz/core_stranger.h"

namespace penstock::fuzz {
namespace {

constexpr absl::Duration kSteps[] = {absl::Milliseconds(100), absl::Seconds(5), absl::Seconds(61),
                                     absl::Minutes(11), absl::Hours(50)};

// A small world: parts of 2 to 64 bytes, two at a time, chunks of at most 32 bytes, few numbers.
SessionConfig MakeConfig(int choice) {
  Capabilities capabilities;
  capabilities.min_part_size = 2;
  capabilities.max_part_size = 64;
  capabilities.max_part_count = choice % 2 == 0 ? 10'000 : 12;
  capabilities.max_object_size = 1 << 20;
  capabilities.max_put_size = choice % 4 < 2 ? 1 << 20 : 8;
  capabilities.reports_crc64 = true;
  SessionConfig config;
  config.remotes["remote"] = capabilities;
  config.memory_budget = 512;
  config.slab_bytes = 16;
  config.default_parallel_parts = 2;
  config.max_parallel_parts = 4;
  config.max_chunk_bytes = 32;
  config.claims_per_minute = choice % 8 < 4 ? 1000 : 3;
  if (choice % 16 >= 8) config.linger = absl::ZeroDuration();
  return config;
}

class World {
 public:
  explicit World(Choices& choices) : choices_(choices), config_(MakeConfig(choices.Byte())) {
    shared_.grants_at_once = choices.Below(2) == 0;
    Start(actors_[0], true);
  }

  void Run() {
    while (!choices_.empty()) Step();
    others_memory_ = MemoryLease();
    for (auto& actor : actors_) {
      if (actor != nullptr) actor->Quiesce();
    }
    for (auto& actor : actors_) {
      if (actor != nullptr) actor->WindUp();
    }
  }

 private:
  void Start(std::unique_ptr<CoreActor>& actor, bool attached) {
    actor.reset();  // the process that had it ends
    actor = std::make_unique<CoreActor>(shared_, config_, attached);
  }

  void Step() {
    const int what = choices_.Byte();
    std::unique_ptr<CoreActor>& actor = actors_[what % 8 == 7 ? 1 : 0];
    if (what < 208) {
      if (actor == nullptr) Start(actor, true);
      actor->Step(choices_);
    } else if (what < 232) {
      stranger_.Step(choices_);
    } else if (what < 240) {
      shared_.Advance(kSteps[choices_.Below(std::size(kSteps))]);
    } else if (what < 246) {
      DoLate();
    } else if (what < 250) {
      const int64_t bytes = 16 * choices_.Below(40);
      others_memory_ = MemoryLease();
      others_memory_ = shared_.budget.TryTake(this, bytes).value_or(MemoryLease());
    } else {
      Start(actor, what != 255);
    }
  }

  void DoLate() {
    if (shared_.late.empty()) return;
    const auto write = shared_.late.begin() + choices_.Below(shared_.late.size());
    const SessionWrite done = *write;
    shared_.late.erase(write);
    shared_.Apply(done);
  }

  Choices& choices_;
  const SessionConfig config_;
  Shared shared_;
  CoreStranger stranger_{shared_};
  MemoryLease others_memory_;
  std::unique_ptr<CoreActor> actors_[2];
};

}  // namespace
}  // namespace penstock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  penstock::fuzz::Choices choices(data, size);
  penstock::fuzz::World(choices).Run();
  return 0;
}
