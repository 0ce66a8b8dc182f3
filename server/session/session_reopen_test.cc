// A newer stream of this process goes on with what is in memory: rule 12.

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

// "abcd" is committed, "efgh" in flight as part 2, "ij" in memory, and the stream is lost.
void LoseWithinAPart(SessionHarness& s) {
  s.Commit("abcd");
  s.Chunk(4, "efgh");
  s.Chunk(8, "ij");
  s.Lose();
}

OpenFrame Stale() {
  OpenFrame open = NewObject();
  open.expect_epoch = 0;
  return open;
}

OpenFrame AnotherObject() {
  OpenFrame open = NewObject();
  open.spec->object.key = "other";
  return open;
}

OpenFrame BadReplayBuffer() {
  OpenFrame open = NewObject();
  open.replay_buffer_bytes = 1;
  return open;
}

TEST(SessionReopenTest, GoesOnAtWhatIsInMemoryAndBurnsNoNumbers) {
  SessionHarness s;
  LoseWithinAPart(s);
  const int32_t reserved = s.stored->reserved_number;
  EXPECT_THAT(s.Reopen(Resume()), ElementsAre("claim keeping"));
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 10", "read"));
  EXPECT_EQ(s.opened().session.committed_size, 4);  // rule 1: only this is promised
  EXPECT_EQ(s.opened().resume_crc64, Crc64("abcdefghij"));
  EXPECT_TRUE(s.opened().resumed);
  EXPECT_EQ(s.opened().session.fence.epoch, 2);
  EXPECT_EQ(s.stored->reserved_number, reserved);
  EXPECT_THAT(s.Chunk(10, "kl"), ElementsAre("part 3 ijkl"));
  s.Stored(3);
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2,3"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 12/12", "read"));
  EXPECT_THAT(s.Finish(12, Crc64("abcdefghijkl")), ElementsAre("seal", "read"));
}

TEST(SessionReopenTest, OlderStreamThatIsStillThereIsToldThatItIsStale) {
  SessionHarness s;
  s.StartUpload();
  EXPECT_THAT(s.Reopen(), ElementsAre("claim keeping"));
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "adopt", "owner", "opened 4", "read"));
}

TEST(SessionReopenTest, RefusedStreamLeavesTheOlderOneAsItIs) {
  const std::pair<OpenFrame, const char*> cases[] = {{Stale(), "STALE_OPEN"},
                                                     {AnotherObject(), "SPEC_MISMATCH"}};
  for (const auto& [open, reason] : cases) {
    SessionHarness s;
    s.StartUpload();
    EXPECT_THAT(s.Reopen(open), ElementsAre("claim keeping"));
    EXPECT_THAT(s.Chunk(4, "efgh"), IsEmpty());  // it was asked for, and waits
    EXPECT_THAT(s.Store(), ElementsAre(std::string("refuse ") + reason, "part 2 efgh"));
    EXPECT_EQ(ErrorReason(s.refused_with()), reason);
    s.Stored(2);
    s.Stored(1);
    EXPECT_THAT(s.Store(), ElementsAre("progress 8/8", "read")) << reason;
  }
}

// `finish` was read: what comes after it ends its stream only, whenever it is looked at (rule 6).
TEST(SessionReopenTest, FrameThatWaitedBehindFinishEndsItsStreamOnly) {
  SessionHarness s;
  s.StartUpload();
  EXPECT_THAT(s.Finish(4, Crc64("abcd")), ElementsAre("read"));
  EXPECT_THAT(s.Reopen(Stale()), ElementsAre("claim keeping"));
  EXPECT_THAT(s.Finish(9), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("refuse STALE_OPEN", "close FRAME_AFTER_FINISH"));
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("seal"));
}

TEST(SessionReopenTest, DrainDuringTheClaimRefusesWhoGotTheSessionAnew) {
  SessionHarness s;
  LoseWithinAPart(s);
  s.ApplyToStore(ClaimByAnother());
  EXPECT_THAT(s.Reopen(Resume()), ElementsAre("claim keeping"));
  s.Drain();
  EXPECT_THAT(s.Store(), ElementsAre("refuse DRAINING", "release"));
}

