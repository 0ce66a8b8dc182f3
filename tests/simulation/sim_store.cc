#include "tests/simulation/sim_store.h"

#include <memory>
#include <utility>

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
  const WriteEffect effect =
      ApplyWrite(entry.record, write, [&entry](int64_t first, int64_t count) {
        std::vector<PartRecord> rows;
        for (int64_t i = first; i < first + count && i < std::ssize(entry.ledger); ++i) {
          rows.push_back(entry.ledger[static_cast<size_t>(i)]);
        }
        return rows;
      });
  if (entry.record.has_value() && effect.answer.record.has_value() &&
      effect.answer.record->committed_size < entry.record->committed_size) {
    world_.Violate("the committed size in the store decreased");
  }
  if (effect.changed) {
    entry.record = effect.answer.record;
    entry.ledger.insert(entry.ledger.end(), effect.new_rows.begin(), effect.new_rows.end());
  }
  if (effect.answer.code == StoreCode::kCorrupt)
    world_.Violate("corrupt: " + effect.answer.message);
  world_.Trace("store " + std::to_string(write.index()) + " -> " +
               StoreCodeName(effect.answer.code));
  return effect.answer;
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

}  // namespace penstock::simulation
