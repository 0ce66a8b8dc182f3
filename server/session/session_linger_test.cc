// How long the memory of a lost stream is kept, and what ends that earlier: rule 12.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = Session::State;

constexpr absl::Duration kLinger = absl::Minutes(1);

// "abcd" is committed, "efgh" in flight as part 2, "ij" in memory, and the stream is lost.
void LoseWithinAPart(SessionHarness& s) {
  s.Commit("abcd");
  s.Chunk(4, "efgh");
  s.Chunk(8, "ij");
  s.Lose();
}

TEST(SessionLingerTest, NobodyWhoComesBackInTimeEndsIt) {
  SessionHarness s;
  LoseWithinAPart(s);
  s.Stored(2);
  s.Store();
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, kLinger), ElementsAre("release"));
  EXPECT_EQ(s.stored->committed_size, 8);
}

TEST(SessionLingerTest, TimerOfAnEarlierLossEndsNothing) {
  SessionHarness s;
  LoseWithinAPart(s);
  s.Wait(absl::Seconds(30));
  s.Reopen();
  s.Store();
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, absl::Seconds(30)), IsEmpty());
  EXPECT_THAT(s.Lose(), ElementsAre("linger 1m"));
  s.Reopen();
  s.Store();
  s.Wait(absl::Seconds(1));
  s.Lose();
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, absl::Seconds(59)), ElementsAre("linger 1s"));
  EXPECT_EQ(s.state(), State::kOpen);
}

TEST(SessionLingerTest, GoesOnToWaitWhereTheClockWentSlowerThanTheTimer) {
  SessionConfig config = SmallConfig();
  config.part_age = absl::Hours(1);
  SessionHarness s(config);
  s.Commit("abcd");
  s.Chunk(4, "ef");
  s.Lose();
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, kLinger / 2), ElementsAre("linger 30s"));
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, kLinger / 2 - absl::Microseconds(1)),
              ElementsAre("linger 1ms"));
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, absl::Milliseconds(1)), ElementsAre("release"));
}

TEST(SessionLingerTest, NewerStreamThatIsAboutToTakeItKeepsTheMemory) {
  SessionHarness s;
  LoseWithinAPart(s);
  s.Reopen();
  EXPECT_THAT(s.MemoryShort(), IsEmpty());
  EXPECT_THAT(s.Fire(SessionTimer::kLinger, kLinger), ElementsAre("part 3 ij"));  // by its age
  EXPECT_THAT(s.Store(), ElementsAre("adopt", "owner", "opened 10"));
}

TEST(SessionLingerTest, WhatOnlyLingersLetsGoWhenMemoryIsShort) {
  SessionHarness s;
  s.Commit("abcd");
  s.Chunk(4, "ef");
  EXPECT_THAT(s.MemoryShort(), IsEmpty());  // somebody is there
  s.Lose();
  EXPECT_THAT(s.MemoryShort(), ElementsAre("release"));

  SessionHarness in_flight;
  LoseWithinAPart(in_flight);
  EXPECT_THAT(in_flight.MemoryShort(), IsEmpty());
  EXPECT_THAT(in_flight.Stored(2), ElementsAre("commit 2"));
  EXPECT_THAT(in_flight.Store(), ElementsAre("release"));
}

TEST(SessionLingerTest, DrainTakesNoNewerStream) {
  SessionHarness waiting;
  waiting.StartUpload();
  waiting.Stored(1);
  waiting.Reopen();  // behind the commit
  EXPECT_THAT(waiting.Drain(), ElementsAre("pass on"));
  EXPECT_THAT(waiting.Store(),
              ElementsAre("progress 4/4", "draining 4", "close DRAINING", "release"));

  SessionHarness claiming;
  LoseWithinAPart(claiming);
  claiming.Stored(2);
  claiming.Store();
  claiming.Reopen();
  EXPECT_THAT(claiming.Drain(), ElementsAre("part 3 ij"));
  EXPECT_THAT(claiming.Store(), ElementsAre("refuse DRAINING"));
  EXPECT_THAT(claiming.Stored(3), ElementsAre("commit 3"));
  EXPECT_THAT(claiming.Store(), ElementsAre("release"));
  EXPECT_EQ(claiming.stored->committed_size, 10);
}

TEST(SessionLingerTest, DrainStoresWhatLingers) {
  SessionHarness s;
  LoseWithinAPart(s);
  EXPECT_THAT(s.Drain(), ElementsAre("part 3 ij"));
  s.Stored(3);
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2,3"));
  EXPECT_THAT(s.Store(), ElementsAre("release"));
  EXPECT_EQ(s.stored->committed_size, 10);
}

}  // namespace
}  // namespace penstock
