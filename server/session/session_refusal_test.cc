// Opens that are refused for what they ask.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/checksum.h"
#include "base/error.h"
#include "server/session/session_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using State = Session::State;

TEST(SessionRefusalTest, ResumeOfAnUnknownTokenIsNotFound) {
  SessionHarness s;
  s.Open(Resume());
  EXPECT_THAT(s.Store(), ElementsAre("close SESSION_NOT_FOUND", "release"));
  ExpectError(s.closed_with(), absl::StatusCode::kNotFound, "SESSION_NOT_FOUND");
}

TEST(SessionRefusalTest, UnknownTokenWithoutAnObjectIsRefused) {
  SessionHarness s;
  s.Open(OpenFrame{});
  EXPECT_THAT(s.Store(), ElementsAre("close OBJECT_REQUIRED", "release"));
  ExpectError(s.closed_with(), absl::StatusCode::kInvalidArgument, "OBJECT_REQUIRED");
}

TEST(SessionRefusalTest, AnotherObjectUnderTheTokenIsRefused) {
  struct Case {
    const char* field;
    void (*change)(SessionSpec&);
  };
  const Case cases[] = {
      {"bucket", [](SessionSpec& spec) { spec.object.bucket = "other"; }},
      {"key", [](SessionSpec& spec) { spec.object.key = "other"; }},
      {"content_type", [](SessionSpec& spec) { spec.attributes.content_type = "text/plain"; }},
      {"metadata", [](SessionSpec& spec) { spec.attributes.metadata["a"] = "b"; }},
      {"forbid_overwrite", [](SessionSpec& spec) { spec.attributes.forbid_overwrite = true; }},
  };
  for (const Case& c : cases) {
    SessionHarness s;
    s.Commit("abcd");
    OpenFrame open = NewObject();
    c.change(*open.spec);
    s.Restart(open);
    EXPECT_THAT(s.Store(), ElementsAre("close SPEC_MISMATCH", "release")) << c.field;
    ExpectError(s.closed_with(), absl::StatusCode::kFailedPrecondition, "SPEC_MISMATCH",
                {{"field", c.field}});
    EXPECT_EQ(s.stored->fence.epoch, 1);
  }
}

TEST(SessionRefusalTest, BadOpenIsRefusedBeforeAnythingIsTakenOver) {
  struct Case {
    const char* reason;
    ErrorMetadata metadata;
    void (*change)(OpenFrame&);
  };
  const Case cases[] = {
      {"UNKNOWN_REMOTE",
       {{"remote", "nowhere"}},
       [](OpenFrame& open) { open.spec->remote = "nowhere"; }},
      {"BAD_PART_SIZE",
       {{"minimum", "2"}, {"maximum", "64"}, {"got", "65"}},
       [](OpenFrame& open) { open.spec->part_size = 65; }},
      {"BAD_PART_SIZE", {{"got", "1"}}, [](OpenFrame& open) { open.spec->part_size = 1; }},
      {"BAD_PART_SIZE", {{"got", "-4"}}, [](OpenFrame& open) { open.spec->part_size = -4; }},
      {"BAD_TOTAL_SIZE", {{"got", "-1"}}, [](OpenFrame& open) { open.spec->total_size = -1; }},
      {"BAD_PARALLEL_PARTS",
       {{"got", "-1"}},
       [](OpenFrame& open) { open.spec->max_parallel_parts = -1; }},
      {"REPLAY_BUFFER_TOO_SMALL",
       {{"minimum", "8"}, {"got", "7"}},
       [](OpenFrame& open) { open.replay_buffer_bytes = 7; }},
      {"BAD_REPLAY_BUFFER",
       {{"got", "-1"}},
       [](OpenFrame& open) { open.replay_buffer_bytes = -1; }},
      {"BAD_LABELS",
       {{"maximum", "4096"}, {"got", "4097"}},
       [](OpenFrame& open) {
         open.spec->labels = {{"a", std::string(4000, 'x')}, {"bc", std::string(94, 'x')}};
       }},
      {"OBJECT_TOO_LARGE",
       {{"limit", std::to_string(64 * 9500)}, {"got", "608001"}},
       [](OpenFrame& open) { open.spec->total_size = 64 * 9500 + 1; }},
  };
  for (const Case& c : cases) {
    SessionHarness s;
    OpenFrame open = NewObject();
    c.change(open);
    EXPECT_THAT(s.Open(open), ElementsAre(std::string("close ") + c.reason, "release"));
    ExpectError(s.closed_with(), absl::StatusCode::kInvalidArgument, c.reason, c.metadata);
    EXPECT_EQ(RetryDelay(s.closed_with()), std::nullopt) << c.reason;
  }
}

