#ifndef PENSTOCK_TESTS_SUPPORT_MEMORY_STORE_H_
#define PENSTOCK_TESTS_SUPPORT_MEMORY_STORE_H_

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "server/store/kept_session.h"
#include "server/store/session_store.h"

namespace penstock {

// A store in memory, for tests: linearizable, with the real rules, durable as long as it lives. It
// answers in the order of the calls, on a thread of its own or where it is told to.
class MemoryStore final : public SessionStore {
 public:
  MemoryStore() : own_(MakeThreadPool(1)), answers_(*own_) {}
  // `answers` must outlive the store, and must have run every answer before it goes.
  explicit MemoryStore(Executor& answers) : answers_(answers) {}

  void Write(const SessionKey& key, SessionWrite write, StoreDone done) override;
  void Get(const SessionKey& key, StoreDone done) override;
  void GetById(const std::string& principal, const std::string& session_id,
               FoundDone done) override;
  void List(const SessionQuery& query, PageDone done) override;
  void Due(const DueQuery& query, DueDone done) override;
  void OwnedUploads(std::vector<std::string> upload_ids, OwnedDone done) override;

 private:
  Mutex mutex_;  // guards what follows, and keeps the order of answers
  std::map<SessionKey, KeptSession> sessions_ ABSL_GUARDED_BY(mutex_);

  const std::unique_ptr<Executor> own_;  // null: somebody else's; goes first
  Executor& answers_;
};

}  // namespace penstock

#endif  // PENSTOCK_TESTS_SUPPORT_MEMORY_STORE_H_
