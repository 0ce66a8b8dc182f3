#include "tests/simulation/schedule.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/sim_backend.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/sim_store.h"
#include "tests/simulation/world.h"

namespace penstock::simulation {
namespace {

constexpr char kToken[] = "simulated-token-0001";
constexpr char kKey[] = "key";
constexpr int kMaxEvents = 200'000;

class Schedule {
 public:
  Schedule(uint64_t seed, bool trace)
      : world_(seed),
        oracle_(world_, kKey),
        store_(world_,
               [this](const SessionWrite& write, const SimStore::Entry& before,
                      const SimStore::Entry& after) { oracle_.OnStored(write, before, after); }),
        backend_(world_) {
    world_.tracing = trace;
    oracle_.Watch(store_, backend_);
    backend_.on_published = [this](const std::string&, const SimBackend::Object& object) {
      oracle_.OnPublished(object);
    };
  }

  Outcome Run() {
    DrawKind();
    const SessionConfig config = DrawConfig();
    for (auto& server : servers_) {
      server = std::make_unique<SimServer>(world_, config, store_, backend_);
    }
    MakeClients();
    PlanFaults();
    while (outcome_.events < kMaxEvents && world_.violation().empty() && world_.Step()) {
      ++outcome_.events;
      oracle_.CheckLedger();
    }
    CheckEnd();
    Conclude();
    return outcome_;
  }

 private:
  void DrawKind() {
    disagreeing_ = world_.Chance(0.3);
    hostile_ = world_.Chance(0.2);
    expiring_ = world_.Chance(0.15);
    reborn_ = world_.Chance(0.15);
    forbidding_ = world_.Chance(0.15);
    later_ = reborn_ || world_.Chance(0.35);
    if (reborn_) disagreeing_ = false;
    storm_ = world_.Chance(0.3) ? absl::Seconds(150) : absl::Seconds(30);
  }

  SessionConfig DrawConfig() {
    SessionConfig config;
    config.memory_budget = 8 * (4 + static_cast<int64_t>(world_.Below(12)));
    config.slab_bytes = 1;
    config.stream_bytes = 1;
    config.default_parallel_parts = 1 + static_cast<int32_t>(world_.Below(4));
    config.claims_per_minute = world_.Chance(0.5) ? 10 : 1000;
    config.linger = world_.Chance(0.25) ? absl::ZeroDuration() : absl::Seconds(world_.Below(60));
    config.part_age = absl::Seconds(1 + world_.Below(30));
    config.idle_timeout = absl::Seconds(world_.Chance(0.3) ? 20 : 600);
    if (expiring_) {
      config.idle_ttl = absl::Seconds(20 + world_.Below(200));
      // Longer than a write to the store may be late: what is forgotten could be inserted again.
      config.retention = absl::Seconds(200 + world_.Below(1000));
    }
    return config;
  }

