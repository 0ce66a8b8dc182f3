// From the first full part to its row in the ledger: rules 1, 3, 4, 6 and 7.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = Session::State;
using Code = absl::StatusCode;

absl::Status Unavailable() {
  return MakeError(Code::kUnavailable, kReasonUnavailable, "simulated", {}, absl::Seconds(1));
}

TEST(SessionPartsTest, RecordThenUploadThenItsIdThenTheFirstPart) {
  SessionHarness s;
  s.OpenFresh();
  EXPECT_THAT(s.Chunk(0, "abcd"), ElementsAre("create open", "read"));
  EXPECT_EQ(s.state(), State::kCreating);
  EXPECT_THAT(s.Store(), ElementsAre("initiate"));
  EXPECT_EQ(s.state(), State::kOpen);
  EXPECT_THAT(s.Initiated("u1"), ElementsAre("set upload u1"));
  EXPECT_THAT(s.Store(), ElementsAre("part 1 abcd"));
  EXPECT_EQ(s.stored->upload_id, "u1");
}

TEST(SessionPartsTest, NothingIsRecordedBeforeAPartIsFull) {
  SessionHarness s;
  s.OpenFresh();
  EXPECT_THAT(s.Chunk(0, "abc"), ElementsAre("read"));
  EXPECT_THAT(s.Chunk(3, ""), ElementsAre("read"));
  EXPECT_FALSE(s.stored.has_value());
}

TEST(SessionPartsTest, ProgressIsToldOnlyAfterTheCommit) {
  SessionHarness s;
  s.StartUpload();
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/4"));
  EXPECT_EQ(s.stored->committed_size, 4);
  EXPECT_EQ(s.stored->committed_crc64, Crc64("abcd"));
  const PartRecord row{0, 1, 0, 4, Crc64("abcd"), "e1"};
  EXPECT_THAT(s.ledger, ElementsAre(row));
}

TEST(SessionPartsTest, OnlyTheContiguousPrefixOfStoredPartsIsCommitted) {
  OpenFrame open = NewObject();
  open.spec->max_parallel_parts = 3;
  SessionHarness s;
  s.StartUpload(open);
  s.Chunk(4, "efgh");
  s.Chunk(8, "ijkl");
  EXPECT_THAT(s.Stored(3), IsEmpty());
  EXPECT_THAT(s.Stored(2), IsEmpty());
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1,2,3"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 12/12", "read"));
  EXPECT_EQ(s.ledger[2].offset, 8);
}

TEST(SessionPartsTest, OneWriteIsUnderWayAtATime) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "efgh");
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Stored(2), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/8", "commit 2", "read"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 8/8"));
}

TEST(SessionPartsTest, NoMorePartsAreUnderWayThanAllowedAndReadingStops) {
  SessionHarness s;
  s.StartUpload();
  EXPECT_THAT(s.Chunk(4, "efgh"), ElementsAre("part 2 efgh"));  // and no "read"
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/8", "read"));
}

TEST(SessionPartsTest, ChunkOfManyPartsIsSentAsFarAsAllowedAndNoNumberPassesTheReservation) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "aaaabbbbccccddddeeee");  // five parts at once; two in flight, three reserved
  s.Store();
  s.Initiated("u1");
  EXPECT_THAT(s.Store(), ElementsAre("part 1 aaaa", "part 2 bbbb"));
  s.Stored(1);
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/20", "part 3 cccc"));
  for (int32_t number = 2; number <= 5; ++number) {
    s.Stored(number);
    s.Store();
  }
  EXPECT_EQ(s.stored->committed_size, 20);
}

// What a claim reserves is burnt by the next one, so it is little, and grows for parts that waited.
TEST(SessionPartsTest, WindowAfterAClaimGrowsWithPartsThatWaited) {
  OpenFrame open = NewObject();
  open.spec->max_parallel_parts = 5;
  SessionHarness s;
  s.Commit("abcd", open);
  s.Restart(Resume());
  s.Store();
  for (int64_t offset = 4; offset < 44; offset += 4) s.Chunk(offset, "efgh");
  int32_t sent = s.stored->reserved_number;  // two are under way
  int32_t stored = sent - 1;
  const auto sends = [&](const char* progress, int count) {
    s.Stored(stored++);
    std::vector<std::string> effects = {progress};
    while (count-- > 0) effects.push_back("part " + std::to_string(++sent) + " efgh");
    EXPECT_EQ(s.Store(), effects);
  };
  sends("progress 8/44", 2);   // three are
  sends("progress 12/44", 3);  // five, as many as may be
  sends("progress 16/44", 1);
}

TEST(SessionPartsTest, WindowAfterAClaimStaysSmallWhileNoPartWaits) {
  OpenFrame open = NewObject();
  open.spec->max_parallel_parts = 5;
  SessionHarness s;
  s.Commit("abcd", open);
  s.Restart(Resume());
  s.Store();
  for (int64_t offset = 4; offset < 44; offset += 4) {
    const int32_t reserved = s.stored->reserved_number;
    s.Chunk(offset, "efgh");
    s.Stored(reserved - 1);
    s.Store();
    EXPECT_EQ(s.stored->reserved_number, reserved + 1);
  }
}

