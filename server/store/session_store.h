#ifndef PENSTOCK_SERVER_STORE_SESSION_STORE_H_
#define PENSTOCK_SERVER_STORE_SESSION_STORE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/store/session_key.h"
#include "server/store/session_write.h"

namespace penstock {

// Takes the answer of a store, exactly once, on a thread of the store, never from within the call.
// Must not block.
using StoreDone = absl::AnyInvocable<void(StoreAnswer) &&>;

// Which sessions to list. Every given field must match.
struct SessionQuery {
  std::string principal;
  std::vector<SessionState> states;  // empty: all
  std::string remote;                // empty: all, as the next two
  std::string bucket;
  std::string key_prefix;
  int page_size = 100;
  std::string page_token;  // empty, or next_page_token of the page before
};

struct SessionPage {
  std::vector<SessionRecord> sessions;
  std::string next_page_token;  // empty: this was the last one
};

// A session and the key it is kept under.
struct KeyedSession {
  SessionKey key;
  SessionRecord record;
};

// Which sessions of all principals to look after: those whose reap_time is not after `now`, in the
// order of reap_time and key.
struct DueQuery {
  absl::Time now;
  int limit = 100;
  // Only what comes behind these two: of the last one of the answer before.
  absl::Time after_time = absl::InfinitePast();
  SessionKey after_key = {};
};

// Keeps sessions durably. Thread-safe; every call returns at once and answers through its callback.
//
// A store is linearizable: a write's answer is kOk only once it is durable and every later call,
// through any server, sees it. A store decides inside its transaction, by ApplyWrite, never by a
// read before it. The destructor answers what is still queued (kUnavailable if it was not begun)
// and waits.
class SessionStore {
 public:
  virtual ~SessionStore() = default;

  // Applies one write to the session `key` in one transaction. kUnknown means that it may have
  // happened: repeat it with equal arguments.
  virtual void Write(const SessionKey& key, SessionWrite write, StoreDone done) = 0;

  // Reads a session: kOk or kNotFound (or kUnavailable, kCorrupt). Never older than any write
  // answered before. To tell, never to decide.
  virtual void Get(const SessionKey& key, StoreDone done) = 0;

  // The same by the public name; kNotFound also when it is another principal's. Answers the key
  // too.
  using FoundDone = absl::AnyInvocable<void(StoreAnswer, SessionKey) &&>;
  virtual void GetById(const std::string& principal, const std::string& session_id,
                       FoundDone done) = 0;

  // Lists sessions, in an order that pages can rely on while sessions come and go. INVALID_ARGUMENT
  // / BAD_PAGE_TOKEN for a page token that no page gave.
  using PageDone = absl::AnyInvocable<void(absl::StatusOr<SessionPage>) &&>;
  virtual void List(const SessionQuery& query, PageDone done) = 0;

  // To find, never to decide: whoever acts on it writes with a comparison.
  using DueDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<KeyedSession>>) &&>;
  virtual void Due(const DueQuery& query, DueDone done) = 0;

  // Which of `upload_ids` belong to a session (UploadsOf) of any principal, in any state. Costs as
  // much as what is asked for, however many sessions there are. What is not in the answer was no
  // session's when it was given, and becomes one's only by a SetUpload that is still under way.
  // DATA_LOSS / STORE_CORRUPT where a session that cannot be read may own any of them: nobody knows
  // then.
  using OwnedDone = absl::AnyInvocable<void(absl::StatusOr<std::set<std::string>>) &&>;
  virtual void OwnedUploads(std::vector<std::string> upload_ids, OwnedDone done) = 0;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SESSION_STORE_H_