  void MakeClients() {
    const bool small = reborn_ || world_.Chance(0.15);
    const size_t size = world_.Chance(0.1) ? 0 : 1 + world_.Below(small ? 8 : 120);
    AddClient("A", 'a', size, absl::ZeroDuration());
    if (disagreeing_) {
      // Other bytes, or the same cut short.
      const bool shorter = world_.Chance(0.3);
      AddClient("B", shorter ? 'a' : 'A', world_.Chance(0.5) ? size : 1 + world_.Below(120),
                absl::ZeroDuration());
    }
    // Somebody runs the same again, some time later.
    if (later_) {
      AddClient("C", world_.Chance(0.5) && disagreeing_ ? 'A' : 'a', size,
                absl::Milliseconds(world_.Below(90'000)));
    }
  }

  void AddClient(const std::string& name, char first, size_t size, absl::Duration start) {
    SimClient::Plan plan;
    plan.name = name;
    plan.token = kToken;
    for (size_t i = 0; i < size; ++i) plan.content += static_cast<char>(first + i % 26);
    plan.spec.remote = kRemote;
    plan.spec.object = {"bucket", kKey};
    plan.spec.attributes.forbid_overwrite = forbidding_;
    plan.spec.part_size = world_.Chance(0.5) ? 0 : 2 + static_cast<int64_t>(world_.Below(14));
    if (!disagreeing_ && world_.Chance(0.5)) plan.spec.total_size = static_cast<int64_t>(size);
    const bool first_run = start == absl::ZeroDuration();
    if (!first_run || world_.Chance(0.4)) {
      plan.ended_policy = static_cast<EndedPolicy>(world_.Below(3));
    }
    if (reborn_ && !first_run) {
      // Another object under the same token, while requests of the first may still be under way.
      plan.ended_policy = EndedPolicy::kStartOver;
      if (world_.Chance(0.8)) plan.spec.attributes.content_type = "other";
    }
    if (expiring_ && world_.Chance(0.3)) plan.idle_ttl = absl::Seconds(10 + world_.Below(60));
    plan.creates = first_run && !disagreeing_ && !later_ && world_.Chance(0.3);
    plan.reads_first = world_.Chance(0.7);
    plan.honest = !disagreeing_;
    plan.declares_crc = disagreeing_ || world_.Chance(0.7);
    plan.sends_epoch = plan.reads_first && world_.Chance(0.7);
    plan.comes_back = !disagreeing_ && first_run;
    plan.hurries = world_.Chance(0.3);
    if (world_.Chance(0.4)) plan.flushes = 0.3;
    plan.waits_for_flush = plan.reads_first && world_.Chance(0.5);
    if (world_.Chance(0.2)) plan.dawdles = 0.05;
    if (expiring_ || world_.Chance(0.1)) plan.absence = absl::Seconds(300);
    if (plan.reads_first && world_.Chance(0.3)) {
      plan.replay_buffer_bytes = 8 + static_cast<int64_t>(world_.Below(64));
      // Who cannot send again what was committed cannot begin anew.
      if (plan.ended_policy == EndedPolicy::kStartOver) plan.ended_policy = EndedPolicy::kReplay;
    }
    oracle_.Expect(plan.content);
    ClientObserver observer;
    observer.acknowledged = [this](const std::string& session_id, int64_t acknowledged) {
      oracle_.OnAcknowledged(session_id, acknowledged);
    };
    observer.finished = [this](const FinishedFrame& frame) { oracle_.OnFinished(frame); };
    observer.stale = [this](const std::string& session_id, int64_t epoch) {
      oracle_.OnStale(session_id, epoch);
    };
    observer.stale_open = [this] {
      const bool alone = clients_.size() == 1 && !reaping_ && !oracle_.meddling.aborted;
      if (alone && !store_.late_claims()) {
        world_.Violate("a client was told that somebody else had opened, and nobody had");
      }
    };
    const auto find_server = [this]() -> SessionService* {
      // Mostly the same one, so that there is something to come back to.
      if (world_.Chance(0.3)) near_ = world_.Below(servers_.size());
      return servers_[near_]->service();
    };
    clients_.push_back(std::make_shared<SimClient>(world_, plan, find_server, observer));
    world_.After(start + world_.SomeDelay(), [client = clients_.back()] { client->Open(); });
  }

  void PlanFaults() {
    const uint64_t faults = world_.Below(14);
    const uint64_t period = world_.Chance(0.7) ? 4'000 : 60'000;
    for (uint64_t i = 0; i < faults; ++i) {
      world_.After(absl::Milliseconds(world_.Below(period)), [this] { Fault(); });
    }
    world_.After(storm_, [this] {
      world_.Trace("calm");
      world_.CalmDown();
    });
    reaping_ = expiring_ || world_.Chance(0.2);
    for (int i = 0; reaping_ && i < 12; ++i) {
      world_.After(absl::Milliseconds(world_.Below(300'000)), [this] { Reap(); });
    }
    // What was left to the reaper comes to its end long after.
    for (int i = 1; reaping_ && i <= 8; ++i) {
      world_.After(absl::Minutes(20 * i), [this] { Reap(); });
    }
  }

  void Reap() { servers_[world_.Below(servers_.size())]->Reap(); }

  void Fault() {
    if (world_.over) return;
    SimServer& server = *servers_[world_.Chance(0.6) ? near_ : world_.Below(servers_.size())];
    // Not forward: what a signature's validity is compared with has to be right (durability.md).
    if (world_.Chance(0.2)) server.SetClockBack(absl::Milliseconds(world_.Below(30'000)));
    const uint64_t kind = world_.Below(hostile_ ? 20 : 13);
    if (kind < 6) {
      clients_[world_.Below(clients_.size())]->BreakConnection();
    } else if (kind < 8) {
      Crash(server);
    } else if (kind < 9) {
      for (const auto& each : servers_) Crash(*each);
    } else if (kind < 11) {
      const uint64_t longest = reborn_ && world_.Chance(0.5) ? 30 * 60'000 : 60'000;
      server.Pause(absl::Milliseconds(world_.Below(longest)));
    } else if (kind < 13) {
      server.Drain();
    } else {
      Meddle(server, kind);
    }
  }

  void Crash(SimServer& server) {
    outcome_.crashed = true;
    server.Crash();
    for (const auto& client : clients_) client->BreakConnection();
  }

  void Meddle(SimServer& server, uint64_t kind) {
    if (kind < 15) {
      server.Abort(kToken);
      oracle_.meddling.aborted = true;
    } else if (kind < 16) {
      world_.Trace("every upload is discarded");
      backend_.LoseUploads();
      oracle_.meddling.lost = true;
    } else if (kind < 17) {
      world_.Trace("somebody overwrites the parts");
      backend_.DamageParts();
      oracle_.meddling.damaged = true;
    } else if (kind < 18) {
      world_.Trace("somebody deletes the object");
      backend_.Remove(kKey);
      oracle_.OnOverwritten();
    } else {
      world_.Trace("somebody overwrites the object");
      // The same content is not ours either.
      backend_.Overwrite(kKey, world_.Chance(0.5) ? "theirs" : clients_[0]->plan().content);
      oracle_.OnOverwritten();
    }
  }

  // Every honest client succeeds once the storm is over, unless others meddled; of two that
  // disagree, each is at least told something.
  void CheckEnd() {
    if (!world_.violation().empty()) return;
    if (outcome_.events >= kMaxEvents) world_.Violate("it does not end");
    for (const auto& client : clients_) {
      if (!client->done()) world_.Violate(client->plan().name + " came to no end");
      if (!disagreeing_ && !client->finished() && !MayFail(*client)) {
        world_.Violate(client->plan().name + " failed: " + client->status().ToString());
      }
    }
    for (const auto& server : servers_) server->CheckIdle();
    oracle_.CheckEnd();
  }

  bool MayFail(const SimClient& client) const {
    const Oracle::Meddling& did = oracle_.meddling;
    const std::string reason = ErrorReason(client.status());
    // Whoever came later may have had the last word.
    if (later_ && client.status().code() == absl::StatusCode::kAborted) return true;
    if (forbidding_ && reason == "OBJECT_EXISTS") return did.overwritten || oracle_.lives > 1;
    if (reborn_ && reason == "SPEC_MISMATCH") return true;
    return (did.lost && reason == "UPLOAD_LOST") || (did.aborted && reason == "SESSION_ABORTED") ||
           ((did.lost || did.overwritten) && reason == "OUTCOME_UNKNOWN") ||
           (did.damaged && (reason == "INVALID_PART" || reason == "OUTCOME_UNKNOWN")) ||
           ((did.overwritten || oracle_.lives > 1) && reason == "OBJECT_CHANGED") ||
           (did.forgotten && reason == "SESSION_NOT_FOUND") ||
           (did.expired && (reason == "SESSION_EXPIRED" || reason == "SESSION_NOT_FOUND"));
  }

  void Conclude() {
    outcome_.violation = world_.violation();
    const Oracle::Meddling& did = oracle_.meddling;
    outcome_.meddled = did.aborted || did.lost || did.damaged || did.overwritten;
    outcome_.published_by_put = oracle_.published_by_put;
    outcome_.published_by_parts = oracle_.published_by_parts;
    outcome_.tail = oracle_.tails > 0;
    outcome_.began_anew = oracle_.lives > 1;
    outcome_.expired = did.expired;
    for (const auto& client : clients_) outcome_.opens += client->opens();
    world_.over = true;
    while (world_.Step()) {
    }
    for (const auto& server : servers_) server->Bury();
  }

  World world_;
  Oracle oracle_;
  SimStore store_;
  SimBackend backend_;
  std::array<std::unique_ptr<SimServer>, 3> servers_;
  std::vector<std::shared_ptr<SimClient>> clients_;
  uint64_t near_ = 0;  // where clients go mostly
  bool disagreeing_ = false;
  bool hostile_ = false;     // others meddle with the bucket and the session
  bool expiring_ = false;    // sessions live shortly
  bool reaping_ = false;     // what is idle expires, and what was left is finished
  bool later_ = false;       // a client comes after the others
  bool forbidding_ = false;  // no object may be overwritten
  bool reborn_ = false;      // it begins anew, mostly with another object
  absl::Duration storm_;
  Outcome outcome_;
};

}  // namespace

Outcome RunSchedule(uint64_t seed, bool trace) { return Schedule(seed, trace).Run(); }

}  // namespace penstock::simulation
