#ifndef PENSTOCK_SERVER_SESSION_SERVICE_TEST_UTIL_H_
#define PENSTOCK_SERVER_SESSION_SERVICE_TEST_UTIL_H_

// What tests above the session core share: a store and a backend in memory that work like the real
// ones and answer on threads of their own.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "plugin/backend.h"
#include "server/store/kept_session.h"
#include "server/store/session_store.h"

namespace penstock {

// A store in memory under the real rules. Thread-safe.
class MemoryStore final : public SessionStore {
 public:
  void Write(const SessionKey& key, SessionWrite write, StoreDone done) override;
  void Get(const SessionKey& key, StoreDone done) override;
  void GetById(const std::string& principal, const std::string& session_id,
               FoundDone done) override;
  void List(const SessionQuery& query, PageDone done) override;
  void Due(const DueQuery& query, DueDone done) override;
  void OwnedUploads(std::vector<std::string> upload_ids, OwnedDone done) override;

  // Every call is answered with `code` from now on, and does nothing; kOk ends that.
  void FailWith(StoreCode code);

  // The answers to the next `count` writes wait for GiveNewestAnswer.
  void HoldAnswers(int count);
  // Blocks until all of them are held (at first), and gives that of the latest write.
  void GiveNewestAnswer();

  // What is stored under a token; nullopt: nothing.
  std::optional<SessionRecord> Find(const std::string& principal, const std::string& token);

  // Blocks until `accepts` is true of it.
  void Await(const std::string& principal, const std::string& token,
             const std::function<bool(const SessionRecord&)>& accepts);

 private:
  StoreAnswer Apply(const SessionKey& key, const SessionWrite& write)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;  // guards what follows
  std::map<SessionKey, KeptSession> entries_ ABSL_GUARDED_BY(mutex_);
  StoreCode fail_with_ ABSL_GUARDED_BY(mutex_) = StoreCode::kOk;
  int to_hold_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Closure> held_ ABSL_GUARDED_BY(mutex_);

  const std::unique_ptr<Executor> thread_ = MakeThreadPool(1);  // last: its closures use the rest
};

// A backend in memory. Thread-safe. Calls are named "initiate", "part", "complete", "abort",
// "prepare", "put", "stat", "delete", "list_parts" and "list_uploads".
class FakeBackend final : public Backend {
 public:
  FakeBackend();

  // Calls of this name wait before their effect, from now until Release.
  void Hold(const std::string& call);
  void Release(const std::string& call);
  // Blocks until so many calls of this name wait.
  void AwaitHeld(const std::string& call, int count = 1);

  // Calls of this name fail, without an effect, until an OK is set.
  void FailWith(const std::string& call, const absl::Status& status);

  // Uploads are listed as if they had been initiated so long ago.
  void SetUploadAge(absl::Duration age);

  std::optional<std::string> Find(const std::string& key);
  std::set<std::string> uploads();

  const Capabilities& capabilities() const override { return capabilities_; }
  absl::Status CheckObject(const ObjectName& object,
                           const ObjectAttributes& attributes) const override;
  void InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                      const std::string& mark, Done<std::string> done) override;
  void UploadPart(const ObjectName& object, const std::string& upload_id, int32_t number,
                  std::shared_ptr<const Buffer> body, Done<std::string> done) override;
  void CompleteUpload(const ObjectName& object, const std::string& upload_id,
                      const std::vector<PartReference>& parts, const ObjectAttributes& attributes,
                      Done<ObjectStat> done) override;
  void AbortUpload(const ObjectName& object, const std::string& upload_id,
                   DoneStatus done) override;
  void ListParts(const ObjectName& object, const std::string& upload_id,
                 Done<std::vector<ListedPart>> done) override;
  void ListUploads(const std::string& bucket, const std::string& prefix, const std::string& page,
                   Done<ListedUploads> done) override;
  void PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                  const std::string& mark, std::shared_ptr<const Buffer> body,
                  Done<std::unique_ptr<PreparedPut>> done) override;
  void Stat(const ObjectName& object, Done<ObjectStat> done) override;
  void Delete(const ObjectName& object, DoneStatus done) override;

 private:
  class Put;
  struct Upload {
    ObjectName object;
    std::string mark;
    std::map<int32_t, std::string> parts;
  };
  struct Object {
    std::string mark;
    std::string bytes;
  };

  // Does `effect` on the backend's thread and hands over its answer, once calls of this name are
  // not held.
  template <typename T, typename Effect>
  void Call(const std::string& call, Done<T> done, Effect effect);
  void Enqueue(const std::string& call, Closure closure);
  absl::StatusOr<ObjectStat> Publish(const std::string& key, Object object)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static ObjectStat StatOf(const Object& object);

  Capabilities capabilities_;  // constant after construction

  Mutex mutex_;  // guards what follows
  std::set<std::string> held_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::string, Closure>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  absl::Duration upload_age_ ABSL_GUARDED_BY(mutex_);
  int next_upload_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<std::string, Upload> uploads_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Object> objects_ ABSL_GUARDED_BY(mutex_);

  const std::unique_ptr<Executor> thread_ = MakeThreadPool(1);  // last: its closures use the rest
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_SESSION_SERVICE_TEST_UTIL_H_
