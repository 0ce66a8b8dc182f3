// Tails, what is due, and lives that end, begin anew and are forgotten.

#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "tests/conformance/store_suite.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> DueIds(SessionStore& store, absl::Time now, int limit = 100) {
  const absl::StatusOr<std::vector<KeyedSession>> due = DueNow(store, {now, limit});
  EXPECT_TRUE(due.ok()) << due.status();
  std::vector<std::string> ids;
  for (const KeyedSession& session : due.value_or(std::vector<KeyedSession>())) {
    ids.push_back(session.record.session_id);
    EXPECT_EQ(GetNow(store, session.key).record, session.record);
  }
  return ids;
}

StartOver NewLife(const SessionRecord& record) {
  return {record.fence, record.state, TestRecord("alice", "next"), TestTime()};
}

TEST_P(StoreSuite, TailComesBackWithTheClaimToTheBit) {
  SessionRecord record = Create();
  record = MustDo(TestCommit(record, 1, 2));
  std::string bytes(static_cast<size_t>(kMaxTailSize), '\xa5');
  bytes.replace(0, 4, std::string("\x00\xff'\x00", 4));
  record = MustDo(TestTail(record, bytes));
  EXPECT_EQ(record.committed_size, 2000 + kMaxTailSize);
  Reopen();
  EXPECT_EQ(Stored(), record);
  for (const char* name : {"one", "one", "two"}) {
    const StoreAnswer claimed = Do(TestClaim(name));
    ASSERT_EQ(claimed.code, StoreCode::kOk) << claimed.message;
    EXPECT_TRUE(claimed.tail == bytes);
    EXPECT_EQ(claimed.record->tail, record.tail);
    EXPECT_EQ(claimed.ledger.size(), 2u);
  }
}

TEST_P(StoreSuite, TailGrowsAndGoesWithThePartThatCoversIt) {
  SessionRecord record = Create();
  record = MustDo(TestTail(record, "ta"));
  record = MustDo(TestTail(record, "tail"));
  EXPECT_EQ(Do(TestClaim("one")).tail, "tail");
  record = Stored();
  const CommitParts commit = TestCommit(record, 5, 1);
  record = MustDo(commit);
  EXPECT_EQ(MustDo(commit), record);
  const StoreAnswer claimed = Do(TestClaim("two"));
  EXPECT_EQ(claimed.tail, "");
  EXPECT_EQ(claimed.record->tail, std::nullopt);
  EXPECT_EQ(claimed.ledger, commit.rows);
  EXPECT_EQ(claimed.record->committed_size, 1000);
  record = MustDo(TestTail(*claimed.record, "other"));
  EXPECT_EQ(Do(TestClaim("three")).tail, "other");
}

TEST_P(StoreSuite, RefusedTailLeavesTheOneThatIsThere) {
  SessionRecord record = Create();
  const SaveTail late = TestTail(record, "late");
  record = MustDo(TestTail(record, "tail"));
  EXPECT_EQ(Code(late), StoreCode::kFenced);
  EXPECT_EQ(Code(TestTail(record, "tai")), StoreCode::kCorrupt);
  EXPECT_EQ(Stored(), record);
  EXPECT_EQ(Do(TestClaim("new")).tail, "tail");
}

TEST_P(StoreSuite, OwnerThatIsOpenedAgainKeepsItsMemory) {
  SessionRecord record = Create();
  record = MustDo(TestCommit(record, 1, 2));
  record = MustDo(TestTail(record, "tail"));
  ClaimSession claim = TestClaim("again");
  claim.keep = record.fence;
  const StoreAnswer kept = Do(claim);
  EXPECT_TRUE(kept.kept);
  EXPECT_EQ(kept.record->fence.epoch, 2);
  EXPECT_EQ(kept.record->reserved_number, record.reserved_number);
  EXPECT_THAT(kept.ledger, IsEmpty());
  EXPECT_EQ(kept.tail, "");
  claim.nonce = TestNonce("late");
  const StoreAnswer lost = Do(claim);
  EXPECT_FALSE(lost.kept);
  EXPECT_EQ(lost.ledger.size(), 2u);
  EXPECT_EQ(lost.tail, "tail");
}

