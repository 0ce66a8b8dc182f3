#include "client/cli/progress_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/error.h"

namespace penstock::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kGiB = int64_t{1} << 30;
constexpr int64_t kMiB = int64_t{1} << 20;

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1000);
};

TEST(FormatProgressTest, SaysAllOfAKnownLength) {
  ProgressLine line;
  line.key = "big.iso";
  line.committed_size = 10 * kGiB;
  line.total_size = 16 * kGiB;
  line.rate = 256.0 * kMiB;
  line.part_size = 8 * kMiB;
  line.resumed_at = 9 * kGiB;
  EXPECT_EQ(FormatProgress(line),
            "big.iso   62%  10.0/16.0 GiB  256.0 MiB/s  ETA 0:24  parts of 8.0 MiB  "
            "resumed at 9.0 GiB");
}

TEST(FormatProgressTest, HasNoFakePercentForAnUnknownLength) {
  ProgressLine line;
  line.key = "dump";
  line.committed_size = 3 * kMiB;
  line.rate = 1.0 * kMiB;
  line.elapsed = absl::Seconds(63);
  EXPECT_EQ(FormatProgress(line), "dump  3.0 MiB  1.0 MiB/s  1:03");
}

TEST(FormatProgressTest, ClaimsCompletionOnlyWhenAllIsCommitted) {
  ProgressLine line;
  line.total_size = 1000;
  line.committed_size = 999;
  EXPECT_THAT(FormatProgress(line), HasSubstr(" 99% "));
  line.committed_size = 1000;
  EXPECT_THAT(FormatProgress(line), HasSubstr("100% "));
}

TEST(FormatProgressTest, KnowsNoTimeOfArrivalWithoutARate) {
  ProgressLine line;
  line.total_size = 1000;
  EXPECT_THAT(FormatProgress(line), HasSubstr("ETA -"));
}

TEST(FormatProgressTest, KeepsControlCharactersOffTheScreen) {
  ProgressLine line;
  line.key = "a\x1b[2Jb";
  EXPECT_THAT(FormatProgress(line), Not(HasSubstr("\x1b")));
}

TEST(RateMeterTest, MeasuresTheLastSecondsOnly) {
  RateMeter rate;
  const absl::Time start = absl::UnixEpoch();
  rate.Add(start, 1'000'000);  // committed by an earlier run
  EXPECT_EQ(rate.BytesPerSecond(), 0);
  rate.Add(start + absl::Seconds(10), 1'001'000);
  EXPECT_EQ(rate.BytesPerSecond(), 100);
  rate.Add(start + absl::Seconds(20), 1'001'000);
  EXPECT_EQ(rate.BytesPerSecond(), 0);
}

class ProgressViewTest : public ::testing::Test {
 protected:
  ProgressView MakeView(bool is_terminal) {
    terminal_.err_is_terminal = is_terminal;
    return ProgressView(terminal_, "key", 10 * kMiB, clock_);
  }
  // What was written since the last call.
  std::string Take() {
    const std::string text = err_.str();
    err_.str("");
    return text;
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Terminal terminal_{out_, err_};
  FakeClock clock_;
};

TEST_F(ProgressViewTest, RewritesOneLineOnATerminal) {
  ProgressView view = MakeView(true);
  view.OnOpened({"server", "id", v1::Session::STATE_OPEN, false, 0, 0, 0, 0});
  Take();
  clock_.now += absl::Seconds(1);
  view.OnProgress({1 * kMiB, 2 * kMiB, 2 * kMiB});
  EXPECT_EQ(Take(), "\rkey   10%  1.0/10.0 MiB  1.0 MiB/s  ETA 0:09\x1b[K");
  view.OnFinished({});
  EXPECT_EQ(Take(), "\r\x1b[K");
}

TEST_F(ProgressViewTest, WritesALineEveryTenSecondsElsewhere) {
  ProgressView view = MakeView(false);
  view.OnOpened({"server", "id", v1::Session::STATE_OPEN, false, 0, 0, 0, 0});
  clock_.now += absl::Seconds(9);
  view.OnProgress({1 * kMiB, 1 * kMiB, 1 * kMiB});
  EXPECT_EQ(Take(), "");
  clock_.now += absl::Seconds(1);
  view.OnProgress({2 * kMiB, 2 * kMiB, 2 * kMiB});
  EXPECT_EQ(Take(), "key   20%  2.0/10.0 MiB  204.8 KiB/s  ETA 0:40\n");
}

TEST_F(ProgressViewTest, TellsWhereItResumed) {
  ProgressView view = MakeView(false);
  view.OnOpened({"127.0.0.1:7070", "id", v1::Session::STATE_OPEN, true, 4 * kMiB, 5 * kMiB, 0, 0});
  EXPECT_EQ(Take(), "key: resumed at 5.0 MiB (5242880 bytes) on 127.0.0.1:7070\n");
}

TEST_F(ProgressViewTest, DoesNotCallAFinishedSessionResumed) {
  ProgressView view = MakeView(false);
  view.OnOpened({"server", "id", v1::Session::STATE_FINISHED, true, 4 * kMiB, 4 * kMiB, 0, 0});
  EXPECT_EQ(Take(), "");
}

TEST_F(ProgressViewTest, TellsWhyAndWhenItTriesAgain) {
  ProgressView view = MakeView(false);
  view.OnRetry({MakeError(absl::StatusCode::kUnavailable, "DRAINING", "going away"),
                absl::Milliseconds(1500), "other:7070"});
  EXPECT_EQ(Take(), "key: going away [DRAINING]; again in 1.5s on other:7070\n");
}

TEST_F(ProgressViewTest, FitsIntoTheTerminal) {
  terminal_.columns = 20;
  ProgressView view = MakeView(true);
  view.OnOpened({"server", "id", v1::Session::STATE_OPEN, false, 0, 0, 8 * kMiB, 0});
  EXPECT_LE(Take().size(), 1 + 19 + 3u);
}

}  // namespace
}  // namespace penstock::cli
