#include "tests/simulation/long_runs.h"

#include <array>
#include <memory>
#include <utility>

#include "tests/simulation/oracle.h"
#include "tests/simulation/sim_server.h"

namespace penstock::simulation {
namespace {

constexpr char kKey[] = "key";
constexpr int64_t kMebibyte = 1024 * 1024;

std::string Pattern(int64_t size) {
  std::string content(static_cast<size_t>(size), ' ');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>('a' + i % 26);
  return content;
}

// Three servers, one client, and somebody who watches.
class Run {
 public:
  Run(uint64_t seed, Capabilities capabilities, const SessionConfig& config, bool watched)
      : world_(seed),
        oracle_(world_, kKey),
        store_(world_,
               [this, watched](const SessionWrite& write, const SimStore::Entry& before,
                               const SimStore::Entry& after) {
                 if (watched) oracle_.OnStored(write, before, after);
               }),
        backend_(world_, capabilities),
        watched_(watched) {
    oracle_.Watch(store_, backend_);
    if (watched) {
      backend_.on_published = [this](const std::string&, const SimBackend::Object& object) {
        oracle_.OnPublished(object);
      };
    }
    for (auto& server : servers_) {
      server = std::make_unique<SimServer>(world_, config, store_, backend_);
    }
  }

  World& world() { return world_; }
  SimClient& client() { return *client_; }

  void Begin(SimClient::Plan plan) {
    plan.name = "A";
    plan.token = "simulated-token-0001";
    plan.spec.remote = kRemote;
    plan.spec.object = {"bucket", kKey};
    oracle_.Expect(plan.content);
    ClientObserver observer;
    observer.acknowledged = [this](const std::string& session_id, int64_t size) {
      if (watched_) oracle_.OnAcknowledged(session_id, size);
    };
    observer.finished = [this](const FinishedFrame& frame) {
      if (watched_) oracle_.OnFinished(frame);
    };
    observer.stale = [this](const std::string& session_id, int64_t epoch) {
      if (watched_) oracle_.OnStale(session_id, epoch);
    };
    client_ = std::make_shared<SimClient>(
        world_, std::move(plan), [this] { return servers_[at_]->service(); }, observer);
    client_->Open();
  }

  // The connection breaks, and the client is sent elsewhere.
  void MoveOn() {
    at_ = (at_ + 1) % servers_.size();
    client_->BreakConnection();
  }

  LongRun End() {
    while (world_.violation().empty() && world_.Step()) {
      if (watched_) oracle_.CheckLedger();
    }
    const SimBackend::Object* object = backend_.FindObject(kKey);
    const bool whole = object != nullptr && object->bytes == client_->plan().content;
    if (!client_->finished()) world_.Violate("it failed: " + client_->status().ToString());
    if (!whole) world_.Violate("the object is not what was sent");
    LongRun run;
    run.violation = world_.violation();
    run.size = static_cast<int64_t>(client_->plan().content.size());
    run.sent = client_->sent_bytes();
    run.opens = client_->opens();
    run.most_unacked = client_->most_unacked();
    const auto& ledger = store_.entry().ledger;
    run.parts = std::ssize(ledger);
    if (!ledger.empty()) run.last_number = ledger.back().number;
    world_.over = true;
    while (world_.Step()) {
    }
    for (const auto& server : servers_) server->Bury();
    return run;
  }

 private:
  World world_;
  Oracle oracle_;
  SimStore store_;
  SimBackend backend_;
  const bool watched_;
  std::array<std::unique_ptr<SimServer>, 3> servers_;
  std::shared_ptr<SimClient> client_;
  size_t at_ = 0;
};

}  // namespace

LongRun RunDay(uint64_t seed) {
  constexpr int kMinutes = 24 * 60;
  SessionConfig config;
  config.memory_budget = 512;
  config.slab_bytes = 1;
  config.stream_bytes = 1;
  config.default_parallel_parts = 2;
  Run run(seed, SimBackend::SmallCapabilities(), config, true);
  for (int minute = 1; minute <= kMinutes; ++minute) {
    run.world().After(absl::Minutes(minute), [&run] { run.MoveOn(); });
  }
  run.world().After(absl::Minutes(kMinutes + 1), [&run] { run.world().CalmDown(); });
  SimClient::Plan plan;
  plan.content = Pattern(24'000);  // more than goes through in a day
  plan.spec.part_size = 12;
  plan.replay_buffer_bytes = 128;
  plan.chunk_bytes = 2;
  plan.pace = absl::Seconds(4);
  run.Begin(std::move(plan));
  return run.End();
}

LongRun RunTebibyte(uint64_t seed, int64_t replay_buffer) {
  Capabilities oss;
  oss.min_part_size = 100 * 1024 / kScale + 1;
  oss.max_part_size = 5 * 1024 * kMebibyte / kScale;
  oss.max_part_count = 10'000;
  oss.max_object_size = 50'000'000 * kMebibyte / kScale;
  oss.max_put_size = oss.max_part_size;
  oss.reports_crc64 = true;
  SessionConfig config;
  config.memory_budget /= kScale;
  config.slab_bytes /= kScale;
  config.stream_bytes /= kScale;
  Run run(seed, oss, config, false);
  run.world().CalmDown();
  SimClient::Plan plan;
  plan.content = Pattern(1024 * 1024 * kMebibyte / kScale);
  plan.spec.part_size = 8 * kMebibyte / kScale;
  plan.replay_buffer_bytes = replay_buffer / kScale;
  plan.chunk_bytes = 2048;
  run.Begin(std::move(plan));
  return run.End();
}

}  // namespace penstock::simulation