TEST_P(StoreSuite, DueAnswersTheEarliestFirst) {
  const auto insert = [this](const std::string& principal, const std::string& id,
                             absl::Duration later) {
    SessionRecord record = TestRecord(principal, id);
    record.update_time = TestTime() + later;
    EXPECT_EQ(Do(MakeSessionKey(principal, id), CreateSession{record}).code, StoreCode::kOk);
  };
  insert("alice", "second", absl::Nanoseconds(1));
  insert("bob", "first", absl::ZeroDuration());
  insert("alice", "fourth", absl::Seconds(2));
  insert("carol", "third", absl::Nanoseconds(2));
  const absl::Time expiry = TestTime() + absl::Hours(7 * 24);
  EXPECT_THAT(DueIds(store(), expiry - absl::Nanoseconds(1)), IsEmpty());
  EXPECT_THAT(DueIds(store(), expiry), ElementsAre("first"));
  EXPECT_THAT(DueIds(store(), expiry + absl::Nanoseconds(1)), ElementsAre("first", "second"));
  Reopen();
  const absl::Time late = expiry + absl::Hours(1);
  EXPECT_THAT(DueIds(store(), late), ElementsAre("first", "second", "third", "fourth"));
  EXPECT_THAT(DueIds(store(), late, 3), ElementsAre("first", "second", "third"));
  EXPECT_THAT(DueIds(store(), late, 0), IsEmpty());
  EXPECT_THAT(DueIds(store(), absl::InfinitePast()), IsEmpty());
}

TEST_P(StoreSuite, DueGoesOnBehindTheLastOfTheAnswerBefore) {
  for (int i = 0; i < 7; ++i) {  // most of them due at the same time
    SessionRecord record = TestRecord("alice", absl::StrCat("session", i));
    record.update_time = TestTime() + absl::Nanoseconds(i / 5);
    EXPECT_EQ(Do(MakeSessionKey("alice", record.session_id), CreateSession{record}).code,
              StoreCode::kOk);
  }
  DueQuery query{TestTime() + absl::Hours(8 * 24), 2};
  std::set<std::string> seen;
  for (const size_t expected : {2, 2, 2, 1, 0}) {
    const auto due = DueNow(store(), query);
    ASSERT_TRUE(due.ok()) << due.status();
    ASSERT_EQ(due->size(), expected);
    for (const KeyedSession& session : *due) seen.insert(session.record.session_id);
    if (due->empty()) break;
    query.after_time = due->back().record.reap_time;
    query.after_key = due->back().key;
  }
  EXPECT_EQ(seen.size(), 7u);
}

TEST_P(StoreSuite, DueFollowsWhatHappensToASession) {
  SessionRecord record = Create();
  record = MustDo(SetUpload{PositionOf(record), "upload", TestTime()});
  const absl::Time expiry = record.expire_time;
  record = MustDo(TouchSession{PositionOf(record), TestTime() + absl::Hours(2)});
  EXPECT_THAT(DueIds(store(), expiry), IsEmpty());
  EXPECT_THAT(DueIds(store(), expiry + absl::Hours(2)), ElementsAre("id"));
  record = MustDo(ExpireSession{record.fence, TestNonce("reaper"), expiry + absl::Hours(2)});
  EXPECT_EQ(record.state, SessionState::kExpired);
  EXPECT_THAT(DueIds(store(), expiry + absl::Hours(2)), ElementsAre("id"));
  record = MustDo(UploadAborted{"upload", expiry + absl::Hours(2)});
  EXPECT_THAT(DueIds(store(), expiry + absl::Hours(2)), IsEmpty());
  record = MustDo(UploadAborted{"upload", record.reap_time});
  EXPECT_THAT(record.dead_uploads, IsEmpty());
  EXPECT_THAT(DueIds(store(), record.expire_time - absl::Nanoseconds(1)), IsEmpty());
  EXPECT_THAT(DueIds(store(), record.expire_time), ElementsAre("id"));
}

TEST_P(StoreSuite, ForgottenSessionIsUnknown) {
  SessionRecord record = Create();
  record = MustDo(TestCommit(record, 1, 3));
  record = MustDo(AbortSession{record.session_id, TestNonce("abort"), TestTime()});
  EXPECT_EQ(Code(ForgetSession{record.fence, TestTime()}), StoreCode::kWrongState);
  EXPECT_EQ(Stored(), record);
  EXPECT_EQ(Code(ForgetSession{record.fence, record.expire_time}), StoreCode::kOk);
  Reopen();
  EXPECT_EQ(GetNow(store(), key_).code, StoreCode::kNotFound);
  EXPECT_EQ(GetByIdNow(store(), "alice", "id").answer.code, StoreCode::kNotFound);
  EXPECT_THAT(DueIds(store(), absl::InfiniteFuture()), IsEmpty());
  EXPECT_EQ(Code(ForgetSession{record.fence, record.expire_time}), StoreCode::kNotFound);
  Create();
  const StoreAnswer claimed = Do(TestClaim("new"));
  EXPECT_EQ(claimed.code, StoreCode::kOk) << claimed.message;
  EXPECT_THAT(claimed.ledger, IsEmpty()) << "nothing is left of the earlier one";
}