TEST(SessionRefusalTest, NegativeReplayBufferIsRefusedBeforeTheClaimThoughNoObjectIsNamed) {
  SessionHarness s;
  s.Commit("abcd");
  OpenFrame open = Resume();
  open.replay_buffer_bytes = -1;
  s.Restart(open);
  EXPECT_EQ(s.state(), State::kEnded);
  ExpectError(s.closed_with(), absl::StatusCode::kInvalidArgument, "BAD_REPLAY_BUFFER");
  EXPECT_EQ(s.stored->fence.epoch, 1);
}

TEST(SessionRefusalTest, LengthThatALargerBudgetWouldCarryIsToldSo) {
  SessionConfig config = SmallConfig();
  config.memory_budget = 64;  // parts of 8 bytes
  SessionHarness s(config);
  OpenFrame open = NewObject();
  open.spec->total_size = 16 * 9500;
  s.Open(open);
  ExpectError(s.closed_with(), absl::StatusCode::kInvalidArgument, "OBJECT_TOO_LARGE",
              {{"limit", std::to_string(8 * 9500)}, {"memory_budget_needed", "128"}});
}

TEST(SessionRefusalTest, LengthThatNoBudgetWouldCarryPromisesNone) {
  SessionHarness s;
  OpenFrame open = NewObject();
  open.spec->total_size = (1 << 20) + 1;  // beyond what the remote stores
  s.Open(open);
  EXPECT_FALSE(ErrorMetadataOf(s.closed_with()).contains("memory_budget_needed"));
}

// Parts of 5 GiB and 10,000 of them: 48.8 TiB is what OSS stores.
TEST(SessionRefusalTest, LengthBeyondWhatOssStoresIsRefusedWhateverTheMemory) {
  constexpr int64_t kMost = 10'000 * (int64_t{5} << 30);
  SessionConfig config;
  config.memory_budget = int64_t{1} << 45;
  Capabilities& oss = config.remotes[kTestRemote];
  oss.min_part_size = 100 * 1024;
  oss.max_part_size = int64_t{5} << 30;
  oss.max_part_count = 10'000;
  oss.max_object_size = kMost;
  for (const int64_t length : {kMost + 1, std::numeric_limits<int64_t>::max()}) {
    SessionHarness s(config);
    OpenFrame open = NewObject();
    open.spec->part_size = 0;
    open.spec->total_size = length;
    EXPECT_THAT(s.Open(open), ElementsAre("close OBJECT_TOO_LARGE", "release"));
    ExpectError(s.closed_with(), absl::StatusCode::kInvalidArgument, "OBJECT_TOO_LARGE",
                {{"got", std::to_string(length)}});
    const ErrorMetadata metadata = ErrorMetadataOf(s.closed_with());
    EXPECT_LE(std::stoll(metadata.at("limit")), kMost);
    EXPECT_FALSE(metadata.contains("memory_budget_needed")) << "no budget would do";
  }
}

TEST(SessionRefusalTest, StreamOfUndeclaredLengthEndsAtWhatTheRemoteStores) {
  SessionConfig config = SmallConfig();
  config.remotes[kTestRemote].max_object_size = 8;
  SessionHarness s(config);
  s.OpenFresh();
  s.Chunk(0, "abcdefgh");
  EXPECT_THAT(s.Chunk(8, "i"), testing::Contains("close SIZE_MISMATCH"));
  ExpectError(s.closed_with(), absl::StatusCode::kOutOfRange, "SIZE_MISMATCH",
              {{"expected", "8"}, {"got", "9"}});
}

TEST(SessionRefusalTest, FirstFrameMustBeOpen) {
  SessionHarness s;
  EXPECT_THAT(s.Chunk(0, "abcd"), ElementsAre("close OPEN_EXPECTED", "release"));
  ExpectError(s.closed_with(), absl::StatusCode::kInvalidArgument, "OPEN_EXPECTED");
  SessionHarness empty;
  EXPECT_THAT(empty.HalfClose(), ElementsAre("close OPEN_EXPECTED", "release"));
  SessionHarness gone;
  EXPECT_THAT(gone.Lose(), ElementsAre("release"));
}

TEST(SessionRefusalTest, RecordOfARemoteThatIsNotConfiguredIsRefused) {
  SessionHarness s;
  s.Commit("abcd");
  s.stored->spec.remote = "gone";
  s.Restart(Resume());
  EXPECT_THAT(s.Store(), ElementsAre("close UNKNOWN_REMOTE", "release"));
}

}  // namespace
}  // namespace penstock
