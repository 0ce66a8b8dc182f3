// What a client may send after `open`, and what it is told when it may not; time; the end.

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

TEST(SessionInputTest, BadFrameEndsTheStreamAndTheSessionStaysOpen) {
  struct Case {
    const char* what;
    ClientFrame frame;
    Code code;
    const char* reason;
    ErrorMetadata metadata;
    bool retry;
  };
  const Case cases[] = {
      {"gap",
       ChunkFrame{5, {}, "x"},
       Code::kOutOfRange,
       "OFFSET_GAP",
       {{"expected", "4"}, {"got", "5"}},
       false},
      {"gap by an empty chunk", ChunkFrame{5, {}, ""}, Code::kOutOfRange, "OFFSET_GAP", {}, false},
      {"offset at the end of numbers",
       ChunkFrame{INT64_MAX, {}, "x"},
       Code::kOutOfRange,
       "OFFSET_GAP",
       {},
       false},
      {"negative offset",
       ChunkFrame{-1, {}, "x"},
       Code::kInvalidArgument,
       "NEGATIVE_OFFSET",
       {{"got", "-1"}},
       false},
      {"chunk too large",
       ChunkFrame{4, {}, std::string(33, 'x')},
       Code::kInvalidArgument,
       "CHUNK_TOO_LARGE",
       {{"max_chunk_bytes", "32"}, {"got", "33"}},
       false},
      {"wrong CRC-32C",
       ChunkFrame{4, 7, "x"},
       Code::kDataLoss,
       "CHUNK_CRC_MISMATCH",
       {{"offset", "4"}, {"expected", "00000007"}},
       true},
      {"wrong CRC-32C of known bytes",
       ChunkFrame{0, 7, "a"},
       Code::kDataLoss,
       "CHUNK_CRC_MISMATCH",
       {},
       true},
      {"beyond the declared length",
       ChunkFrame{4, {}, "12345"},
       Code::kOutOfRange,
       "SIZE_MISMATCH",
       {{"expected", "8"}, {"got", "9"}},
       false},
      {"second open", NewObject(), Code::kInvalidArgument, "SECOND_OPEN", {}, false},
      {"finish without a size",
       FinishFrame{},
       Code::kInvalidArgument,
       "TOTAL_SIZE_REQUIRED",
       {},
       false},
      {"finish below the declared length",
       FinishFrame{4, {}},
       Code::kOutOfRange,
       "SIZE_MISMATCH",
       {{"expected", "8"}, {"got", "4"}},
       false},
      {"finish before everything came",
       FinishFrame{8, {}},
       Code::kOutOfRange,
       "SIZE_MISMATCH",
       {{"expected", "4"}, {"got", "8"}},
       false},
      {"finish with a negative size",
       FinishFrame{-1, {}},
       Code::kOutOfRange,
       "SIZE_MISMATCH",
       {},
       false},
  };
  OpenFrame open = NewObject();
  open.spec->total_size = 8;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    SessionHarness s;
    s.Commit("abcd", open);
    EXPECT_THAT(s.Frame(c.frame), ElementsAre(std::string("close ") + c.reason, "release"));
    ExpectError(s.closed_with(), c.code, c.reason, c.metadata);
    EXPECT_EQ(RetryDelay(s.closed_with()).has_value(), c.retry);
    EXPECT_EQ(s.stored->state, SessionState::kOpen);
    s.Restart(open);
    EXPECT_THAT(s.Store(), ElementsAre("owner", "opened 4", "tick 5s", "read"));
  }
}

TEST(SessionInputTest, BadFrameOfAFreshSessionLeavesTheTokenFree) {
  SessionHarness s;
  s.OpenFresh();
  EXPECT_THAT(s.Chunk(1, "x"), ElementsAre("close OFFSET_GAP", "release"));
  EXPECT_FALSE(s.stored.has_value());
}

TEST(SessionInputTest, PartsInFlightAreCommittedAfterABadFrame) {
  SessionHarness s;
  s.StartUpload();
  EXPECT_THAT(s.Chunk(9, "x"), ElementsAre("close OFFSET_GAP"));
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("release"));
  EXPECT_EQ(s.stored->committed_size, 4);
}

TEST(SessionInputTest, KnownBytesAreSkippedAndStraddlingOnesTrimmed) {
  SessionHarness s;
  s.Commit("abcd");
  EXPECT_THAT(s.Chunk(0, "abcd"), ElementsAre("read"));
  EXPECT_THAT(s.Chunk(2, ""), ElementsAre("read"));
  EXPECT_THAT(s.Chunk(2, "cdefgh"), ElementsAre("part 2 efgh", "read"));
}

TEST(SessionInputTest, ChunkWithItsRightCrcIsTaken) {
  SessionHarness s;
  s.Commit("abcd");
  EXPECT_THAT(s.Frame(ChunkFrame{4, Crc32c("efgh"), "efgh"}), ElementsAre("part 2 efgh", "read"));
}

TEST(SessionInputTest, UnknownLengthEndsAtWhatTheRemoteStores) {
  SessionConfig config = SmallConfig();
  config.remotes[kTestRemote].max_object_size = 6;
  SessionHarness s(config);
  s.Commit("abcd");
  EXPECT_THAT(s.Chunk(4, "efg"), ElementsAre("close SIZE_MISMATCH", "release"));
}