TEST(SessionReopenTest, BadOpenIsRefusedBeforeTheClaim) {
  SessionHarness s;
  s.StartUpload();
  EXPECT_THAT(s.Reopen(BadReplayBuffer()), ElementsAre("refuse REPLAY_BUFFER_TOO_SMALL"));
  EXPECT_EQ(s.stored->fence.epoch, 1);
  EXPECT_THAT(s.Chunk(4, "ef"), ElementsAre("read"));  // the older stream goes on
}

TEST(SessionReopenTest, OpenIsCheckedAsAnyOther) {
  struct Case {
    const char* reason;
    void (*change)(OpenFrame&);
  };
  const Case cases[] = {
      {"BAD_PART_SIZE", [](OpenFrame& open) { open.spec->part_size = 65; }},
      {"BAD_PARALLEL_PARTS", [](OpenFrame& open) { open.spec->max_parallel_parts = -1; }},
      {"BAD_IDLE_TTL", [](OpenFrame& open) { open.idle_ttl = absl::ZeroDuration(); }},
  };
  for (const Case& c : cases) {
    SessionHarness s;
    s.StartUpload();
    OpenFrame open = NewObject();
    c.change(open);
    EXPECT_THAT(s.Reopen(open), ElementsAre(std::string("refuse ") + c.reason));
  }
}

TEST(SessionReopenTest, StoreThatCannotBeAskedRefusesTheNewerStream) {
  SessionHarness s;
  s.StartUpload();
  s.Reopen();
  EXPECT_THAT(s.StoreFails(StoreCode::kExhausted), ElementsAre("refuse STORE_FULL"));
  EXPECT_THAT(s.Chunk(4, "ef"), ElementsAre("read"));
}

TEST(SessionReopenTest, MemoryIsDroppedWhenAnotherServerOwnedTheSessionSince) {
  SessionHarness s;
  LoseWithinAPart(s);
  s.ApplyToStore(ClaimByAnother());
  const int32_t reserved = s.stored->reserved_number;
  EXPECT_THAT(s.Reopen(Resume()), ElementsAre("claim keeping"));
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 4", "read"));
  EXPECT_EQ(s.received_size(), 4);
  EXPECT_EQ(s.opened().resume_crc64, Crc64("abcd"));
  EXPECT_THAT(s.Stored(2), IsEmpty());  // part 2 was dropped: its number is dead
  EXPECT_THAT(s.Chunk(4, "EFGH"),
              ElementsAre("part " + std::to_string(reserved + 1) + " EFGH", "read"));
  EXPECT_THAT(s.Stored(reserved + 1), ElementsAre("commit " + std::to_string(reserved + 1)));
  EXPECT_THAT(s.Store(), ElementsAre("progress 8/8"));
}

// A new life numbers its parts from 1 again, to another upload. What comes of a part of the life
// before, which the same object had sent, says nothing of the part that has its number now.
TEST(SessionReopenTest, PartsOfTheLifeBeforeAreNotTheNewOnes) {
  SessionHarness s;
  LoseWithinAPart(s);  // part 2 of u1 is under way
  s.ApplyToStore(AbortSession{s.stored->session_id, std::string(16, 'n'), s.now()});
  OpenFrame open = NewObject();
  open.ended_policy = EndedPolicy::kStartOver;
  s.Reopen(open);
  s.Store();  // the claim: it was aborted
  s.Store();  // the new life
  ASSERT_EQ(s.stored->life, 2);
  s.Chunk(0, "ABCDEFGH");
  s.Initiated("u2");
  EXPECT_THAT(s.Store(), ElementsAre("part 1 ABCD", "part 2 EFGH"));
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/8", "read"));
  const absl::Status gone = MakeError(Code::kNotFound, kReasonNoSuchUpload, "aborted");
  for (const absl::StatusOr<std::string>& late : {absl::StatusOr<std::string>("e2"), {gone}}) {
    EXPECT_THAT(s.PartAnswer("u1", 2, late), IsEmpty()) << late.status();
  }
  EXPECT_EQ(s.stored->committed_size, 4);
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2"));
}

