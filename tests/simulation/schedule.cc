#include "tests/simulation/schedule.h"

#include <array>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "base/error.h"
#include "tests/simulation/sim_backend.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_store.h"
#include "tests/simulation/world.h"

namespace penstock::simulation {
namespace {

constexpr char kToken[] = "simulated-token-0001";
constexpr char kRemote[] = "remote";
constexpr int kMaxEvents = 200'000;

// A server process: one life after another.
class Server {
 public:
  Server(World& world, SimStore& store, SimBackend& backend)
      : world_(world), store_(store), backend_(backend) {
    Start();
  }

  SessionService* service() { return up_ ? lives_.back().service.get() : nullptr; }

  void Crash() {
    if (!up_) return;
    world_.Trace("a server crashes");
    lives_.back().executor->Crash();
    up_ = false;
    world_.After(world_.SomeDelay() * 10, [this] { Start(); });
  }

  void Drain() {
    if (!up_) return;
    world_.Trace("a server drains");
    up_ = false;
    lives_.back().service->Drain([this] { Start(); });
  }

  // Asks the server to abort the session, as an operator would.
  void Abort() {
    if (!up_) return;
    world_.Trace("a server is asked to abort the session");
    Life& life = lives_.back();
    ++*life.unanswered;
    life.service->Abort(
        {"", kToken, ""},
        [unanswered = life.unanswered](const absl::StatusOr<SessionView>&) { --*unanswered; });
  }

  // Once everything has come to its end: no session is held any more, so that a drain has nothing
  // to wait for, and no answer is owed.
  void CheckIdle() {
    if (!up_) return;
    Life& life = lives_.back();
    bool drained = false;
    life.service->Drain([&drained] { drained = true; });
    if (!drained) world_.Violate("a session of a server never ended");
    if (*life.unanswered > 0) world_.Violate("a call of a server was never answered");
  }

  void Bury() {
    for (Life& life : lives_) life.executor->Bury();
  }

 private:
  struct Life {
    std::unique_ptr<ServerExecutor> executor;
    std::unique_ptr<SessionService> service;
    std::shared_ptr<int> unanswered = std::make_shared<int>(0);  // calls of Abort
  };

  void Start() {
    if (world_.over) return;
    Life life;
    life.executor = std::make_unique<ServerExecutor>(world_);
    SessionEnvironment environment;
    environment.config.memory_budget = 8 * (4 + static_cast<int64_t>(world_.Below(12)));
    environment.config.default_parallel_parts = 1 + static_cast<int32_t>(world_.Below(4));
    environment.backends[kRemote] = &backend_;
    environment.store = &store_;
    environment.executor = life.executor.get();
    environment.clock = &world_;
    life.service = std::make_unique<SessionService>(std::move(environment), world_);
    lives_.push_back(std::move(life));
    up_ = true;
  }

  World& world_;
  SimStore& store_;
  SimBackend& backend_;
  bool up_ = false;
  std::vector<Life> lives_;  // all of them: what a crashed one left is buried at the end
};

class Schedule {
 public:
  Schedule(uint64_t seed, bool trace)
      : world_(seed), store_(world_), backend_(world_), key_(MakeSessionKey("", kToken)) {
    world_.tracing = trace;
    backend_.on_published = [this](const std::string&, const SimBackend::Object& object) {
      OnPublished(object);
    };
    for (auto& server : servers_) server = std::make_unique<Server>(world_, store_, backend_);
  }

  Outcome Run() {
    MakeClients();
    PlanFaults();
    while (outcome_.events < kMaxEvents && world_.violation().empty() && world_.Step()) {
      ++outcome_.events;
    }
    CheckEnd();
    outcome_.violation = world_.violation();
    outcome_.meddled = aborted_ || lost_ || overwritten_;
    TakeApart();
    return outcome_;
  }

 private:
  void MakeClients() {
    disagreeing_ = world_.Chance(0.25);
    const size_t size = world_.Chance(0.1) ? 0 : 1 + world_.Below(120);
    AddClient("A", 'a', size);
    if (disagreeing_) AddClient("B", 'A', world_.Chance(0.5) ? size : 1 + world_.Below(120));
  }