TEST(SessionInputTest, SmallestReplayBufferOfARemoteWithoutAMinimumStillFillsParts) {
  SessionConfig config = SmallConfig();
  config.remotes[kTestRemote].min_part_size = 0;
  OpenFrame open = NewObject();
  open.replay_buffer_bytes = 1;
  SessionHarness refused(config);
  EXPECT_THAT(refused.Open(open), ElementsAre("close REPLAY_BUFFER_TOO_SMALL", "release"));
  open.replay_buffer_bytes = 4;
  SessionHarness s(config);
  s.OpenFresh(open);
  EXPECT_EQ(s.opened().part_size, 1);
  EXPECT_THAT(s.Chunk(0, "ab"), ElementsAre("create open"));
}

TEST(SessionTimeTest, ProgressIsRepeatedWhileBytesAreNotCommitted) {
  SessionHarness s;
  s.StartUpload();
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Seconds(5)),
              ElementsAre("tick 5s", "progress 0/4"));
  s.Stored(1);
  s.Store();
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Seconds(5)), ElementsAre("tick 5s"));
}

TEST(SessionTimeTest, IdleStreamEndsAndTheSessionStaysOpen) {
  SessionHarness s;
  s.Commit("abcd");
  s.Fire(SessionTimer::kTick, absl::Minutes(6));
  EXPECT_THAT(s.Chunk(4, ""), ElementsAre("read"));  // a sign of life
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Minutes(6)), ElementsAre("tick 5s"));
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Minutes(4)),
              ElementsAre("tick 5s", "close IDLE_TIMEOUT", "release"));
  EXPECT_EQ(s.closed_with().code(), Code::kDeadlineExceeded);
  EXPECT_TRUE(RetryDelay(s.closed_with()).has_value());
  EXPECT_EQ(s.stored->state, SessionState::kOpen);
}

// Rule 12 keeps what it has sent; rule 9 does not let it keep the memory for as long as it likes.
TEST(SessionTimeTest, StreamThatIsIdleWithinAPartEndsToo) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "e");
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Minutes(10)),
              ElementsAre("tick 5s", "progress 4/5", "close IDLE_TIMEOUT", "linger 1m"));
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, absl::Minutes(1)), ElementsAre("release"));
}

TEST(SessionTimeTest, ClientThatIsNotReadIsNotIdle) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "");
  EXPECT_THAT(s.DelayRead(absl::Minutes(30)), IsEmpty());
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Minutes(29)), ElementsAre("tick 5s"));
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Minutes(10)), ElementsAre("tick 5s"));
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Minutes(1)),
              ElementsAre("tick 5s", "close IDLE_TIMEOUT", "release"));
}

TEST(SessionTimeTest, ClientThatWaitsForTheServerIsNotIdle) {
  SessionHarness s;
  s.SealList("abcd");
  EXPECT_THAT(s.Fire(SessionTimer::kTick, absl::Hours(1)), ElementsAre("tick 5s"));
  EXPECT_EQ(s.state(), State::kPublishing);
}

TEST(SessionTimeTest, TimersOfAnEndedOrUnheardSessionDoNothing) {
  SessionHarness ended;
  ended.Commit("abcd");
  ended.Supersede();
  for (const SessionTimer timer : {SessionTimer::kTick, SessionTimer::kAge, SessionTimer::kLinger,
                                   SessionTimer::kRetryStore, SessionTimer::kRetryPublish}) {
    EXPECT_THAT(ended.Fire(timer), IsEmpty());
  }
  SessionHarness unheard;
  unheard.SealList("abcd");
  unheard.Lose();
  EXPECT_THAT(unheard.Fire(SessionTimer::kTick), IsEmpty());
}

TEST(SessionEndTest, SupersededAndAbortedStreamsEndInEveryState) {
  using Setup = void (*)(SessionHarness&);
  const Setup setups[] = {
      [](SessionHarness& s) { s.Open(NewObject()); },
      [](SessionHarness& s) { s.OpenFresh(); },
      [](SessionHarness& s) { s.OpenFresh(), s.Chunk(0, "abcd"); },
      [](SessionHarness& s) { s.StartUpload(); },
      [](SessionHarness& s) { s.SealList("abcd"); },
      [](SessionHarness& s) { s.SealPut("abc"); },
      [](SessionHarness& s) { s.SealList("abcd"), s.Publish(absl::UnavailableError("")); },
      [](SessionHarness& s) { s.SealList("abcd"), s.Publish(Published("abcd", "mark-0")); },
  };
  for (const Setup& setup : setups) {
    SessionHarness superseded;
    setup(superseded);
    EXPECT_THAT(superseded.Supersede(), ElementsAre("close STALE_WRITER", "release"));
    EXPECT_THAT(superseded.Abort(), IsEmpty());
    SessionHarness aborted;
    setup(aborted);
    EXPECT_THAT(aborted.Abort(), ElementsAre("close SESSION_ABORTED", "release"));
    EXPECT_THAT(aborted.Supersede(), IsEmpty());
  }
}

TEST(SessionEndTest, AnswersThatComeAfterTheEndAreIgnored) {
  SessionHarness s;
  s.StartUpload();
  s.Supersede();
  EXPECT_THAT(s.Stored(1), IsEmpty());
  EXPECT_THAT(s.PartFails(1, absl::NotFoundError("")), IsEmpty());
  EXPECT_THAT(s.Prepared(), IsEmpty());
  EXPECT_THAT(s.Publish(Published("abcd", "mark-0")), IsEmpty());
  EXPECT_THAT(s.Describe(Published("abcd", "mark-0")), IsEmpty());
  EXPECT_THAT(s.Drain(), IsEmpty());
  EXPECT_THAT(s.MemoryShort(), IsEmpty());
  EXPECT_THAT(s.Lose(), IsEmpty());
  EXPECT_THAT(s.HalfClose(), IsEmpty());
}

}  // namespace
}  // namespace penstock
