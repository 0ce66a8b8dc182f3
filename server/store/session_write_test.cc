#include "server/store/session_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "server/store/one_session.h"

namespace penstock {
namespace {

// Every write of an owner, as it would be right for `session`.
std::vector<SessionWrite> OwnersWrites(const OneSession& session) {
  const LedgerPosition at = session.position();
  return {SetUpload{at, "other", TestTime()},
          TestCommit(*session.record, 3, 1),
          SealSession{at, session.ListSeal(), TestTime()},
          RenewPut{at, TestTime(), TestTime()},
          FinishSession{at, session.Result(), false, TestTime()},
          FailSession{at, "OTHER", "message", TestTime()},
          TestTail(*session.record, "tail"),
          TouchSession{at, TestTime()}};
}

template <typename Change>
SessionWrite WithPosition(SessionWrite write, Change change) {
  std::visit(
      [&](auto& known) {
        if constexpr (requires { known.position; }) change(known.position);
      },
      write);
  return write;
}

TEST(SessionWriteTest, EveryWriteButCreateNeedsASession) {
  std::vector<SessionWrite> writes = OwnersWrites(OneSession::In(SessionState::kOpen));
  writes.push_back(TestClaim("new"));
  writes.push_back(AbortSession{"", TestNonce("new"), TestTime()});
  writes.push_back(ExpireSession{{1, TestNonce("first")}, TestNonce("new"), TestTime()});
  writes.push_back(StartOver{
      {1, TestNonce("first")}, SessionState::kFailed, TestRecord("alice", "next"), TestTime()});
  writes.push_back(UploadAborted{"upload", TestTime()});
  writes.push_back(UploadNotAborted{"upload", TestTime()});
  writes.push_back(ForgetSession{{1, TestNonce("first")}, TestTime()});
  for (const SessionWrite& write : writes) {
    OneSession none;
    EXPECT_EQ(none.Do(write).code, StoreCode::kNotFound) << write.index();
  }
}

TEST(SessionWriteTest, OwnersWritesCompareTheWholePosition) {
  const std::pair<const char*, void (*)(LedgerPosition&)> changes[] = {
      {"older epoch", [](LedgerPosition& at) { --at.fence.epoch; }},
      {"newer epoch", [](LedgerPosition& at) { ++at.fence.epoch; }},
      {"nonce", [](LedgerPosition& at) { at.fence.nonce = TestNonce("other"); }},
  };
  for (const SessionState state : kAllStates) {
    for (const auto& [name, change] : changes) {
      OneSession session = OneSession::In(state);
      for (const SessionWrite& write : OwnersWrites(session)) {
        const StoreAnswer answer = session.Do(WithPosition(write, change));
        EXPECT_EQ(answer.code, StoreCode::kFenced) << name << ", write " << write.index();
        EXPECT_EQ(answer.record, session.record) << "the one in the way is told";
      }
    }
  }
}

TEST(SessionWriteTest, LateWritesOfTheOwnerAreFenced) {
  OneSession session = OneSession::In(SessionState::kOpen);
  std::vector<SessionWrite> late = OwnersWrites(session);
  SessionWrite other_rows = TestCommit(*session.record, 4, 1);
  ASSERT_EQ(session.Do(TestCommit(*session.record, 3, 1)).code, StoreCode::kOk);
  late[1] = other_rows;  // of the same sequence, but not those that were committed
  for (const SessionWrite& write : late) {
    EXPECT_EQ(session.Do(write).code, StoreCode::kFenced) << write.index();
  }
}

TEST(SessionWriteTest, OwnersWritesNeedTheirState) {
  // In the order of OwnersWrites; the session has an upload id and no single put.
  const std::vector<std::vector<SessionState>> allowed = {
      {},
      {SessionState::kOpen},
      {SessionState::kOpen, SessionState::kFinishing},  // the second as a repeat
      {},
      {SessionState::kFinishing, SessionState::kFinished},  // likewise
      {SessionState::kOpen, SessionState::kFinishing},
      {SessionState::kOpen},
      {SessionState::kOpen}};
  for (const SessionState state : kAllStates) {
    for (size_t i = 0; i < allowed.size(); ++i) {
      OneSession session = OneSession::In(state);
      const StoreCode code = session.Do(OwnersWrites(session)[i]).code;
      const bool good = testing::Value(allowed[i], testing::Contains(state));
      EXPECT_EQ(code, good ? StoreCode::kOk : StoreCode::kWrongState)
          << "write " << i << " in state " << static_cast<int>(state);
    }
  }
}

TEST(SessionWriteTest, CreateInsertsAndRecognisesItsRepeat) {
  OneSession session;
  const CreateSession create{TestRecord("alice", "id")};
  EXPECT_EQ(session.Do(create).code, StoreCode::kOk);
  EXPECT_EQ(session.record, create.record);
  EXPECT_EQ(session.Do(create).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
  const StoreAnswer taken = session.Do(CreateSession{TestRecord("alice", "other id")});
  EXPECT_EQ(taken.code, StoreCode::kExists);
  EXPECT_EQ(taken.record, create.record);
}

TEST(SessionWriteTest, CreateIsNoRepeatOnceAnotherOwnsTheSession) {
  OneSession session;
  const CreateSession create{TestRecord("alice", "id")};
  session.Do(create);
  session.Do(TestClaim("second"));
  EXPECT_EQ(session.Do(create).code, StoreCode::kExists);
}

TEST(SessionWriteTest, CreateTakesOnlyWhatASessionBeginsAs) {
  const std::pair<void (*)(SessionRecord&), StoreCode> rows[] = {
      {[](SessionRecord&) {}, StoreCode::kOk},
      {[](SessionRecord& r) { r.state = SessionState::kFailed; }, StoreCode::kOk},
      {[](SessionRecord& r) {
         r.state = SessionState::kFinishing;
         r.seal = Seal{true, 1, 1, TestTime()};
       },
       StoreCode::kOk},
      {[](SessionRecord& r) { r.state = SessionState::kFinishing; }, StoreCode::kCorrupt},
      {[](SessionRecord& r) {
         r.state = SessionState::kFinishing;
         r.seal = Seal{};
       },
       StoreCode::kCorrupt},
      {[](SessionRecord& r) { r.state = SessionState::kFinished; }, StoreCode::kCorrupt},
      {[](SessionRecord& r) { r.fence.epoch = 2; }, StoreCode::kCorrupt},
      {[](SessionRecord& r) { r.next_sequence = 1; }, StoreCode::kCorrupt},
      {[](SessionRecord& r) { r.committed_size = 1; }, StoreCode::kCorrupt},
  };
  for (const auto& [change, code] : rows) {
    OneSession session;
    CreateSession create{TestRecord("alice", "id")};
    change(create.record);
    EXPECT_EQ(session.Do(create).code, code) << "state " << static_cast<int>(create.record.state)
                                             << ", epoch " << create.record.fence.epoch;
  }
}

TEST(SessionWriteTest, SetUploadIsSetOnce) {
  OneSession session = OneSession::In(SessionState::kOpen);
  session.record->upload_id.clear();
  const SetUpload set{session.position(), "one", TestTime()};
  EXPECT_EQ(session.Do(set).code, StoreCode::kOk);
  EXPECT_EQ(session.record->upload_id, "one");
  EXPECT_EQ(session.Do(set).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
  EXPECT_EQ(session.Do(SetUpload{session.position(), "two", TestTime()}).code,
            StoreCode::kWrongState);
}

TEST(SessionWriteTest, CommitAppendsAndExtendsTheReservation) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const SessionRecord before = *session.record;
  CommitParts commit = TestCommit(before, 4, 3);
  commit.reserve_to = 17;
  const StoreAnswer answer = session.Do(commit);
  ASSERT_EQ(answer.code, StoreCode::kOk);
  EXPECT_EQ(answer.record->next_sequence, 5);
  EXPECT_EQ(answer.record->committed_size, 5000);
  EXPECT_EQ(answer.record->reserved_number, 17);
  EXPECT_EQ(answer.record->update_time, commit.now);
  uint64_t crc64 = 0;
  for (const PartRecord& row : session.ledger) crc64 = CombineCrc64(crc64, row.crc64, row.size);
  EXPECT_EQ(answer.record->committed_crc64, crc64);
  EXPECT_EQ(session.ledger.size(), 5u);
}

TEST(SessionWriteTest, CommitNeverLowersTheReservation) {
  OneSession session = OneSession::In(SessionState::kOpen);
  CommitParts commit = TestCommit(*session.record, 3, 1);
  commit.reserve_to = 5;
  session.Do(commit);
  EXPECT_EQ(session.record->reserved_number, 10);
}

TEST(SessionWriteTest, RepeatedCommitIsASuccessWithoutEffect) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const CommitParts commit = TestCommit(*session.record, 3, 2);
  session.Do(commit);
  const SessionRecord before = *session.record;
  const StoreAnswer answer = session.Do(commit);
  EXPECT_EQ(answer.code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
  EXPECT_EQ(answer.record, before);
  EXPECT_EQ(session.ledger.size(), 4u);
}

TEST(SessionWriteTest, RepeatedCommitOfAnOwnerThatLostItsSessionIsFenced) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const CommitParts commit = TestCommit(*session.record, 3, 2);
  session.Do(commit);
  session.Do(TestClaim("new"));
  EXPECT_EQ(session.Do(commit).code, StoreCode::kFenced);
}

TEST(SessionWriteTest, CommitRefusesRowsThatDoNotContinueTheLedger) {
  void (*const changes[])(CommitParts&) = {
      [](CommitParts& c) { ++c.rows[0].sequence; },
      [](CommitParts& c) { ++c.rows[1].sequence; },
      [](CommitParts& c) { ++c.rows[0].offset; },
      [](CommitParts& c) { --c.rows[1].offset; },
      [](CommitParts& c) { c.rows[1].size = -1; },
      [](CommitParts& c) { c.rows[1].number = c.rows[0].number; },
      [](CommitParts& c) { c.rows[0].number = 0; },
      [](CommitParts& c) { c.rows[1].number = 11; },  // 10 are reserved
  };
  for (const auto& change : changes) {
    OneSession session = OneSession::In(SessionState::kOpen);
    CommitParts commit = TestCommit(*session.record, 3, 2);
    change(commit);
    EXPECT_EQ(session.Do(commit).code, StoreCode::kCorrupt) << "change " << &change - changes;
  }
}

TEST(SessionWriteTest, SealFixesTheLedgerAsItIs) {
  OneSession session = OneSession::In(SessionState::kOpen);
  Seal other = session.ListSeal();
  ++other.size;
  EXPECT_EQ(session.Do(SealSession{session.position(), other, TestTime()}).code,
            StoreCode::kCorrupt);
  other = session.ListSeal();
  ++other.crc64;
  EXPECT_EQ(session.Do(SealSession{session.position(), other, TestTime()}).code,
            StoreCode::kCorrupt);
  const SealSession seal{session.position(), session.ListSeal(), TestTime()};
  EXPECT_EQ(session.Do(seal).code, StoreCode::kOk);
  EXPECT_EQ(session.record->state, SessionState::kFinishing);
  EXPECT_EQ(session.record->seal, seal.seal);
  EXPECT_EQ(session.Do(seal).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
}

TEST(SessionWriteTest, SinglePutNeedsAnEmptyLedger) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const Seal put{true, 5, 6, TestTime()};
  EXPECT_EQ(session.Do(SealSession{session.position(), put, TestTime()}).code, StoreCode::kCorrupt);
  OneSession empty;
  empty.record = TestRecord("alice", "id");
  EXPECT_EQ(empty.Do(SealSession{empty.position(), put, TestTime()}).code, StoreCode::kOk);
}

TEST(SessionWriteTest, RenewedPutIsValidForTheLongerTime) {
  OneSession session = SealedPut();
  const absl::Time later = TestTime() + absl::Minutes(15);
  EXPECT_EQ(session.Do(RenewPut{session.position(), later, TestTime()}).code, StoreCode::kOk);
  EXPECT_EQ(session.record->seal->put_valid_until, later);
  EXPECT_EQ(session.Do(RenewPut{session.position(), TestTime(), TestTime()}).code, StoreCode::kOk);
  EXPECT_EQ(session.record->seal->put_valid_until, later);
}

TEST(SessionWriteTest, FinishRecordsTheResultOnce) {
  OneSession session = OneSession::In(SessionState::kFinishing);
  const FinishSession finish{session.position(), session.Result(), false, TestTime()};
  EXPECT_EQ(session.Do(finish).code, StoreCode::kOk);
  EXPECT_EQ(session.record->state, SessionState::kFinished);
  EXPECT_EQ(session.record->result, finish.result);
  EXPECT_EQ(session.record->upload_id, "");
  EXPECT_EQ(session.Do(finish).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
  FinishSession other = finish;
  other.result.etag = "other";
  EXPECT_EQ(session.Do(other).code, StoreCode::kWrongState);
}

TEST(SessionWriteTest, FinishOfASinglePutIsRecognisedThoughItMovedTheCommittedSize) {
  OneSession session = SealedPut();
  const FinishSession finish{
      session.position(), {5, 0x1234, "etag", "", "", TestTime()}, false, {}};
  EXPECT_EQ(session.Do(finish).code, StoreCode::kOk);
  EXPECT_EQ(session.record->committed_size, 5);
  EXPECT_EQ(session.record->committed_crc64, 0x1234u);
  EXPECT_EQ(session.Do(finish).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
}

TEST(SessionWriteTest, FinishRefusesAResultThatWasNotSealed) {
  OneSession session = OneSession::In(SessionState::kFinishing);
  FinishSession finish{session.position(), session.Result(), false, TestTime()};
  --finish.result.size;
  EXPECT_EQ(session.Do(finish).code, StoreCode::kCorrupt);
  finish.result = session.Result();
  ++finish.result.crc64;
  EXPECT_EQ(session.Do(finish).code, StoreCode::kCorrupt);
}

TEST(SessionWriteTest, FinishTellsWhetherAPutMayStillCome) {
  for (const bool settled : {false, true}) {
    OneSession session = SealedPut();
    const FinishSession finish{
        session.position(), {5, 0x1234, "etag", "", "", TestTime()}, settled, TestTime()};
    EXPECT_EQ(session.Do(finish).code, StoreCode::kOk);
    EXPECT_EQ(session.record->seal->put_valid_until, settled ? absl::InfinitePast() : TestTime());
    EXPECT_EQ(session.Do(finish).code, StoreCode::kOk);
    EXPECT_FALSE(session.changed);
  }
}

TEST(SessionWriteTest, UploadThatASinglePutDidNotNeedIsDead) {
  OneSession session = SealedPut();
  session.record->upload_id = "upload";
  session.Do(
      FinishSession{session.position(), {5, 0x1234, "etag", "", "", TestTime()}, true, TestTime()});
  EXPECT_EQ(session.record->upload_id, "");
  EXPECT_EQ(session.record->dead_uploads, OnlyDeadUpload());
}

TEST(SessionWriteTest, FailLeavesADeadUpload) {
  OneSession session = OneSession::In(SessionState::kFinishing);
  const FailSession fail{session.position(), "REASON", "message", TestTime()};
  EXPECT_EQ(session.Do(fail).code, StoreCode::kOk);
  EXPECT_EQ(session.record->state, SessionState::kFailed);
  EXPECT_EQ(session.record->failure_reason, "REASON");
  EXPECT_EQ(session.record->failure_message, "message");
  EXPECT_EQ(session.record->upload_id, "");
  EXPECT_EQ(session.record->dead_uploads, OnlyDeadUpload());
  EXPECT_EQ(session.Do(fail).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
}

TEST(SessionWriteTest, AbortFencesTheOwnerAndIsRepeatable) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const CommitParts commit = TestCommit(*session.record, 3, 1);
  const AbortSession abort{"", TestNonce("abort"), TestTime()};
  EXPECT_EQ(session.Do(abort).code, StoreCode::kOk);
  EXPECT_EQ(session.record->state, SessionState::kAborted);
  EXPECT_EQ(session.record->fence, (Fence{4, TestNonce("abort")}));
  EXPECT_EQ(session.record->upload_id, "");
  EXPECT_EQ(session.record->dead_uploads, OnlyDeadUpload());
  EXPECT_EQ(session.Do(commit).code, StoreCode::kFenced);
  EXPECT_EQ(session.Do(abort).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
}

TEST(SessionWriteTest, AbortLeavesEndedSessionsAndWaitsForThoseBeingFinished) {
  for (const SessionState state : kAllStates) {
    if (state == SessionState::kOpen) continue;
    OneSession session = OneSession::In(state);
    const StoreCode code = session.Do(AbortSession{"", TestNonce("abort"), TestTime()}).code;
    EXPECT_EQ(code, Ended(state) ? StoreCode::kOk : StoreCode::kWrongState);
    EXPECT_FALSE(session.changed);
  }
}

TEST(SessionWriteTest, UpdateTimeNeverGoesBack) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const absl::Time before = session.record->update_time;
  ClaimSession claim = TestClaim("new");
  claim.now = before - absl::Hours(1);
  EXPECT_EQ(session.Do(claim).code, StoreCode::kOk);
  EXPECT_EQ(session.record->update_time, before);
}

}  // namespace
}  // namespace penstock
