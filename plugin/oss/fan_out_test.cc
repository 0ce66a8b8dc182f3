#include "plugin/oss/fan_out.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <utility>

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::Key;

// Steps that end when the test says so.
class FanOutTest : public testing::Test {
 protected:
  void Begin(int64_t count, int parallel) {
    FanOut(
        count, parallel,
        [this](int64_t index, DoneStatus done) { running_.emplace(index, std::move(done)); },
        [this](absl::Status status) { result_ = std::move(status); });
  }
  void End(int64_t index, absl::Status status = absl::OkStatus()) {
    DoneStatus done = std::move(running_.at(index));
    running_.erase(index);
    std::move(done)(std::move(status));
  }

  std::map<int64_t, DoneStatus> running_;
  std::optional<absl::Status> result_;
};

TEST_F(FanOutTest, RunsAFewStepsAtATime) {
  Begin(4, 2);
  EXPECT_THAT(running_, ElementsAre(Key(0), Key(1)));
  End(1);
  EXPECT_THAT(running_, ElementsAre(Key(0), Key(2)));
  End(0);
  End(3);
  EXPECT_FALSE(result_.has_value());
  End(2);
  EXPECT_EQ(result_, absl::OkStatus());
}

TEST_F(FanOutTest, RunsFewerStepsThanItMay) {
  Begin(1, 8);
  EXPECT_THAT(running_, ElementsAre(Key(0)));
  End(0);
  EXPECT_EQ(result_, absl::OkStatus());
}

TEST_F(FanOutTest, BeginsNothingAfterAnErrorAndWaitsForWhatRuns) {
  Begin(10, 3);
  End(1, absl::NotFoundError("first"));
  End(2, absl::InternalError("second"));
  EXPECT_FALSE(result_.has_value());
  EXPECT_THAT(running_, ElementsAre(Key(0)));
  End(0);
  EXPECT_EQ(result_, absl::NotFoundError("first"));
}

}  // namespace
}  // namespace penstock::oss
