#ifndef PENSTOCK_SERVER_STORE_ONE_SESSION_H_
#define PENSTOCK_SERVER_STORE_ONE_SESSION_H_

// For the tests of ApplyWrite.

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "server/store/kept_session.h"
#include "tests/support/store_calls.h"

namespace penstock {

inline constexpr SessionState kAllStates[] = {SessionState::kOpen,     SessionState::kFinishing,
                                              SessionState::kFinished, SessionState::kAborted,
                                              SessionState::kFailed,   SessionState::kExpired};

// One session, as a store would hold it.
class OneSession : public KeptSession {
 public:
  // A record with an epoch of 3, two rows in its ledger, and an upload.
  static OneSession In(SessionState state) {
    OneSession session;
    session.record = TestRecord("alice", "id");
    session.record->fence = {3, TestNonce("owner")};
    session.record->upload_id = "upload";
    session.record->reserved_number = 10;
    EXPECT_EQ(session.Do(TestCommit(*session.record, 1, 2)).code, StoreCode::kOk);
    session.record->state = state;
    if (Ended(state)) session.record->upload_id.clear();
    if (state == SessionState::kFinishing || state == SessionState::kFinished) {
      session.record->seal = session.ListSeal();
    }
    if (state == SessionState::kFinished) session.record->result = session.Result();
    if (state == SessionState::kFailed) session.record->failure_reason = "REASON";
    return session;
  }

  StoreAnswer Do(const SessionWrite& write) {
    WriteEffect effect = ApplyWrite(record, write, Reader());
    changed = effect.changed;
    if (effect.answer.code != StoreCode::kOk) {
      EXPECT_FALSE(changed) << "a refusal changes nothing";
      EXPECT_NE(effect.answer.message, "");
    }
    CarryOut(effect);
    return std::move(effect.answer);
  }

  LedgerPosition position() const { return PositionOf(*record); }
  Seal ListSeal() const {
    return {false, record->committed_size, record->committed_crc64, absl::InfinitePast()};
  }
  PublishedObject Result() const {
    return {record->committed_size, record->committed_crc64, "etag", "", "request", TestTime()};
  }

  bool changed = false;  // by the last write
};

// What becomes of its upload when it ends.
inline std::vector<DeadUpload> OnlyDeadUpload() {
  return {{"remote", {"bucket", "object"}, "upload", 0}};
}

// A session that was inserted sealed as a single put.
inline OneSession SealedPut() {
  OneSession session;
  SessionRecord record = TestRecord("alice", "id");
  record.state = SessionState::kFinishing;
  record.reserved_number = 0;
  record.seal = Seal{true, 5, 0x1234, TestTime()};
  EXPECT_EQ(session.Do(CreateSession{record}).code, StoreCode::kOk);
  return session;
}

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_ONE_SESSION_H_
