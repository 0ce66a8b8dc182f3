// A session store with fault points around its writes.

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/fault_points.h"

namespace penstock {
namespace {

StoreAnswer Lie(StoreCode code, const char* write) {
  StoreAnswer answer;
  answer.code = code;
  answer.message = absl::StrCat("a fault point of the write ", write);
  return answer;
}

class FaultStore final : public SessionStore {
 public:
  FaultStore(std::unique_ptr<SessionStore> store, Executor& executor)
      : executor_(executor), store_(std::move(store)) {}

  void Write(const SessionKey& key, SessionWrite write, StoreDone done) override {
    const char* name = WriteName(write);
    const FaultAction action = FaultPoint(absl::StrCat(name, ".before"));
    if (action == FaultAction::kFail) {
      executor_.Post([name, done = std::move(done)]() mutable {
        std::move(done)(Lie(StoreCode::kUnavailable, name));
      });
      return;
    }
    auto go_on = [this, key, write = std::move(write), done = std::move(done)]() mutable {
      DoWrite(key, std::move(write), std::move(done));
    };
    if (action == FaultAction::kHold) {
      HoldFaultPoint(std::move(go_on));
    } else {
      std::move(go_on)();
    }
  }

  void Get(const SessionKey& key, StoreDone done) override { store_->Get(key, std::move(done)); }
  void GetById(const std::string& principal, const std::string& session_id,
               FoundDone done) override {
    store_->GetById(principal, session_id, std::move(done));
  }
  void List(const SessionQuery& query, PageDone done) override {
    store_->List(query, std::move(done));
  }
  void Due(const DueQuery& query, DueDone done) override { store_->Due(query, std::move(done)); }
  void OwnedUploads(std::vector<std::string> upload_ids, OwnedDone done) override {
    store_->OwnedUploads(std::move(upload_ids), std::move(done));
  }

 private:
  void DoWrite(const SessionKey& key, SessionWrite write, StoreDone done) {
    const char* name = WriteName(write);
    store_->Write(key, std::move(write),
                  [name, done = std::move(done)](StoreAnswer answer) mutable {
                    const FaultAction action = FaultPoint(absl::StrCat(name, ".after"));
                    if (action == FaultAction::kFail) answer = Lie(StoreCode::kUnknown, name);
                    auto tell = [answer = std::move(answer), done = std::move(done)]() mutable {
                      std::move(done)(std::move(answer));
                    };
                    if (action == FaultAction::kHold) {
                      HoldFaultPoint(std::move(tell));
                    } else {
                      std::move(tell)();
                    }
                  });
  }

  Executor& executor_;
  const std::unique_ptr<SessionStore> store_;
};

}  // namespace

std::unique_ptr<SessionStore> WithFaultPoints(std::unique_ptr<SessionStore> store,
                                              Executor& executor) {
  return std::make_unique<FaultStore>(std::move(store), executor);
}

}  // namespace penstock