TEST_P(StoreSuite, NewLifeLeavesNothingOfTheOldOne) {
  SessionRecord old = Create();
  old = MustDo(SetUpload{PositionOf(old), "upload", TestTime()});
  old = MustDo(TestCommit(old, 1, 2));
  const CommitParts late = TestCommit(old, 3, 1);
  old = MustDo(FailSession{PositionOf(old), "REASON", "message", TestTime()});
  const StartOver start = NewLife(old);
  const SessionRecord record = MustDo(start);
  EXPECT_EQ(record.life, 2);
  EXPECT_EQ(record.fence.epoch, old.fence.epoch + 1);
  EXPECT_EQ(record.dead_uploads, old.dead_uploads);
  EXPECT_EQ(MustDo(start), record);
  EXPECT_EQ(Code(late), StoreCode::kFenced);
  Reopen();
  EXPECT_EQ(Stored(), record);
  EXPECT_EQ(GetByIdNow(store(), "alice", "id").answer.code, StoreCode::kNotFound);
  EXPECT_EQ(GetByIdNow(store(), "alice", "next").answer.record, record);
  const CommitParts commit = TestCommit(record, 1, 1);
  MustDo(commit);
  EXPECT_EQ(Do(TestClaim("new")).ledger, commit.rows);
}

TEST_P(StoreSuite, NewLifeDropsTheLargestLedger) {
  constexpr int kParts = 10'000;
  SessionRecord record = Create();
  CommitParts reserve = TestCommit(record, 1, 1);
  reserve.rows.clear();
  reserve.reserve_to = kParts;
  record = MustDo(reserve);
  record = MustDo(TestCommit(record, 1, kParts));
  record = MustDo(AbortSession{"", TestNonce("abort"), TestTime()});
  record = MustDo(NewLife(record));
  const StoreAnswer claimed = Do(TestClaim("new"));
  EXPECT_EQ(claimed.code, StoreCode::kOk) << claimed.message;
  EXPECT_THAT(claimed.ledger, IsEmpty());
  // None of the old rows is in the way.
  EXPECT_EQ(Code(TestCommit(*claimed.record, 5, 4)), StoreCode::kOk);
}

TEST_P(StoreSuite, ExpiryAndAClientThatComesBackHaveOneWinner) {
  constexpr int kEach = 4;
  for (int round = 0; round < 10; ++round) {
    const SessionKey key = MakeSessionKey("alice", absl::StrCat("token ", round));
    const SessionRecord record = TestRecord("alice", absl::StrCat("id ", round));
    ASSERT_EQ(Do(key, CreateSession{record}).code, StoreCode::kOk);
    std::vector<StoreAnswer> expired(kEach);
    std::vector<StoreAnswer> claimed(kEach);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kEach; ++i) {
      threads.emplace_back([&, i] {
        expired[i] = Do(key, ExpireSession{record.fence, TestNonce(absl::StrCat("reaper ", i)),
                                           record.expire_time});
      });
      threads.emplace_back([&, i] {
        ClaimSession claim = TestClaim(absl::StrCat("client ", i));
        claim.now = record.expire_time;
        claimed[i] = Do(key, claim);
      });
    }
    for (std::thread& thread : threads) thread.join();
    const bool lost = GetNow(store(), key).record->state == SessionState::kExpired;
    for (const StoreAnswer& answer : expired) {
      EXPECT_EQ(answer.code, lost ? StoreCode::kOk : StoreCode::kFenced);
    }
    for (const StoreAnswer& answer : claimed) {
      ASSERT_EQ(answer.code, StoreCode::kOk) << answer.message;
      EXPECT_EQ(answer.record->state, lost ? SessionState::kExpired : SessionState::kOpen);
    }
  }
}

}  // namespace
}  // namespace penstock