TEST(SessionPartsTest, FailedPartEndsTheStreamAndItsNumberIsDead) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "efgh");
  EXPECT_THAT(s.PartFails(2, Unavailable()), ElementsAre("close BACKEND_UNAVAILABLE"));
  EXPECT_EQ(RetryDelay(s.closed_with()), absl::Seconds(1));
  EXPECT_EQ(s.state(), State::kWinding);
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));  // what lies below is still committed
  EXPECT_THAT(s.Store(), ElementsAre("release"));
  EXPECT_EQ(s.stored->committed_size, 4);
  s.Restart();
  s.Store();
  s.Chunk(4, "EFGH");  // the harness fails if a number is sent twice
  EXPECT_GT(s.stored->reserved_number, 2);
}

TEST(SessionPartsTest, PartsAboveAFailedOneAreDroppedThoughStored) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "efgh");
  s.Stored(2);
  EXPECT_THAT(s.PartFails(1, Unavailable()), ElementsAre("close BACKEND_UNAVAILABLE", "release"));
  EXPECT_EQ(s.stored->committed_size, 0);
}

TEST(SessionPartsTest, ErrorsOfTheBackendKeepTheirReasonAndSayWhetherToComeBack) {
  struct Case {
    Code code;
    const char* reason;
    bool retry;
  };
  const Case cases[] = {{Code::kUnavailable, kReasonUnavailable, true},
                        {Code::kDataLoss, kReasonChecksumMismatch, true},
                        {Code::kPermissionDenied, kReasonDenied, false},
                        {Code::kNotFound, kReasonNoSuchBucket, false}};
  for (const Case& c : cases) {
    SessionHarness s;
    s.StartUpload();
    EXPECT_THAT(s.PartFails(1, MakeError(c.code, c.reason, "simulated")),
                ElementsAre(std::string("close ") + c.reason, "release"));
    ExpectError(s.closed_with(), c.code, c.reason);
    EXPECT_EQ(RetryDelay(s.closed_with()).has_value(), c.retry) << c.reason;
    EXPECT_EQ(s.stored->state, SessionState::kOpen);
  }
}

TEST(SessionPartsTest, PartThatFailsAfterFinishLeavesTheSessionOpen) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "ef");
  s.Finish(6);
  EXPECT_THAT(s.PartFails(1, Unavailable()), ElementsAre("close BACKEND_UNAVAILABLE", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kOpen);
}

TEST(SessionPartsTest, InitiateThatFailsLeavesARecordWithoutAnUpload) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abcd");
  s.Store();
  const absl::Status missing = MakeError(Code::kNotFound, kReasonNoSuchBucket, "no such bucket");
  EXPECT_THAT(s.Initiated(missing), ElementsAre("close NO_SUCH_BUCKET", "release"));
  EXPECT_EQ(s.stored->state, SessionState::kOpen);
  EXPECT_EQ(s.stored->upload_id, "");
  s.Restart();
  s.Store();
  EXPECT_THAT(s.Chunk(0, "abcd"), ElementsAre("initiate", "read"));
}

TEST(SessionPartsTest, LostUploadFailsTheSessionLoudly) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "efgh");
  s.Stored(1);
  const absl::Status lost = MakeError(Code::kNotFound, kReasonNoSuchUpload, "no such upload");
  EXPECT_THAT(s.PartFails(2, lost), IsEmpty());  // the commit is under way
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/8", "record failed UPLOAD_LOST"));
  EXPECT_THAT(s.Store(), ElementsAre("discard u1", "close UPLOAD_LOST", "release"));
  ExpectError(s.closed_with(), Code::kDataLoss, "UPLOAD_LOST", {{"upload_id", "u1"}});
  EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt);
  EXPECT_EQ(s.stored->state, SessionState::kFailed);
  s.Restart();
  EXPECT_THAT(s.Store(), ElementsAre("close UPLOAD_LOST", "release"));
}

TEST(SessionPartsTest, LostUploadFailsTheSessionThoughTheStreamIsGone) {
  SessionHarness s;
  s.StartUpload();
  s.Lose();
  const absl::Status lost = MakeError(Code::kNotFound, kReasonNoSuchUpload, "no such upload");
  EXPECT_THAT(s.PartFails(1, lost), ElementsAre("record failed UPLOAD_LOST"));
  EXPECT_THAT(s.Store(), ElementsAre("discard u1", "release"));
}