  void AddClient(const std::string& name, char first, size_t size) {
    SimClient::Plan plan;
    plan.name = name;
    plan.token = kToken;
    for (size_t i = 0; i < size; ++i) plan.content += static_cast<char>(first + i % 26);
    plan.spec.remote = kRemote;
    plan.spec.object = {"bucket", "key"};
    plan.spec.part_size = world_.Chance(0.5) ? 0 : 2 + static_cast<int64_t>(world_.Below(14));
    if (!disagreeing_ && world_.Chance(0.5)) plan.spec.total_size = static_cast<int64_t>(size);
    plan.creates = !disagreeing_ && world_.Chance(0.3);
    plan.reads_first = world_.Chance(0.6);
    plan.declares_crc = disagreeing_ || world_.Chance(0.7);
    plan.sends_epoch = plan.reads_first && world_.Chance(0.7);
    plan.comes_back = !disagreeing_;
    if (world_.Chance(0.3)) plan.replay_buffer_bytes = 8 + static_cast<int64_t>(world_.Below(64));
    ClientObserver observer;
    observer.acknowledged = [this](int64_t size) { OnAcknowledged(size); };
    observer.finished = [this, index = clients_.size()](const FinishedFrame& frame) {
      OnFinished(*clients_[index], frame);
    };
    const auto find_server = [this]() -> SessionService* {
      ++outcome_.opens;
      return servers_[world_.Below(servers_.size())]->service();
    };
    clients_.push_back(std::make_shared<SimClient>(world_, plan, find_server, observer));
    world_.After(world_.SomeDelay(), [client = clients_.back()] { client->Open(); });
  }

