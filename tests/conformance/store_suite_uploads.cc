// Whose an upload is: what the garbage collection must never touch.

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "server/store/session_times.h"
#include "tests/conformance/store_suite.h"

namespace penstock {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::set<std::string> Owned(SessionStore& store, const std::vector<std::string>& upload_ids) {
  const absl::StatusOr<std::set<std::string>> owned = OwnedUploadsNow(store, upload_ids);
  EXPECT_TRUE(owned.ok()) << owned.status();
  return owned.value_or(std::set<std::string>{"no answer"});
}

SetUpload Sets(const SessionRecord& record, const std::string& upload_id) {
  return {PositionOf(record), upload_id, TestTime()};
}

TEST_P(StoreSuite, UploadIsItsSessionsWhoeverAsks) {
  const SessionRecord record = Create();
  EXPECT_THAT(Owned(store(), {"one", "two"}), IsEmpty());
  MustDo(Sets(record, "one"));
  const SessionKey other = MakeSessionKey("bob", "another token 16");
  const SessionRecord bobs = TestRecord("bob", "of bob");
  EXPECT_EQ(Do(other, CreateSession{bobs}).code, StoreCode::kOk);
  EXPECT_EQ(Do(other, Sets(bobs, "two")).code, StoreCode::kOk);
  Reopen();
  EXPECT_THAT(Owned(store(), {"two", "none", "one", "", "on", "one "}),
              UnorderedElementsAre("one", "two"));
  EXPECT_THAT(Owned(store(), {"two"}), UnorderedElementsAre("two"));
  EXPECT_THAT(Owned(store(), {}), IsEmpty());
}

TEST_P(StoreSuite, UploadIdsAreComparedByBytes) {
  const std::string bytes("\x00\xff'\xc3\x28%_", 7);
  MustDo(Sets(Create(), bytes));
  EXPECT_THAT(Owned(store(), {bytes, bytes.substr(0, 6), std::string("\x00", 1)}),
              UnorderedElementsAre(bytes));
}

TEST_P(StoreSuite, CommitsAndClaimsLeaveTheUploadToItsSession) {
  SessionRecord record = MustDo(Sets(Create(), "one"));
  record = MustDo(TestCommit(record, 1, 2));
  record = MustDo(TestClaim("new"));
  MustDo(SealSession{PositionOf(record), SealOf(record), TestTime()});
  EXPECT_THAT(Owned(store(), {"one"}), UnorderedElementsAre("one"));
}

TEST_P(StoreSuite, UploadThatBecameTheObjectIsNobodysAnyMore) {
  SessionRecord record = MustDo(Sets(Create(), "one"));
  record = MustDo(TestCommit(record, 1, 1));
  record = MustDo(SealSession{PositionOf(record), SealOf(record), TestTime()});
  MustDo(FinishSession{PositionOf(record), ResultOf(record), true, TestTime()});
  EXPECT_THAT(Owned(store(), {"one"}), IsEmpty());
}

// Until it was discarded for the last time, it is the reaper's.
TEST_P(StoreSuite, UploadOfAnEndedSessionIsOwnedUntilItIsDiscarded) {
  MustDo(Sets(Create(), "one"));
  SessionRecord record = MustDo(AbortSession{"", TestNonce("a"), TestTime()});
  EXPECT_EQ(record.state, SessionState::kAborted);
  for (int i = 0; i < kUploadAborts; ++i) {
    Reopen();
    EXPECT_THAT(Owned(store(), {"one"}), UnorderedElementsAre("one")) << i;
    const absl::Time now = TestTime() + (i + 1) * kSecondAbortDelay;
    record = MustDo(UploadAborted{"one", now});
  }
  EXPECT_THAT(record.dead_uploads, IsEmpty());
  EXPECT_THAT(Owned(store(), {"one"}), IsEmpty());
}

TEST_P(StoreSuite, UploadsOfEarlierLivesStayOwned) {
  SessionRecord record = MustDo(Sets(Create(), "first"));
  record = MustDo(AbortSession{"", TestNonce("a"), TestTime()});
  record = MustDo(StartOver{record.fence, record.state, TestRecord("alice", "next"), TestTime()});
  EXPECT_THAT(Owned(store(), {"first", "second"}), UnorderedElementsAre("first"));
  record = MustDo(Sets(record, "second"));
  Reopen();
  EXPECT_THAT(Owned(store(), {"first", "second"}), UnorderedElementsAre("first", "second"));
  MustDo(UploadAborted{"first", TestTime()});
  MustDo(UploadAborted{"first", TestTime() + kSecondAbortDelay});
  EXPECT_THAT(Owned(store(), {"first", "second"}), UnorderedElementsAre("second"));
}

TEST_P(StoreSuite, ForgottenSessionOwnsNothing) {
  MustDo(Sets(Create(), "one"));
  SessionRecord record = MustDo(AbortSession{"", TestNonce("a"), TestTime()});
  MustDo(UploadAborted{"one", TestTime()});
  record = MustDo(UploadAborted{"one", TestTime() + kSecondAbortDelay});
  EXPECT_EQ(Code(ForgetSession{record.fence, record.expire_time}), StoreCode::kOk);
  EXPECT_THAT(Owned(store(), {"one"}), IsEmpty());
}

TEST_P(StoreSuite, ManyUploadsAreAskedForAtOnce) {
  constexpr int kSessions = 30;
  std::vector<std::string> asked;
  std::set<std::string> expected;
  for (int i = 0; i < kSessions; ++i) {
    const std::string id = absl::StrCat("upload ", i);
    const SessionKey key = MakeSessionKey("alice", absl::StrCat("a token of number ", i));
    const SessionRecord record = TestRecord("alice", absl::StrCat("id ", i));
    ASSERT_EQ(Do(key, CreateSession{record}).code, StoreCode::kOk);
    ASSERT_EQ(Do(key, Sets(record, id)).code, StoreCode::kOk);
    asked.push_back(id);
    asked.push_back(absl::StrCat("orphan ", i));
    expected.insert(id);
  }
  EXPECT_EQ(Owned(store(), asked), expected);
}

}  // namespace
}  // namespace penstock
