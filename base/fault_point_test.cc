#include "base/fault_point.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/notification.h"

namespace penstock {
namespace {

const std::vector<std::string> kKnown = {"commit.before", "commit.after", "opened"};

// Runs `body` in a process of its own, as armed points are for ever; answers its status.
template <typename Body>
int InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, WUNTRACED), child);
  if (WIFSTOPPED(status)) {
    kill(child, SIGKILL);
    int end = 0;
    waitpid(child, &end, 0);
  }
  return status;
}

// An assertion within a child.
void Require(bool what) {
  if (!what) _exit(1);
}

TEST(FaultPointTest, WithoutArmingNothingHappens) {
  EXPECT_FALSE(FaultPointsArmed());
  EXPECT_EQ(FaultPoint("commit.before"), FaultAction::kNone);
  EXPECT_EQ(FaultPoint("no such point"), FaultAction::kNone);
}

TEST(FaultPointTest, WrongTextsAreRefused) {
  for (const std::string& text :
       {std::string(), std::string("commit.before"), std::string("commit.between=kill"),
        std::string("commit.before=explode"), std::string("commit.before=kill@0"),
        std::string("commit.before=kill@x"), std::string("commit.before=kill@"),
        std::string("commit.before=kill,"), std::string("commit.before=kill@1++"),
        std::string("opened=fail"), std::string("opened=hold")}) {
    const absl::Status status = ArmFaultPoints(text, kKnown);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(ErrorReason(status), "BAD_FAULT_POINTS") << text;
    EXPECT_FALSE(FaultPointsArmed()) << text;
  }
}

TEST(FaultPointTest, FailsTheTimesItWasToldTo) {
  const int status = InChild([] {
    Require(ArmFaultPoints("commit.before=fail@2,commit.after=fail@2+", kKnown).ok());
    Require(FaultPointsArmed());
    const FaultAction none = FaultAction::kNone;
    const FaultAction fail = FaultAction::kFail;
    for (const FaultAction expected : {none, fail, none}) {
      Require(FaultPoint("commit.before") == expected);
    }
    for (const FaultAction expected : {none, fail, fail}) {
      Require(FaultPoint("commit.after") == expected);
    }
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(FaultPointTest, Kills) {
  const int status = InChild([] {
    Require(ArmFaultPoints("commit.after=kill@2", kKnown).ok());
    FaultPoint("commit.after");
    FaultPoint("commit.after");
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(FaultPointTest, Stops) {
  const int status = InChild([] {
    Require(ArmFaultPoints("commit.after=stop", kKnown).ok());
    FaultPoint("commit.after");
  });
  EXPECT_TRUE(WIFSTOPPED(status));
}

TEST(FaultPointTest, HoldsUntilTheSignal) {
  const int status = InChild([] {
    Require(ArmFaultPoints("commit.after=hold", kKnown).ok());
    Require(FaultPoint("commit.after") == FaultAction::kHold);
    Notification went_on;
    HoldFaultPoint([&] { went_on.Notify(); });
    Require(!went_on.HasBeenNotified());
    kill(getpid(), SIGUSR1);
    went_on.WaitForNotification();
  });
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace penstock