// What is in memory is kept for a while (session_reopen_test.cc); what is in flight is committed.
TEST(SessionPartsTest, StreamLostBeforeFinishCommitsWhatIsInFlight) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "efgh");
  EXPECT_THAT(s.Lose(), ElementsAre("linger 1m"));
  EXPECT_EQ(s.state(), State::kOpen);
  EXPECT_THAT(s.Stored(2), IsEmpty());
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1,2"));
  EXPECT_THAT(s.Store(), IsEmpty());
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, absl::Minutes(1)), ElementsAre("release"));
  EXPECT_EQ(s.stored->state, SessionState::kOpen);
  EXPECT_EQ(s.stored->committed_size, 8);
}

TEST(SessionPartsTest, StreamLostWithNothingInMemoryEndsAtOnce) {
  SessionHarness fresh;
  fresh.OpenFresh();
  EXPECT_THAT(fresh.Lose(), ElementsAre("release"));

  SessionHarness open;
  open.Commit("abcd");
  EXPECT_THAT(open.Lose(), ElementsAre("release"));
}

TEST(SessionPartsTest, StreamLostWhileFreshOrCreatingRecordsOnlyWhatWasCut) {
  SessionHarness fresh;
  fresh.OpenFresh();
  fresh.Chunk(0, "ab");
  EXPECT_THAT(fresh.Lose(), ElementsAre("linger 1m"));
  EXPECT_THAT(fresh.Fire(SessionTimer::kLinger, absl::Minutes(1)), ElementsAre("release"));
  EXPECT_FALSE(fresh.stored.has_value());

  SessionHarness creating;
  creating.OpenFresh();
  creating.Chunk(0, "abcd");
  EXPECT_THAT(creating.Lose(), ElementsAre("linger 1m"));
  EXPECT_THAT(creating.Store(), ElementsAre("initiate"));
  creating.Initiated("u1");
  EXPECT_THAT(creating.Store(), ElementsAre("part 1 abcd"));
  creating.Stored(1);
  creating.Store();
  EXPECT_EQ(creating.stored->committed_size, 4);
}

TEST(SessionPartsTest, UploadThatIsInitiatedForNobodyIsDiscarded) {
  SessionConfig config = SmallConfig();
  config.linger = absl::ZeroDuration();
  SessionHarness s(config);
  s.OpenFresh();
  s.Chunk(0, "abcd");
  s.Store();
  EXPECT_THAT(s.Lose(), IsEmpty());
  EXPECT_EQ(s.state(), State::kWinding);
  EXPECT_THAT(s.Initiated("u1"), ElementsAre("discard u1", "release"));
}

TEST(SessionPartsTest, HalfCloseWithoutFinishKeepsTheSessionOpen) {
  SessionHarness s;
  s.StartUpload();
  EXPECT_THAT(s.HalfClose(), ElementsAre("close NOT_FINISHED", "linger 1m"));
  s.Stored(1);
  s.Store();
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, absl::Minutes(1)), ElementsAre("release"));
  EXPECT_EQ(s.stored->state, SessionState::kOpen);
  EXPECT_EQ(s.stored->committed_size, 4);
}

TEST(SessionPartsTest, DrainStoresWhatWasReceivedAndTellsHowFarItCame) {
  SessionHarness s;
  s.StartUpload();
  s.Chunk(4, "ef");
  EXPECT_THAT(s.Drain(), ElementsAre("part 2 ef"));
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/6"));
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 6/6", "draining 6", "close DRAINING", "release"));
  ExpectError(s.closed_with(), Code::kUnavailable, "DRAINING", {{"committed_size", "6"}});
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
}

TEST(SessionPartsTest, DrainOfAFreshSessionTellsNothingCommitted) {
  SessionHarness fresh;
  fresh.OpenFresh();
  EXPECT_THAT(fresh.Drain(), ElementsAre("draining 0", "close DRAINING", "release"));

  SessionHarness creating;
  creating.OpenFresh();
  creating.Chunk(0, "abcd");
  EXPECT_THAT(creating.Drain(), ElementsAre("draining 0", "close DRAINING", "release"));
}

TEST(SessionPartsTest, FrameThatWasOnItsWayIsNotTakenWhileDraining) {
  SessionHarness s;
  s.StartUpload();
  s.Drain();
  EXPECT_THAT(s.Chunk(4, "efgh"), IsEmpty());
  s.Stored(1);
  s.Store();
  EXPECT_EQ(s.stored->committed_size, 4);
}

TEST(SessionPartsTest, PartNumbersThatRunOutAreToldAndWhatIsCommittedStays) {
  SessionConfig config = SmallConfig();
  config.remotes[kTestRemote].max_part_count = 2;
  SessionHarness s(config);
  s.Commit("abcdefgh");
  EXPECT_THAT(s.Chunk(8, "ijkl"), ElementsAre("close PART_NUMBERS_EXHAUSTED", "release"));
  ExpectError(s.closed_with(), Code::kResourceExhausted, "PART_NUMBERS_EXHAUSTED",
              {{"limit", "2"}});
  EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt);
  EXPECT_EQ(s.stored->committed_size, 8);
}

}  // namespace
}  // namespace penstock
