#include "tests/simulation/sim_store.h"

#include <memory>
#include <utility>

namespace penstock::simulation {
namespace {

StoreAnswer Failed(StoreCode code) {
  StoreAnswer answer;
  answer.code = code;
  answer.message = "simulated";
  return answer;
}

}  // namespace

StoreAnswer SimStore::Apply(const SessionWrite& write) {
  WriteEffect effect = ApplyWrite(entry_.record, write, entry_.Reader());
  world_.Trace("store: write ", write.index(), " -> ", StoreCodeName(effect.answer.code), " ",
               effect.answer.message);
  // The core never contradicts its own contract with the store.
  if (effect.answer.code == StoreCode::kCorrupt) {
    world_.Violate("corrupt: " + effect.answer.message);
  }
  const Entry before = effect.changed ? entry_ : Entry();
  entry_.CarryOut(effect);
  if (effect.changed) on_change_(write, before, entry_);
  return std::move(effect.answer);
}

void SimStore::Write(const SessionKey& key, SessionWrite write, StoreDone done) {
  if (world_.over) return;
  key_ = key;
  const bool stormy = world_.stormy();
  auto answer = std::make_shared<StoreDone>(std::move(done));
  const auto reply = [this, answer](StoreAnswer value) {
    world_.After(world_.SomeDelay(), [answer, value = std::move(value)]() mutable {
      std::move (*answer)(std::move(value));
    });
  };
  if (stormy && world_.Chance(0.03)) {
    reply(Failed(StoreCode::kUnavailable));
    return;
  }
  if (stormy && world_.Chance(0.04)) {
    // Nobody knows, and the effect may come when nobody expects it any more.
    if (world_.Chance(0.7)) {
      late_claims_ = late_claims_ || std::holds_alternative<ClaimSession>(write);
      world_.After(world_.SomeDelay() * 3, [this, write] { Apply(write); });
    }
    reply(Failed(StoreCode::kUnknown));
    return;
  }
  if (stormy && world_.Chance(0.03)) {  // once more, late
    late_claims_ = late_claims_ || std::holds_alternative<ClaimSession>(write);
    world_.After(world_.SomeDelay() * 5, [this, write] { Apply(write); });
  }
  world_.After(world_.SomeDelay(),
               [this, write = std::move(write), reply] { reply(Apply(write)); });
}

void SimStore::Get(const SessionKey&, StoreDone done) {
  if (world_.over) return;
  world_.After(world_.SomeDelay(), [this, done = std::move(done)]() mutable {
    StoreAnswer answer;
    answer.record = entry_.record;
    answer.code = answer.record.has_value() ? StoreCode::kOk : StoreCode::kNotFound;
    std::move(done)(std::move(answer));
  });
}

void SimStore::GetById(const std::string&, const std::string&, FoundDone done) {
  std::move(done)(Failed(StoreCode::kNotFound), SessionKey{});
}

void SimStore::List(const SessionQuery&, PageDone done) { std::move(done)(SessionPage{}); }

void SimStore::OwnedUploads(std::vector<std::string>, OwnedDone done) {
  std::move(done)(std::set<std::string>{});
}

void SimStore::Due(const DueQuery& query, DueDone done) {
  if (world_.over) return;
  world_.After(world_.SomeDelay(), [this, query, done = std::move(done)]() mutable {
    std::vector<KeyedSession> known;
    if (entry_.record.has_value()) known.push_back({key_, *entry_.record});
    std::move(done)(DueOf(std::move(known), query));
  });
}

}  // namespace penstock::simulation
