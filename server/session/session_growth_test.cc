// How many parts of a session may be under way where the client does not ask for a number: what the
// policy (parallel_parts.h) is told, and what follows from it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr int32_t kFirst = 2;
constexpr int32_t kMost = 4;
constexpr int64_t kPart = 4;

SessionConfig Config() {
  SessionConfig config = SmallConfig();
  config.default_parallel_parts = kFirst;
  config.max_parallel_parts = kMost;
  return config;
}

OpenFrame AsksForNone() {
  OpenFrame open = NewObject();
  open.spec->max_parallel_parts = 0;
  return open;
}

// Parts 1 and 2 are in flight, and nothing is read.
void FillPlaces(SessionHarness& s, const OpenFrame& open = AsksForNone()) {
  s.StartUpload(open);
  EXPECT_THAT(s.Chunk(4, "efgh"), ElementsAre("part 2 efgh"));
}

TEST(SessionGrowthTest, OnePlaceMoreForAPartThatWasStoredWhileNoneWasFree) {
  SessionHarness s(Config());
  FillPlaces(s);
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1", "read"));
  EXPECT_THAT(s.Chunk(8, "ijkl"), ElementsAre("part 3 ijkl"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/12", "read"));
  EXPECT_EQ(s.progress().max_unacked_bytes, (3 + 1) * kPart + SmallConfig().max_chunk_bytes);
}

TEST(SessionGrowthTest, EndsAtTheMost) {
  SessionHarness s(Config());
  FillPlaces(s);
  int64_t sent = 2 * kPart;
  for (int32_t number = 1; number < 20; ++number) {
    s.Stored(number);
    s.Store();
    for (int i = 0; i < 2 && s.reading(); ++i, sent += kPart) s.Chunk(sent, "abcd");
  }
  EXPECT_EQ(s.progress().max_unacked_bytes, (kMost + 1) * kPart + SmallConfig().max_chunk_bytes);
}

TEST(SessionGrowthTest, NoneWhileTheClientIsSlowerThanTheStore) {
  SessionHarness s(Config());
  s.StartUpload(AsksForNone());
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  s.Store();
  EXPECT_EQ(s.progress().max_unacked_bytes, (kFirst + 1) * kPart + SmallConfig().max_chunk_bytes);
}

TEST(SessionGrowthTest, NoneForAClientThatAsksForANumber) {
  SessionHarness s(Config());
  OpenFrame open = NewObject();
  FillPlaces(s, open);
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/8", "read"));
  s.Restart(Resume());  // what the session was created with counts
  s.Store();
  EXPECT_EQ(s.opened().max_unacked_bytes, (2 + 1) * kPart + SmallConfig().max_chunk_bytes);
}

TEST(SessionGrowthTest, NoneWhileAChunkWaitsForMemory) {
  SessionHarness s(Config());
  s.StartUpload(AsksForNone());
  s.HoldMemory();
  s.Chunk(4, "efghi");
  EXPECT_THAT(s.GrantMemory(), Contains("part 2 efgh"));  // and "i" waits
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1"));
  s.Store();
  EXPECT_EQ(s.progress().max_unacked_bytes, (kFirst + 1) * kPart + SmallConfig().max_chunk_bytes);
}

TEST(SessionGrowthTest, SlowedBackendTakesThePlaceBack) {
  SessionHarness s(Config());
  FillPlaces(s);
  s.Stored(1);
  s.Store();
  EXPECT_THAT(s.Chunk(8, "ijkl"), ElementsAre("part 3 ijkl", "read"));
  EXPECT_THAT(s.Stored(2, /*slowed=*/true), ElementsAre("commit 2"));
  s.Store();
  EXPECT_EQ(s.progress().max_unacked_bytes, (kFirst + 1) * kPart + SmallConfig().max_chunk_bytes);
}

TEST(SessionGrowthTest, ShortMemoryTakesThePlaceBackAndWhatIsInFlightIsKept) {
  SessionHarness s(Config());
  FillPlaces(s);
  EXPECT_THAT(s.Stored(1), ElementsAre("commit 1", "read"));
  EXPECT_THAT(s.Chunk(8, "ijkl"), ElementsAre("part 3 ijkl"));
  EXPECT_THAT(s.MemoryShort(), IsEmpty());
  EXPECT_THAT(s.Store(), ElementsAre("progress 4/12"));  // two are in flight: nothing is read
  EXPECT_THAT(s.Stored(2), ElementsAre("commit 2"));
  EXPECT_THAT(s.Store(), ElementsAre("progress 8/12", "read"));
}

// Rule 3: parts in flight and one more, however many there may be.
TEST(SessionGrowthTest, ReservationFollowsWhatIsInFlight) {
  SessionHarness s(Config());
  FillPlaces(s);
  EXPECT_EQ(s.stored->reserved_number, kFirst + 1);
  int64_t sent = 2 * kPart;
  for (int32_t number = 1; number < 20; ++number) {
    s.Stored(number);
    s.Store();
    for (; s.reading(); sent += kPart) s.Chunk(sent, "abcd");
    const auto in_flight = static_cast<int32_t>(sent / kPart) - number;
    EXPECT_LE(in_flight, kMost);
    EXPECT_LE(s.stored->reserved_number, number + kMost + 1);
  }
}

}  // namespace
}  // namespace penstock
