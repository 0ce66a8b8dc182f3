// The tail: rule 11, and what rule 4 says of its late writes.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/checksum.h"
#include "server/store/one_session.h"

namespace penstock {
namespace {

// 2000 bytes in two rows, then this.
OneSession WithTail(const std::string& bytes) {
  OneSession session = OneSession::In(SessionState::kOpen);
  EXPECT_EQ(session.Do(TestTail(*session.record, bytes)).code, StoreCode::kOk);
  return session;
}

// A part from the ledger's end on.
CommitParts CommitOf(const OneSession& session, int64_t size) {
  return TestCommit(*session.record, 3, 1, size);
}

TEST(SessionTailTest, TailIsCommittedWithTheLedger) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const SessionRecord before = *session.record;
  const StoreAnswer answer = session.Do(TestTail(before, "tail"));
  ASSERT_EQ(answer.code, StoreCode::kOk);
  EXPECT_EQ(answer.record->committed_size, 2004);
  EXPECT_EQ(answer.record->committed_crc64, CombineCrc64(before.committed_crc64, Crc64("tail"), 4));
  EXPECT_EQ(answer.record->tail, (Tail{4, Crc64("tail"), before.committed_crc64}));
  EXPECT_EQ(answer.record->ledger_size(), 2000);
  EXPECT_EQ(answer.record->ledger_crc64(), before.committed_crc64);
  EXPECT_EQ(answer.record->next_sequence, before.next_sequence);
  EXPECT_EQ(session.tail, "tail");
}

TEST(SessionTailTest, RepeatIsASuccessWithoutEffect) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const SaveTail save = TestTail(*session.record, "tail");
  session.Do(save);
  const SessionRecord before = *session.record;
  const StoreAnswer answer = session.Do(save);
  EXPECT_EQ(answer.code, StoreCode::kOk);
  EXPECT_EQ(answer.record, before);
  EXPECT_FALSE(session.changed);
}

TEST(SessionTailTest, LongerTailReplacesTheOneItContinues) {
  OneSession session = WithTail("tail");
  const uint64_t ledger_crc64 = session.record->ledger_crc64();
  EXPECT_EQ(session.Do(TestTail(*session.record, "tail and more")).code, StoreCode::kOk);
  EXPECT_EQ(session.record->committed_size, 2013);
  EXPECT_EQ(session.record->tail, (Tail{13, Crc64("tail and more"), ledger_crc64}));
  EXPECT_EQ(session.record->committed_crc64,
            CombineCrc64(ledger_crc64, Crc64("tail and more"), 13));
  EXPECT_EQ(session.tail, "tail and more");
}

TEST(SessionTailTest, TailThatWouldChangeWhatWasCommittedIsRefused) {
  for (const char* bytes : {"", "tai", "Tail", "Tail and more"}) {
    OneSession session = WithTail("tail");
    EXPECT_EQ(session.Do(TestTail(*session.record, bytes)).code, StoreCode::kCorrupt) << bytes;
    EXPECT_EQ(session.tail, "tail");
  }
}

TEST(SessionTailTest, TailHasItsLimits) {
  for (const int64_t size : {int64_t{0}, int64_t{1}, kMaxTailSize, kMaxTailSize + 1}) {
    OneSession session = OneSession::In(SessionState::kOpen);
    const std::string bytes(static_cast<size_t>(size), 'x');
    const bool good = size >= 1 && size <= kMaxTailSize;
    EXPECT_EQ(session.Do(TestTail(*session.record, bytes)).code,
              good ? StoreCode::kOk : StoreCode::kCorrupt)
        << size;
  }
}

TEST(SessionTailTest, TailIsWhatItsChecksumSaysAndBeginsAtTheLedgersEnd) {
  for (const int64_t shift : {-1, 1}) {
    OneSession session = WithTail("tail");
    SaveTail save = TestTail(*session.record, "tail and more");
    save.offset += shift;
    EXPECT_EQ(session.Do(save).code, StoreCode::kCorrupt) << shift;
    save = TestTail(*session.record, "tail and more");
    save.crc64 += static_cast<uint64_t>(shift);
    EXPECT_EQ(session.Do(save).code, StoreCode::kCorrupt) << shift;
  }
}

TEST(SessionTailTest, LateTailsAreFenced) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const SaveTail first = TestTail(*session.record, "ta");
  session.Do(first);
  const SaveTail second = TestTail(*session.record, "tail");
  session.Do(second);
  EXPECT_EQ(session.Do(first).code, StoreCode::kFenced) << "a longer one is there";
  session.Do(CommitOf(session, 10));
  EXPECT_EQ(session.Do(second).code, StoreCode::kFenced) << "a part has covered it";
  EXPECT_EQ(session.Do(first).code, StoreCode::kFenced);
  const SaveTail third = TestTail(*session.record, "third");
  session.Do(TestClaim("new"));
  EXPECT_EQ(session.Do(third).code, StoreCode::kFenced) << "another owner";
  EXPECT_FALSE(session.record->tail.has_value());
}

TEST(SessionTailTest, RepeatOfAFormerOwnerIsFenced) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const SaveTail save = TestTail(*session.record, "tail");
  session.Do(save);
  session.Do(TestClaim("new"));
  EXPECT_EQ(session.Do(save).code, StoreCode::kFenced);
}

