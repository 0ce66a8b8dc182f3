// ClaimSession, the write that makes an owner. The others: session_write_test.cc.

#include <gtest/gtest.h>

#include <string>

#include "server/store/one_session.h"

namespace penstock {
namespace {

TEST(ClaimSessionTest, ClaimRaisesTheEpochAndReservesPastEveryNumber) {
  OneSession session = OneSession::In(SessionState::kOpen);
  const StoreAnswer answer = session.Do(TestClaim("new"));
  ASSERT_EQ(answer.code, StoreCode::kOk);
  EXPECT_TRUE(session.changed);
  EXPECT_EQ(answer.record->fence, (Fence{4, TestNonce("new")}));
  EXPECT_EQ(answer.first_number, 11);
  EXPECT_EQ(answer.record->reserved_number, 14);
  EXPECT_EQ(answer.ledger, session.ledger);
}

TEST(ClaimSessionTest, RepeatedClaimIsTheSameClaim) {
  OneSession session = OneSession::In(SessionState::kOpen);
  ClaimSession claim = TestClaim("new");
  claim.expect_epoch = 3;  // what the client saw before the claim that it repeats
  const StoreAnswer first = session.Do(claim);
  const StoreAnswer again = session.Do(claim);
  EXPECT_EQ(again.code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
  EXPECT_EQ(again.record, first.record);
  EXPECT_EQ(again.ledger, first.ledger);
  EXPECT_EQ(again.first_number, first.first_number);
}

TEST(ClaimSessionTest, LateRepeatOfAClaimTakesNothingBack) {
  OneSession session = OneSession::In(SessionState::kOpen);
  session.Do(TestClaim("new"));
  session.Do(TestCommit(*session.record, 11, 3));
  const SessionRecord before = *session.record;
  EXPECT_EQ(session.Do(TestClaim("new")).code, StoreCode::kOk);
  EXPECT_FALSE(session.changed);
  EXPECT_EQ(session.record, before);
}

TEST(ClaimSessionTest, ClaimOfASealedSessionReservesNothing) {
  OneSession session = SealedPut();
  for (int i = 0; i < 2; ++i) {  // a repeat too
    const StoreAnswer answer = session.Do(TestClaim("new"));
    EXPECT_EQ(answer.code, StoreCode::kOk);
    EXPECT_EQ(answer.record->fence.epoch, 2);
    EXPECT_EQ(answer.record->reserved_number, 0);
    EXPECT_EQ(answer.first_number, 1) << "the first above the empty reservation";
  }
}

TEST(ClaimSessionTest, ClaimOfAnEndedSessionAnswersItAsItIs) {
  for (const SessionState state : kAllStates) {
    if (!Ended(state)) continue;
    OneSession session = OneSession::In(state);
    ClaimSession claim = TestClaim("new");
    claim.expect_epoch = 1;
    const StoreAnswer answer = session.Do(claim);
    EXPECT_EQ(answer.code, StoreCode::kOk);
    EXPECT_FALSE(session.changed);
    EXPECT_EQ(answer.record, session.record);
  }
}

TEST(ClaimSessionTest, DelayedOpenIsStale) {
  for (const int64_t seen : {int64_t{1}, int64_t{2}, int64_t{3}, int64_t{4}}) {
    OneSession session = OneSession::In(SessionState::kOpen);
    ClaimSession claim = TestClaim("new");
    claim.expect_epoch = seen;
    EXPECT_EQ(session.Do(claim).code, seen < 3 ? StoreCode::kStaleOpen : StoreCode::kOk) << seen;
  }
}

TEST(ClaimSessionTest, ClaimNamesTheFieldThatDiffers) {
  OneSession session = OneSession::In(SessionState::kFinished);
  ClaimSession claim = TestClaim("new");
  claim.expect_spec = session.record->spec;
  EXPECT_EQ(session.Do(claim).code, StoreCode::kOk);
  claim.expect_spec->object.key = "another object";
  const StoreAnswer answer = session.Do(claim);
  EXPECT_EQ(answer.code, StoreCode::kSpecMismatch);
  EXPECT_EQ(answer.message, "key");
}

TEST(ClaimSessionTest, MoreClaimsThanTenAMinuteWait) {
  OneSession session = OneSession::In(SessionState::kOpen);
  ClaimSession claim = TestClaim("");
  for (int i = 0; i < kDefaultClaimsPerMinute; ++i) {
    claim.nonce = TestNonce(std::string(1, static_cast<char>('a' + i)));
    claim.now = TestTime() + absl::Seconds(i);
    ASSERT_EQ(session.Do(claim).code, StoreCode::kOk);
  }
  EXPECT_EQ(session.Do(claim).code, StoreCode::kOk) << "a repeat is no further claim";
  claim.nonce = TestNonce("one too many");
  claim.now = TestTime() + absl::Seconds(20);
  const StoreAnswer busy = session.Do(claim);
  EXPECT_EQ(busy.code, StoreCode::kBusy);
  EXPECT_EQ(busy.retry_after, absl::Seconds(40));
  claim.now += busy.retry_after;
  EXPECT_EQ(session.Do(claim).code, StoreCode::kOk);
}

TEST(ClaimSessionTest, WrongClockDoesNotLockASessionUp) {
  OneSession session = OneSession::In(SessionState::kOpen);
  session.record->claims_in_window = kDefaultClaimsPerMinute;
  session.record->claim_window_start = TestTime() + absl::Seconds(50);
  ClaimSession claim = TestClaim("new");
  EXPECT_EQ(session.Do(claim).retry_after, absl::Minutes(1));
  session.record->claim_window_start = TestTime() + absl::Hours(24);
  EXPECT_EQ(session.Do(claim).code, StoreCode::kOk);
}

}  // namespace
}  // namespace penstock
