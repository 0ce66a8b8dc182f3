// The life of one session, write by write.

#include "tests/conformance/store_suite.h"

#include "base/checksum.h"

namespace penstock {
namespace {

using testing::IsEmpty;

TEST_P(StoreSuite, UnknownSessionIsNotFound) {
  EXPECT_EQ(GetNow(store(), key_).code, StoreCode::kNotFound);
  EXPECT_EQ(Code(TestClaim("new")), StoreCode::kNotFound);
  EXPECT_EQ(GetNow(store(), key_).code, StoreCode::kNotFound) << "a claim inserts nothing";
}

TEST_P(StoreSuite, CreateInsertsOnce) {
  const SessionRecord record = Create();
  EXPECT_EQ(Stored(), record);
  EXPECT_EQ(Code(CreateSession{record}), StoreCode::kOk) << "its own repeat";
  SessionRecord other = TestRecord("alice", "other id");
  const StoreAnswer taken = Do(CreateSession{other});
  EXPECT_EQ(taken.code, StoreCode::kExists);
  EXPECT_EQ(taken.record, record);
  EXPECT_EQ(Stored(), record);
  EXPECT_EQ(GetByIdNow(store(), "alice", "other id").answer.code, StoreCode::kNotFound);
}

TEST_P(StoreSuite, CreateTakesASealedSinglePut) {
  SessionRecord record = TestRecord("alice", "id");
  record.state = SessionState::kFinishing;
  record.reserved_number = 0;
  record.seal = Seal{true, 5, 0x1234, TestTime()};
  ASSERT_EQ(Code(CreateSession{record}), StoreCode::kOk);
  const StoreAnswer claimed = Do(TestClaim("new"));
  EXPECT_EQ(claimed.code, StoreCode::kOk);
  EXPECT_EQ(claimed.record->seal, record.seal);
  EXPECT_THAT(claimed.ledger, IsEmpty());
}

TEST_P(StoreSuite, ClaimRaisesTheEpochAndReservesPastReservedNumbers) {
  SessionRecord record = Create();
  record = MustDo(TestCommit(record, 1, 2));
  const StoreAnswer claimed = Do(TestClaim("new"));
  ASSERT_EQ(claimed.code, StoreCode::kOk);
  EXPECT_EQ(claimed.record->fence, (Fence{2, TestNonce("new")}));
  EXPECT_GT(claimed.first_number, record.reserved_number);
  EXPECT_EQ(claimed.record->reserved_number, claimed.first_number + 3);
  EXPECT_EQ(claimed.ledger.size(), 2u);
  EXPECT_EQ(Stored(), claimed.record);
}

TEST_P(StoreSuite, RepeatedClaimWithTheSameNonceIsTheSameClaim) {
  Create();
  const StoreAnswer first = Do(TestClaim("new"));
  const StoreAnswer again = Do(TestClaim("new"));
  EXPECT_EQ(again.code, StoreCode::kOk);
  EXPECT_EQ(again.record, first.record);
  EXPECT_EQ(again.first_number, first.first_number);
  EXPECT_EQ(Stored(), first.record);
}

TEST_P(StoreSuite, DelayedOpenIsStaleAndChangesNothing) {
  Create();
  const SessionRecord record = MustDo(TestClaim("second"));
  ClaimSession delayed = TestClaim("delayed");
  delayed.expect_epoch = 1;
  EXPECT_EQ(Code(delayed), StoreCode::kStaleOpen);
  EXPECT_EQ(Stored(), record);
}

TEST_P(StoreSuite, OpenOfSomethingElseIsRefused) {
  const SessionRecord record = Create();
  ClaimSession claim = TestClaim("new");
  claim.expect_spec = record.spec;
  claim.expect_spec->object.bucket = "another";
  const StoreAnswer answer = Do(claim);
  EXPECT_EQ(answer.code, StoreCode::kSpecMismatch);
  EXPECT_EQ(answer.message, "bucket");
  EXPECT_EQ(Stored(), record);
}

TEST_P(StoreSuite, MoreClaimsThanTenAMinuteAreToldWhenToComeBack) {
  Create();
  for (int i = 0; i < kDefaultClaimsPerMinute; ++i) {
    ASSERT_EQ(Code(TestClaim("owner " + std::to_string(i))), StoreCode::kOk);
  }
  ClaimSession claim = TestClaim("one too many");
  const StoreAnswer busy = Do(claim);
  EXPECT_EQ(busy.code, StoreCode::kBusy);
  EXPECT_EQ(busy.retry_after, absl::Minutes(1));
  EXPECT_EQ(Stored().fence.epoch, 1 + kDefaultClaimsPerMinute);
  claim.now += busy.retry_after;
  EXPECT_EQ(Code(claim), StoreCode::kOk);
}

TEST_P(StoreSuite, UploadIdIsSetOnce) {
  const SessionRecord record = Create();
  const SetUpload set{PositionOf(record), "upload", TestTime()};
  EXPECT_EQ(MustDo(set).upload_id, "upload");
  EXPECT_EQ(Code(set), StoreCode::kOk);
  EXPECT_EQ(Code(SetUpload{PositionOf(record), "another", TestTime()}), StoreCode::kWrongState);
  EXPECT_EQ(Stored().upload_id, "upload");
}

TEST_P(StoreSuite, CommitsAppendToTheLedger) {
  SessionRecord record = Create();
  const CommitParts first = TestCommit(record, 1, 2);
  record = MustDo(first);
  const CommitParts second = TestCommit(record, 4, 1);
  record = MustDo(second);
  EXPECT_EQ(record.next_sequence, 3);
  EXPECT_EQ(record.committed_size, 3000);
  EXPECT_EQ(Stored(), record);
  std::vector<PartRecord> rows = first.rows;
  rows.insert(rows.end(), second.rows.begin(), second.rows.end());
  EXPECT_EQ(Do(TestClaim("new")).ledger, rows);
}

TEST_P(StoreSuite, RepeatedCommitHasNoFurtherEffect) {
  const SessionRecord record = Create();
  const CommitParts commit = TestCommit(record, 1, 2);
  const SessionRecord once = MustDo(commit);
  EXPECT_EQ(MustDo(commit), once);
  EXPECT_EQ(Do(TestClaim("new")).ledger, commit.rows);
}

TEST_P(StoreSuite, CommitsThatDoNotContinueTheLedgerAreRefused) {
  const SessionRecord record = Create();
  CommitParts gap = TestCommit(record, 1, 2);
  gap.rows.erase(gap.rows.begin());
  EXPECT_EQ(Code(gap), StoreCode::kCorrupt);
  EXPECT_EQ(Stored(), record);
}

TEST_P(StoreSuite, LateCommitOfTheOwnerIsFenced) {
  const SessionRecord record = Create();
  const CommitParts late = TestCommit(record, 2, 1);
  const SessionRecord after = MustDo(TestCommit(record, 1, 2));
  EXPECT_EQ(Code(late), StoreCode::kFenced);
  EXPECT_EQ(Stored(), after);
}

TEST_P(StoreSuite, EveryWriteOfAFormerOwnerIsFenced) {
  SessionRecord old = Create();
  old = MustDo(TestCommit(old, 1, 1));
  const SessionRecord record = MustDo(TestClaim("new"));
  const LedgerPosition at = PositionOf(old);
  const SessionWrite writes[] = {SetUpload{at, "upload", TestTime()},
                                 TestCommit(old, 2, 1),
                                 SealSession{at, SealOf(old), TestTime()},
                                 RenewPut{at, TestTime(), TestTime()},
                                 FinishSession{at, ResultOf(old), false, TestTime()},
                                 FailSession{at, "REASON", "message", TestTime()}};
  for (const SessionWrite& write : writes) {
    const StoreAnswer answer = Do(write);
    EXPECT_EQ(answer.code, StoreCode::kFenced) << "write " << write.index();
    EXPECT_EQ(answer.record, record);
  }
  EXPECT_EQ(Stored(), record);
  EXPECT_EQ(Do(TestClaim("newer")).ledger.size(), 1u);
}

TEST_P(StoreSuite, SealAndFinishAreRepeatableAndFinal) {
  SessionRecord record = Create();
  record = MustDo(SetUpload{PositionOf(record), "upload", TestTime()});
  record = MustDo(TestCommit(record, 1, 2));
  EXPECT_EQ(Code(FinishSession{PositionOf(record), ResultOf(record), false, TestTime()}),
            StoreCode::kWrongState);
  const SealSession seal{PositionOf(record), SealOf(record), TestTime()};
  EXPECT_EQ(MustDo(seal).state, SessionState::kFinishing);
  EXPECT_EQ(Code(seal), StoreCode::kOk);
  EXPECT_EQ(Code(TestCommit(record, 3, 1)), StoreCode::kWrongState);
  const FinishSession finish{PositionOf(record), ResultOf(record), false, TestTime()};
  const SessionRecord finished = MustDo(finish);
  EXPECT_EQ(finished.state, SessionState::kFinished);
  EXPECT_EQ(finished.upload_id, "");
  EXPECT_EQ(MustDo(finish), finished);
  EXPECT_EQ(Code(FailSession{PositionOf(record), "REASON", "message", TestTime()}),
            StoreCode::kWrongState);
  EXPECT_EQ(Stored(), finished);
}

TEST_P(StoreSuite, ResultIsAnsweredToEveryLaterOpen) {
  SessionRecord record = Create();
  record = MustDo(SealSession{PositionOf(record), SealOf(record), TestTime()});
  record = MustDo(FinishSession{PositionOf(record), ResultOf(record), false, TestTime()});
  for (const char* name : {"one", "two"}) {
    const StoreAnswer answer = Do(TestClaim(name));
    EXPECT_EQ(answer.code, StoreCode::kOk);
    EXPECT_EQ(answer.record, record) << "and nothing changes";
  }
}

TEST_P(StoreSuite, SinglePutIsRenewedAndFinished) {
  SessionRecord record = TestRecord("alice", "id");
  record.state = SessionState::kFinishing;
  record.seal = Seal{true, 5, 0x1234, TestTime()};
  ASSERT_EQ(Code(CreateSession{record}), StoreCode::kOk);
  const absl::Time later = TestTime() + absl::Minutes(15);
  record = MustDo(RenewPut{PositionOf(record), later, TestTime()});
  EXPECT_EQ(record.seal->put_valid_until, later);
  const FinishSession finish{
      PositionOf(record), {5, 0x1234, "e", "", "", TestTime()}, false, TestTime()};
  EXPECT_EQ(MustDo(finish).committed_size, 5);
  EXPECT_EQ(Code(finish), StoreCode::kOk);
  EXPECT_EQ(Code(RenewPut{PositionOf(Stored()), later, TestTime()}), StoreCode::kWrongState);
}

TEST_P(StoreSuite, FailureIsKeptAndItsUploadForgottenOnceAborted) {
  SessionRecord record = Create();
  record = MustDo(SetUpload{PositionOf(record), "upload", TestTime()});
  EXPECT_EQ(MustDo(UploadAborted{"upload", TestTime()}).upload_id, "upload") << "it is still open";
  const FailSession fail{PositionOf(record), "REASON", "message", TestTime()};
  record = MustDo(fail);
  EXPECT_EQ(record.state, SessionState::kFailed);
  EXPECT_EQ(record.failure_message, "message");
  EXPECT_EQ(MustDo(fail), record);
  EXPECT_EQ(Code(TestCommit(record, 1, 1)), StoreCode::kWrongState);
  EXPECT_EQ(record.upload_id, "");
  ASSERT_EQ(record.dead_uploads.size(), 1u);
  EXPECT_EQ(MustDo(UploadAborted{"another", TestTime()}), record);
  record.reap_time = MustDo(UploadNotAborted{"upload", TestTime()}).reap_time;
  EXPECT_GT(record.reap_time, TestTime());
  EXPECT_EQ(Stored(), record);
  record = MustDo(UploadAborted{"upload", TestTime()});
  ASSERT_EQ(record.dead_uploads.size(), 1u) << "a part may have been under way";
  EXPECT_EQ(record.dead_uploads[0].aborts, 1);
  record = MustDo(UploadAborted{"upload", record.reap_time});
  EXPECT_THAT(record.dead_uploads, IsEmpty());
  EXPECT_EQ(MustDo(UploadAborted{"upload", record.reap_time}), record);
}

TEST_P(StoreSuite, AbortFencesTheOwner) {
  const SessionRecord record = Create();
  const AbortSession abort{"", TestNonce("abort"), TestTime()};
  const SessionRecord aborted = MustDo(abort);
  EXPECT_EQ(aborted.state, SessionState::kAborted);
  EXPECT_EQ(aborted.fence.epoch, 2);
  EXPECT_EQ(Code(TestCommit(record, 1, 1)), StoreCode::kFenced);
  EXPECT_EQ(MustDo(abort), aborted);
  EXPECT_EQ(MustDo(AbortSession{"", TestNonce("again"), TestTime()}), aborted);
}

TEST_P(StoreSuite, AbortWaitsForASessionThatIsBeingFinished) {
  SessionRecord record = Create();
  record = MustDo(SealSession{PositionOf(record), SealOf(record), TestTime()});
  EXPECT_EQ(Code(AbortSession{"", TestNonce("abort"), TestTime()}), StoreCode::kWrongState);
  EXPECT_EQ(Stored(), record);
}

TEST_P(StoreSuite, EveryFieldSurvivesARestart) {
  // Only what a session begins with can be inserted; the rest comes from writes.
  SessionRecord record = FullRecord();
  record.state = SessionState::kOpen;
  record.fence.epoch = 1;
  record.next_sequence = 0;
  record.committed_size = 0;
  record.committed_crc64 = 0;
  record.result.reset();
  record.tail.reset();
  record.reserved_number = 4;
  const CreateSession create{record};
  record = MustDo(create);
  Reopen();
  EXPECT_EQ(Stored(), record);
  EXPECT_EQ(Code(create), StoreCode::kOk) << "a repeat is recognised to the bit";
  record = MustDo(TestCommit(record, 1, 2));
  Reopen();
  EXPECT_EQ(Stored(), record);
  record = MustDo(SealSession{PositionOf(record), SealOf(record), TestTime()});
  record = MustDo(FinishSession{PositionOf(record), ResultOf(record), false, TestTime()});
  Reopen();
  EXPECT_EQ(Stored(), record);
  const FoundSession found = GetByIdNow(store(), record.principal, record.session_id);
  EXPECT_EQ(found.answer.record, record);
  EXPECT_EQ(found.key, key_);
}

TEST_P(StoreSuite, LedgerSurvivesARestartToTheBit) {
  SessionRecord record = Create();
  CommitParts commit = TestCommit(record, 1, 3);
  commit.rows[0].crc64 = 0xffffffffffffffff;
  commit.rows[1].etag = std::string("\x00\xff'", 3);
  commit.rows[1].crc64 = 0x8000000000000000;
  commit.rows[2].etag = "";
  commit.rows[2].size = int64_t{1} << 40;
  record = MustDo(commit);
  Reopen();
  const StoreAnswer claimed = Do(TestClaim("new"));
  EXPECT_EQ(claimed.ledger, commit.rows);
  EXPECT_EQ(claimed.record->committed_size, record.committed_size);
  EXPECT_EQ(Code(commit), StoreCode::kFenced);
}

TEST_P(StoreSuite, LargestLedgerIsClaimedWhole) {
  constexpr int kParts = 10'000;
  constexpr int kBatch = 100;
  SessionRecord record = Create();
  record.reserved_number = kParts;
  for (int first = 1; first <= kParts; first += kBatch) {
    CommitParts commit = TestCommit(record, first, kBatch);
    // Numbers are reserved by the commit before.
    commit.reserve_to = first + 2 * kBatch;
    if (first == 1) {
      CommitParts reserve = commit;
      reserve.rows.clear();
      MustDo(reserve);
    }
    record = MustDo(commit);
  }
  Reopen();
  const StoreAnswer claimed = Do(TestClaim("new"));
  ASSERT_EQ(claimed.code, StoreCode::kOk) << claimed.message;
  ASSERT_EQ(claimed.ledger.size(), static_cast<size_t>(kParts));
  uint64_t crc64 = 0;
  for (const PartRecord& row : claimed.ledger) crc64 = CombineCrc64(crc64, row.crc64, row.size);
  EXPECT_EQ(crc64, claimed.record->committed_crc64);
  EXPECT_EQ(claimed.ledger.back().number, kParts);
}

}  // namespace
}  // namespace penstock