  void PlanFaults() {
    hostile_ = world_.Chance(0.2);
    const uint64_t faults = world_.Below(12);
    for (uint64_t i = 0; i < faults; ++i) {
      world_.After(absl::Milliseconds(world_.Below(4'000)), [this] { Fault(); });
    }
    world_.After(absl::Seconds(30), [this] {
      world_.Trace("calm");
      world_.CalmDown();
    });
  }

  void Fault() {
    if (world_.over) return;
    Server& server = *servers_[world_.Below(servers_.size())];
    const uint64_t kind = world_.Below(hostile_ ? 16 : 11);
    if (kind < 6) {
      clients_[world_.Below(clients_.size())]->BreakConnection();
    } else if (kind < 9) {
      Crash(server);
    } else if (kind < 10) {
      for (const auto& each : servers_) Crash(*each);
    } else if (kind < 11) {
      server.Drain();
    } else {
      Meddle(server, kind);
    }
  }

  void Crash(Server& server) {
    outcome_.crashed = true;
    server.Crash();
    for (const auto& client : clients_) client->BreakConnection();
  }

  // What clients cannot be protected from; but they must be told.
  void Meddle(Server& server, uint64_t kind) {
    if (kind < 12) {
      server.Abort();
      aborted_ = true;
    } else if (kind < 14) {
      world_.Trace("every upload is discarded");
      backend_.LoseUploads();
      lost_ = true;
    } else {
      world_.Trace("somebody overwrites the object");
      // The same content is not ours either.
      backend_.Overwrite("key", world_.Chance(0.5) ? "theirs" : clients_[0]->plan().content);
      overwritten_ = true;
    }
  }

  // I1 and I2.
  void OnAcknowledged(int64_t size) {
    const SimStore::Entry& entry = store_.Peek(key_);
    if (size == 0) return;
    if (!entry.record.has_value() || entry.record->committed_size < size) {
      world_.Violate(std::to_string(size) + " bytes were acknowledged but are not recorded");
      return;
    }
    if (Ended(entry.record->state) || lost_) return;  // by then the upload may be gone
    int64_t offset = 0;
    for (const PartRecord& row : entry.ledger) {
      const std::string* bytes = backend_.FindPart(entry.record->upload_id, row.number);
      const bool published = entry.record->state == SessionState::kFinishing && bytes == nullptr;
      if (row.offset != offset) world_.Violate("the ledger has a gap");
      if (!published && (bytes == nullptr || Crc64(*bytes) != row.crc64 ||
                         static_cast<int64_t>(bytes->size()) != row.size)) {
        world_.Violate("part " + std::to_string(row.number) + " does not hold what was recorded");
      }
      offset += row.size;
    }
  }

  // I4.
  void OnPublished(const SimBackend::Object& object) {
    const SimStore::Entry& entry = store_.Peek(key_);
    if (!entry.record.has_value() || !entry.record->seal.has_value()) {
      world_.Violate("published before it was sealed");
    } else if (entry.record->seal->crc64 != Crc64(object.bytes) ||
               entry.record->mark != object.mark) {
      world_.Violate("published something else than was sealed");
    }
    published_.insert({object.mark, Crc64(object.bytes)});
    outcome_.published_by_put |= entry.record.has_value() && entry.record->seal->single_put;
    outcome_.published_by_parts |= entry.record.has_value() && !entry.record->seal->single_put;
  }

  // I5 and I6.
  void OnFinished(const SimClient& client, const FinishedFrame& frame) {
    const PublishedObject& result = *frame.session.result;
    const SimBackend::Object* object = backend_.FindObject("key");
    if (!published_.contains({frame.session.mark, result.crc64})) {
      world_.Violate("finished, but it was never published");
    }
    if (overwritten_) return;
    if (object == nullptr || Crc64(object->bytes) != result.crc64) {
      world_.Violate("finished, but the object is not there or another");
    }
    // A replayed result may be another client's: the contract tells clients to compare it with
    // their own.
    if (!disagreeing_ && (object == nullptr || object->bytes != client.plan().content)) {
      world_.Violate("finished, but the object is not what " + client.plan().name + " sent");
    }
    if (disagreeing_ && object != nullptr && object->bytes != clients_[0]->plan().content &&
        object->bytes != clients_[1]->plan().content) {
      world_.Violate("the object is a mixture of two clients");
    }
    if (first_result_.has_value() && !(*first_result_ == result)) {
      world_.Violate("two different results were told");
    }
    first_result_ = result;
  }

  // Every honest client succeeds once the storm is over, unless others meddled; of two that
  // disagree, each is at least told something.
  void CheckEnd() {
    if (!world_.violation().empty()) return;
    if (outcome_.events >= kMaxEvents) world_.Violate("it does not end");
    for (const auto& client : clients_) {
      if (!client->done()) world_.Violate(client->plan().name + " came to no end");
      if (!disagreeing_ && !client->finished() && !MayFail(client->status())) {
        world_.Violate(client->plan().name + " failed: " + client->status().ToString());
      }
    }
    for (const auto& server : servers_) server->CheckIdle();
  }

  bool MayFail(const absl::Status& status) const {
    const std::string reason = ErrorReason(status);
    return (lost_ && reason == "UPLOAD_LOST") || (aborted_ && reason == "SESSION_ABORTED") ||
           ((lost_ || overwritten_) && reason == "OUTCOME_UNKNOWN");
  }

  void TakeApart() {
    world_.over = true;
    while (world_.Step()) {
    }
    for (const auto& server : servers_) server->Bury();
  }

  World world_;
  SimStore store_;
  SimBackend backend_;
  const SessionKey key_;
  std::array<std::unique_ptr<Server>, 2> servers_;
  std::vector<std::shared_ptr<SimClient>> clients_;
  bool disagreeing_ = false;
  bool hostile_ = false;  // others meddle with the bucket and the session
  bool aborted_ = false;  // and this is what they did
  bool lost_ = false;
  bool overwritten_ = false;
  std::set<std::pair<std::string, uint64_t>> published_;  // mark and CRC-64 of all that ever was
  std::optional<PublishedObject> first_result_;
  Outcome outcome_;
};

}  // namespace

Outcome RunSchedule(uint64_t seed, bool trace) { return Schedule(seed, trace).Run(); }

}  // namespace penstock::simulation