TEST(SessionReopenTest, SessionThatAnotherServerFinishedIsReplayed) {
  SessionHarness s;
  LoseWithinAPart(s);
  s.ApplyToStore(ClaimByAnother());
  s.stored->state = SessionState::kFinished;
  s.stored->result.emplace();
  s.Reopen();
  EXPECT_THAT(s.Store(),
              ElementsAre("adopt", "opened 4", "finished before", "close OK", "release"));
}

TEST(SessionReopenTest, FreshSessionGoesOnThoughNothingIsRecorded) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abc");
  s.Lose();
  EXPECT_THAT(s.Reopen(), ElementsAre("claim"));
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 3", "read"));
  EXPECT_EQ(s.opened().session.committed_size, 0);
  EXPECT_THAT(s.Finish(3, Crc64("abc")), ElementsAre("prepare abc", "read"));
  EXPECT_THAT(s.Prepared(), ElementsAre("create finishing"));
  EXPECT_THAT(s.Store(), ElementsAre("put"));
}

TEST(SessionReopenTest, FreshSessionThatAnotherServerCreatedMeanwhileIsClaimed) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abc");
  s.Lose();
  SessionRecord theirs = s.record();
  theirs.session_id = "theirs";
  theirs.fence.nonce = "theirs";
  s.ApplyToStore(CreateSession{theirs});
  s.Reopen();
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 0", "read"));
  EXPECT_EQ(s.opened().session.session_id, "theirs");
  EXPECT_THAT(s.Chunk(0, "abcd"), ElementsAre("initiate", "read"));
}

TEST(SessionReopenTest, AnotherObjectUnderAFreshTokenIsRefused) {
  SessionHarness s;
  s.OpenFresh();
  s.Chunk(0, "abc");
  EXPECT_THAT(s.Reopen(AnotherObject()), ElementsAre("refuse SPEC_MISMATCH"));
  EXPECT_THAT(s.Chunk(3, "d"), ElementsAre("create open", "read"));
}

TEST(SessionReopenTest, ClaimWaitsForTheWriteUnderWay) {
  SessionHarness s;
  s.StartUpload();
  s.Stored(1);
  EXPECT_THAT(s.Reopen(), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/4", "claim keeping"));
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "adopt", "owner", "opened 4", "read"));
  EXPECT_EQ(s.opened().session.committed_size, 4);
}

// What is stored while the claim is under way is committed under the new fence.
TEST(SessionReopenTest, PartThatIsStoredMeanwhileIsCommittedAfterwards) {
  SessionHarness s;
  LoseWithinAPart(s);
  s.Reopen();
  EXPECT_THAT(s.Stored(2), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 10", "commit 2", "read"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 8/10"));
}

