#include "tests/simulation/sim_store.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace penstock::simulation {
namespace {

StoreAnswer Failed(StoreCode code, const std::string& message) {
  StoreAnswer answer;
  answer.code = code;
  answer.message = message;
  return answer;
}

}  // namespace

StoreAnswer SimStore::Apply(const SessionKey& key, const SessionWrite& write) {
  Entry& entry = entries_[key];
  const std::optional<SessionRecord> before = entry.record;
  StoreAnswer answer = entry.Apply(write);
  if (before.has_value() && entry.record.has_value() && before->life == entry.record->life &&
      entry.record->committed_size < before->committed_size) {
    world_.Violate("the committed size in the store decreased");
  }
  if (answer.code == StoreCode::kCorrupt) world_.Violate("corrupt: " + answer.message);
  world_.Trace("store " + std::to_string(write.index()) + " -> " + StoreCodeName(answer.code));
  return answer;
}

void SimStore::Write(const SessionKey& key, SessionWrite write, StoreDone done) {
  if (world_.over) return;
  const bool stormy = world_.stormy();
  auto answer = std::make_shared<StoreDone>(std::move(done));
  const auto reply = [this, answer](StoreAnswer value) {
    world_.After(world_.SomeDelay(), [answer, value = std::move(value)]() mutable {
      std::move (*answer)(std::move(value));
    });
  };
  if (stormy && world_.Chance(0.03)) {
    reply(Failed(StoreCode::kUnavailable, "simulated"));
    return;
  }
  if (stormy && world_.Chance(0.03)) {
    // Nobody knows, and the effect may come when nobody expects it any more.
    if (world_.Chance(0.7)) {
      world_.After(world_.SomeDelay() * 3, [this, key, write] { Apply(key, write); });
    }
    reply(Failed(StoreCode::kUnknown, "simulated"));
    return;
  }
  if (stormy && world_.Chance(0.02)) {
    world_.After(world_.SomeDelay() * 5, [this, key, write] { Apply(key, write); });
  }
  world_.After(world_.SomeDelay(),
               [this, key, write = std::move(write), reply] { reply(Apply(key, write)); });
}

void SimStore::Get(const SessionKey& key, StoreDone done) {
  if (world_.over) return;
  world_.After(world_.SomeDelay(), [this, key, done = std::move(done)]() mutable {
    StoreAnswer answer;
    answer.record = entries_[key].record;
    answer.code = answer.record.has_value() ? StoreCode::kOk : StoreCode::kNotFound;
    std::move(done)(std::move(answer));
  });
}

void SimStore::GetById(const std::string&, const std::string&, FoundDone done) {
  std::move(done)(Failed(StoreCode::kNotFound, "not simulated"), SessionKey{});
}

void SimStore::List(const SessionQuery&, PageDone done) { std::move(done)(SessionPage{}); }

void SimStore::Due(absl::Time now, int limit, DueDone done) {
  if (world_.over) return;
  world_.After(world_.SomeDelay(), [this, now, limit, done = std::move(done)]() mutable {
    std::vector<KeyedSession> all;
    for (const auto& [key, entry] : entries_) {
      if (entry.record.has_value()) all.push_back({key, *entry.record});
    }
    std::move(done)(DueOf(std::move(all), now, limit));
  });
}

}  // namespace penstock::simulation