TEST(SessionTailTest, PartThatCoversTheTailRemovesIt) {
  for (const int64_t size : {4, 5, 1000}) {
    OneSession session = WithTail("tail");
    const uint64_t ledger_crc64 = session.record->ledger_crc64();
    const CommitParts commit = CommitOf(session, size);
    EXPECT_EQ(commit.rows[0].offset, 2000);
    ASSERT_EQ(session.Do(commit).code, StoreCode::kOk) << size;
    EXPECT_EQ(session.record->tail, std::nullopt);
    EXPECT_EQ(session.tail, "");
    EXPECT_EQ(session.record->committed_size, 2000 + size);
    EXPECT_EQ(session.record->committed_crc64,
              CombineCrc64(ledger_crc64, commit.rows[0].crc64, size));
    const SessionRecord before = *session.record;
    EXPECT_EQ(session.Do(commit).code, StoreCode::kOk) << "its repeat";
    EXPECT_FALSE(session.changed);
    EXPECT_EQ(session.record, before);
  }
}

TEST(SessionTailTest, PartsMayCoverTheTailTogether) {
  OneSession session = WithTail("tail");
  EXPECT_EQ(session.Do(TestCommit(*session.record, 3, 2, 2)).code, StoreCode::kOk);
  EXPECT_EQ(session.record->committed_size, 2004);
  EXPECT_EQ(session.record->next_sequence, 4);
}

TEST(SessionTailTest, NoPartEndsWithinTheTailOrBeginsBehindIt) {
  OneSession session = WithTail("tail");
  EXPECT_EQ(session.Do(CommitOf(session, 3)).code, StoreCode::kCorrupt);
  CommitParts behind = CommitOf(session, 1000);
  behind.rows[0].offset += 4;
  EXPECT_EQ(session.Do(behind).code, StoreCode::kCorrupt);
  EXPECT_EQ(session.tail, "tail");
}

TEST(SessionTailTest, CommitComparesTheCommittedSizeWithTheTail) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const CommitParts before_the_tail = CommitOf(session, 1000);
  session.Do(TestTail(*session.record, "tail"));
  EXPECT_EQ(session.Do(before_the_tail).code, StoreCode::kFenced);
  CommitParts longer = CommitOf(session, 1000);
  session.Do(TestTail(*session.record, "tail and more"));
  EXPECT_EQ(session.Do(longer).code, StoreCode::kFenced);
}

TEST(SessionTailTest, ReservationAloneLeavesTheTail) {
  OneSession session = WithTail("tail");
  CommitParts reserve = CommitOf(session, 1);
  reserve.rows.clear();
  reserve.reserve_to = 20;
  EXPECT_EQ(session.Do(reserve).code, StoreCode::kOk);
  EXPECT_EQ(session.record->reserved_number, 20);
  EXPECT_EQ(session.record->committed_size, 2004);
  EXPECT_EQ(session.tail, "tail");
}

TEST(SessionTailTest, SealNeedsATailThatBecameAPart) {
  OneSession session = WithTail("tail");
  EXPECT_EQ(session.Do(SealSession{session.position(), session.ListSeal(), TestTime()}).code,
            StoreCode::kCorrupt);
  session.Do(CommitOf(session, 4));
  EXPECT_EQ(session.Do(SealSession{session.position(), session.ListSeal(), TestTime()}).code,
            StoreCode::kOk);
  OneSession empty;
  empty.Do(CreateSession{TestRecord("alice", "id")});
  empty.Do(TestTail(*empty.record, "tail"));
  const Seal put{true, 4, Crc64("tail"), TestTime()};
  EXPECT_EQ(empty.Do(SealSession{empty.position(), put, TestTime()}).code, StoreCode::kCorrupt);
}

TEST(SessionTailTest, ClaimAnswersTheTail) {
  OneSession session = WithTail("tail");
  for (int i = 0; i < 2; ++i) {  // a repeat too
    const StoreAnswer answer = session.Do(TestClaim("new"));
    EXPECT_EQ(answer.tail, "tail");
    EXPECT_EQ(answer.ledger.size(), 2u);
    EXPECT_EQ(answer.record->tail, session.record->tail);
    EXPECT_EQ(answer.record->committed_size, 2004);
  }
}

TEST(SessionTailTest, EndedSessionKeepsWhatItToldButNotTheBytes) {
  OneSession failed = WithTail("tail");
  failed.Do(FailSession{failed.position(), "REASON", "message", TestTime()});
  OneSession aborted = WithTail("tail");
  aborted.Do(AbortSession{"", TestNonce("abort"), TestTime()});
  OneSession expired = WithTail("tail");
  expired.Do(
      ExpireSession{expired.record->fence, TestNonce("reaper"), expired.record->expire_time});
  for (const OneSession& session : {failed, aborted, expired}) {
    EXPECT_TRUE(Ended(session.record->state));
    EXPECT_EQ(session.record->committed_size, 2004);
    EXPECT_EQ(session.record->committed_crc64,
              CombineCrc64(CombineCrc64(session.ledger[0].crc64, session.ledger[1].crc64, 1000),
                           Crc64("tail"), 4));
    EXPECT_EQ(session.record->tail, std::nullopt);
    EXPECT_EQ(session.tail, "");
  }
}

}  // namespace
}  // namespace penstock
