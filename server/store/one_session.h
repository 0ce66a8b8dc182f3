#ifndef PENSTOCK_SERVER_STORE_ONE_SESSION_H_
#define PENSTOCK_SERVER_STORE_ONE_SESSION_H_

// For the tests of ApplyWrite.

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "server/store/session_write.h"
#include "tests/support/store_calls.h"

namespace penstock {

inline constexpr SessionState kAllStates[] = {SessionState::kOpen,     SessionState::kFinishing,
                                              SessionState::kFinished, SessionState::kAborted,
                                              SessionState::kFailed,   SessionState::kExpired};

// One session, as a store would hold it.
class OneSession {
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
    if (state == SessionState::kFinishing || state == SessionState::kFinished) {
      session.record->seal = session.ListSeal();
    }
    if (state == SessionState::kFinished) session.record->result = session.Result();
    if (state == SessionState::kFailed) session.record->failure_reason = "REASON";
    return session;
  }

  StoreAnswer Do(const SessionWrite& write) {
    WriteEffect effect = ApplyWrite(record, write, [this](int64_t first, int64_t count) {
      return std::vector<PartRecord>(ledger.begin() + first, ledger.begin() + first + count);
    });
    changed = effect.changed;
    if (effect.answer.code != StoreCode::kOk) {
      EXPECT_FALSE(changed) << "a refusal changes nothing";
      EXPECT_NE(effect.answer.message, "");
    }
    if (changed) {
      record = effect.answer.record;
      ledger.insert(ledger.end(), effect.new_rows.begin(), effect.new_rows.end());
    }
    return std::move(effect.answer);
  }

  LedgerPosition position() const { return PositionOf(*record); }
  Seal ListSeal() const {
    return {false, record->committed_size, record->committed_crc64, absl::InfinitePast()};
  }
  PublishedObject Result() const {
    return {record->committed_size, record->committed_crc64, "etag", "", "request", TestTime()};
  }

  std::optional<SessionRecord> record;
  std::vector<PartRecord> ledger;
  bool changed = false;  // by the last write
};

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
