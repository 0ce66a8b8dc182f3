#ifndef PENSTOCK_TESTS_SUPPORT_STORE_CALLS_H_
#define PENSTOCK_TESTS_SUPPORT_STORE_CALLS_H_

// Calls of a session store that wait for their answer, and the sessions that tests put into one.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "server/store/session_store.h"

namespace penstock {

// Each waits for the answer. Not for a thread of the store.
StoreAnswer WriteNow(SessionStore& store, const SessionKey& key, SessionWrite write);
StoreAnswer GetNow(SessionStore& store, const SessionKey& key);
struct FoundSession {
  StoreAnswer answer;
  SessionKey key;
};
FoundSession GetByIdNow(SessionStore& store, const std::string& principal,
                        const std::string& session_id);
absl::StatusOr<SessionPage> ListNow(SessionStore& store, const SessionQuery& query);
absl::StatusOr<std::vector<KeyedSession>> DueNow(SessionStore& store, const DueQuery& query);
absl::StatusOr<std::set<std::string>> OwnedUploadsNow(SessionStore& store,
                                                      const std::vector<std::string>& upload_ids);

// The time at which the sessions of tests begin.
absl::Time TestTime();

// 16 bytes that begin with `name`.
std::string TestNonce(const std::string& name);

// A new open session of `principal` with the public name `session_id`, epoch 1, TestNonce("first")
// and 4 reserved numbers, begun at TestTime(); putting the object `key` into bucket "bucket" of
// remote "remote".
SessionRecord TestRecord(const std::string& principal, const std::string& session_id,
                         const std::string& key = "object");

// The same with a value in every field, none of them a default, some of them no UTF-8. Not
// a session that could come about.
SessionRecord FullRecord();

// Where the ledger of a session ends, as its owner knows it.
LedgerPosition PositionOf(const SessionRecord& record);

// A claim of four part numbers at TestTime(), by the owner TestNonce(name).
ClaimSession TestClaim(const std::string& name);

// A commit of `count` rows of `size` bytes each at the end of the session's ledger, numbered from
// `first_number` on, which reserves two more numbers.
CommitParts TestCommit(const SessionRecord& record, int32_t first_number, int count,
                       int64_t size = 1000);

// Keeps `bytes` as the tail of the session, a second after TestTime().
SaveTail TestTail(const SessionRecord& record, const std::string& bytes);

}  // namespace penstock

#endif  // PENSTOCK_TESTS_SUPPORT_STORE_CALLS_H_