TEST(SessionReopenTest, ClaimOfUnknownOutcomeIsRepeatedAndStillKept) {
  SessionHarness s;
  LoseWithinAPart(s);
  s.Reopen();
  EXPECT_THAT(s.StoreAppliesAndForgets(), ElementsAre("retry store 200ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kRetryStore), ElementsAre("claim keeping"));
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 10", "read"));
  EXPECT_EQ(s.stored->fence.epoch, 2);
}

TEST(SessionReopenTest, ReplayBufferOfTheNewerStreamBoundsItsParts) {
  OpenFrame wide = NewObject();
  wide.spec->part_size = 32;
  SessionHarness s;
  s.OpenFresh(wide);
  s.Chunk(0, "abcdefgh");
  s.Lose();
  OpenFrame narrow = Resume();
  narrow.mode = OpenMode::kCreateOrResume;
  narrow.replay_buffer_bytes = 16;
  s.Reopen(narrow);
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 8", "create open", "read"));
  EXPECT_EQ(s.opened().part_size, 4);
  EXPECT_EQ(s.opened().max_unacked_bytes, 16);
}

TEST(SessionReopenTest, FinishThatWasReadIsAnsweredOnTheNewerStream) {
  SessionHarness s;
  s.StartUpload();
  s.Finish(4);
  EXPECT_THAT(s.Lose(), IsEmpty());
  EXPECT_THAT(s.Reopen(), ElementsAre("claim keeping"));
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 4", "read"));
  EXPECT_THAT(s.Finish(4), ElementsAre("read"));  // the client says it again
  s.Stored(1);
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/4", "seal"));
  s.Store();
  s.Publish(Published("abcd", "mark-0"));
  EXPECT_THAT(s.Store(), ElementsAre("finished", "close OK", "release"));
}

TEST(SessionReopenTest, WhatCannotBeContinuedIsPassedOn) {
  OpenFrame create = NewObject();
  create.mode = OpenMode::kCreate;
  SessionHarness created;
  created.StartUpload();
  EXPECT_THAT(created.Reopen(create), ElementsAre("pass on"));
  EXPECT_THAT(created.Chunk(4, "ef"), ElementsAre("read"));  // nothing was taken over

  SessionHarness publishing;
  publishing.SealList("abcd");
  EXPECT_THAT(publishing.Reopen(), ElementsAre("pass on"));
  EXPECT_EQ(publishing.state(), State::kPublishing);

  SessionHarness fresh;
  fresh.OpenFresh();
  fresh.Chunk(0, "ab");
  EXPECT_THAT(fresh.Reopen(Resume()), ElementsAre("pass on"));  // the store does not know it
}

TEST(SessionReopenTest, EndOfTheSessionPassesTheNewerStreamOn) {
  SessionHarness s;
  s.StartUpload();
  s.Reopen();
  EXPECT_THAT(s.Supersede(), ElementsAre("close STALE_WRITER", "pass on", "release"));
}

// The claim was done, and has raised the epoch: to pass the same `open` on would have it refused by
// what it did itself.
TEST(SessionReopenTest, ErrorMeanwhileRefusesTheNewerStreamForNow) {
  SessionHarness s;
  s.StartUpload();
  s.Reopen();
  const absl::Status denied = MakeError(Code::kPermissionDenied, kReasonDenied, "denied");
  EXPECT_THAT(s.PartFails(1, denied), ElementsAre("close BACKEND_DENIED"));
  EXPECT_THAT(s.Store(), ElementsAre("refuse OWNERSHIP_LOST", "release"));
}

// Everything is committed, so that nothing would linger.
TEST(SessionReopenTest, StreamThatIsLostDuringTheClaimIsFollowedByTheNewerOne) {
  SessionHarness s;
  s.Commit("abcd");
  OpenFrame again = Resume();
  again.expect_epoch = 1;
  s.Reopen(again);
  EXPECT_THAT(s.Lose(), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 4", "read"));
  EXPECT_EQ(s.stored->fence.epoch, 2);
}

TEST(SessionReopenTest, StreamThatIsLostWhileTheNewerOneIsRefusedLingersNot) {
  SessionHarness s;
  s.Commit("abcd");
  OpenFrame other = NewObject();
  other.spec->object.key = "other";
  s.Reopen(other);
  EXPECT_THAT(s.Lose(), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("refuse SPEC_MISMATCH", "release"));
}

// The chunk that waits for memory came from the older stream: the client sends it again.
TEST(SessionReopenTest, ChunkThatWaitsForMemoryIsTheOlderStreams) {
  SessionHarness s;
  s.StartUpload();
  s.HoldMemory();
  s.Chunk(4, "ef");
  s.Reopen();
  EXPECT_THAT(s.Store(), ElementsAre("close STALE_WRITER", "adopt", "owner", "opened 4", "read"));
  EXPECT_THAT(s.Chunk(4, "efgh"), IsEmpty());  // the older request is still under way
  EXPECT_THAT(s.GrantMemory(), ElementsAre("part 2 efgh"));
}

}  // namespace
}  // namespace penstock
