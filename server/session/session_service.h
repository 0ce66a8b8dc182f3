#ifndef PENSTOCK_SERVER_SESSION_SESSION_SERVICE_H_
#define PENSTOCK_SERVER_SESSION_SESSION_SERVICE_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/in_flight.h"
#include "base/mutex.h"
#include "base/random.h"
#include "server/session/session_driver.h"

namespace penstock {

// A session and what this process knows of it beyond the record.
struct SessionView {
  SessionRecord record;
  bool connected = false;  // a stream of this process holds it
};

struct SessionViews {
  std::vector<SessionView> sessions;
  std::string next_page_token;
};

// All sessions of this process: starts their drivers, knows which stream owns which, answers what
// is asked about sessions, and drains. Thread-safe.
//
// Destroy it after what serves streams and requests from it, and before the store, the backends and
// the executor: the destructor waits until every call of its drivers is answered.
class SessionService {
 public:
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>) &&>;

  // `environment`'s parts and `random` must outlive the service.
  SessionService(SessionEnvironment environment, RandomSource& random);
  ~SessionService();

  // Checks what can be checked of an `open` without the store: the token's form, the remote, and
  // the backend's rules for the object. INVALID_ARGUMENT and the errors of Backend::CheckObject.
  absl::Status CheckOpen(const std::string& token, const OpenFrame& open) const;

  // Counts one more stream in the memory budget, before anything of it is read. UNAVAILABLE while
  // draining, RESOURCE_EXHAUSTED / TOO_MANY_STREAMS when the budget carries no more.
  absl::StatusOr<MemoryLease> Admit();

  // Begins to serve a stream that was admitted. Its frames, `open` first, go to the input.
  std::shared_ptr<StreamInput> Start(const std::string& principal, const std::string& token,
                                     std::shared_ptr<PutStream> stream, MemoryLease admitted);

  // Both at once.
  absl::StatusOr<std::shared_ptr<StreamInput>> Start(const std::string& principal,
                                                     const std::string& token,
                                                     std::shared_ptr<PutStream> stream);

  // Which session a request names: by token, or (when that is empty) by session id.
  struct SessionName {
    std::string principal;
    std::string token;
    std::string session_id;
  };

  // NOT_FOUND / SESSION_NOT_FOUND.
  void Get(const SessionName& name, Done<SessionView> done);

  void List(const SessionQuery& query, Done<SessionViews> done);

  // Discards a session and its parts. An ended one is answered as it is; one that is being finished
  // is resolved first, UNAVAILABLE when it cannot be.
  void Abort(const SessionName& name, Done<SessionView> done);

  // Refuses new streams from now on, brings what was received into the ledger, ends every stream
  // with the committed size, and calls `drained` when no driver is left.
  void Drain(absl::AnyInvocable<void() &&> drained);

  // Whether nothing is under way, or nothing was any more within `timeout`: not even what nobody
  // waits for, such as the discarding of an upload.
  bool AwaitIdle(absl::Duration timeout) { return in_flight_.AwaitFor(timeout); }

  const SessionEnvironment& environment() const { return environment_; }

  // What of the memory budget is in use.
  BufferBudget::Stats memory() const { return budget_->stats(); }

  // For the reaper.

  // A driver of this process has the session.
  bool Holds(const SessionKey& key);

  // Claims the session, if it is as it was `seen`, without a stream, which establishes the outcome
  // of one that is being finished. `done` is called when there is nothing more to do for now.
  void Resolve(const SessionRecord& seen, const SessionKey& key, Session::Purpose purpose,
               absl::AnyInvocable<void() &&> done);

  // Has the backend discard an upload, and the store note it. `pass` is held until then.
  void DiscardUpload(const SessionKey& key, const DeadUpload& upload, std::shared_ptr<void> pass);

  // Held by whatever will call back, so that the destructor waits for it.
  std::shared_ptr<void> Busy() { return in_flight_.Begin(); }

 private:
  // The driver that owns a session in this process, as far as it knows.
  struct Owner {
    SessionDriver* driver = nullptr;
    std::string session_id;
    int64_t epoch = 0;
  };

  friend class StreamInput;

  // Brings the first frame of a stream to the driver that holds the session, or (with `fresh`, or
  // when there is none) to a new one.
  void Route(const std::shared_ptr<StreamInput>& input, ClientFrame first, bool fresh);

  SessionIds DrawIds(const std::string& principal);
  std::shared_ptr<SessionDriver> MakeDriver(const std::string& principal, SessionKey key,
                                            std::shared_ptr<PutStream> stream,
                                            Session::Purpose purpose);
  // A driver that was not released yet; null for others.
  std::shared_ptr<SessionDriver> Held(SessionDriver* driver) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnOwner(SessionDriver& driver, const SessionRecord& record, bool tentative);
  void OnAttachment(SessionDriver& driver, bool attached);
  void OnGrowth(SessionDriver& driver, bool grown);
  void OnMemoryShort();
  void OnReleased(SessionDriver& driver);
  bool IsConnected(const std::string& session_id);
  void Find(const SessionName& name, SessionStore::FoundDone done);
  void AbortFound(const SessionName& name, const SessionKey& key, const std::string& session_id,
                  bool may_resolve, Done<SessionView> done);
  void EndHere(const SessionKey& key, const SessionRecord& record);

  const std::unique_ptr<BufferBudget> budget_;
  const SessionEnvironment environment_;
  RandomSource& random_;
  InFlight in_flight_;

  Mutex mutex_;  // guards what follows
  std::map<SessionDriver*, std::shared_ptr<SessionDriver>> drivers_ ABSL_GUARDED_BY(mutex_);
  std::map<SessionKey, Owner> owners_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, SessionDriver*> owned_ids_ ABSL_GUARDED_BY(mutex_);  // those of owners_
  std::set<SessionDriver*> detached_ ABSL_GUARDED_BY(mutex_);                // whose stream is gone
  std::set<SessionDriver*> grown_ ABSL_GUARDED_BY(mutex_);  // with more parts than at first
  std::map<SessionDriver*, absl::AnyInvocable<void() &&>> after_release_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::AnyInvocable<void() &&> drained_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SESSION_SERVICE_H_
