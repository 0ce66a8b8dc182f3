#include "tests/support/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "absl/status/status.h"
#include "tests/support/temp_dir.h"

namespace penstock::testing_support {
namespace {

std::unique_ptr<ChildProcess> Shell(const std::string& script) {
  return ChildProcess::Start({"/bin/sh", "-c", script}).value();
}

TEST(ChildProcessTest, ReadsLinesUntilTheEnd) {
  const auto child = Shell("echo one; printf 'two words'; exit 3");
  EXPECT_EQ(child->ReadLine().value(), "one");
  EXPECT_EQ(child->ReadLine().value(), "two words");
  EXPECT_TRUE(absl::IsOutOfRange(child->ReadLine().status()));
  EXPECT_EQ(child->Wait(), 3);
  EXPECT_EQ(child->Wait(), 3);
}

TEST(ChildProcessTest, TerminatesSoThatTheChildCanSayGoodbye) {
  const auto child = Shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do read line; done");
  ASSERT_EQ(child->ReadLine().value(), "ready");
  child->Terminate();
  child->CloseInput();  // a shell on its way into read() looks at its traps behind it
  EXPECT_EQ(child->Wait(), 7);
  EXPECT_EQ(child->ReadLine().value(), "bye");
}

TEST(ChildProcessTest, KillsWhoeverDoesNotWantToGo) {
  const auto child = Shell("trap '' TERM; echo ready; read line");
  ASSERT_EQ(child->ReadLine().value(), "ready");
  child->Terminate();
  EXPECT_TRUE(absl::IsDeadlineExceeded(child->ReadLine(absl::Milliseconds(50)).status()));
  child->Kill();
  EXPECT_EQ(child->Wait(), -SIGKILL);
}

TEST(ChildProcessTest, NeverWaitsForItsReader) {
  const auto child = Shell("i=0; while [ $i -lt 20000 ]; do echo 123456789; i=$((i+1)); done");
  EXPECT_EQ(child->Wait(), 0);
}

TEST(ChildProcessTest, EndsWithItsOwner) {
  pid_t pid = 0;
  {
    const auto child = Shell("echo ready; read line");
    ASSERT_EQ(child->ReadLine().value(), "ready");
    pid = child->pid();
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(ChildProcessTest, SaysThatAProgramCannotRun) {
  const TempDir directory;
  const auto child = ChildProcess::Start({directory.File("nothing")}).value();
  EXPECT_EQ(child->Wait(), 127);
}

}  // namespace
}  // namespace penstock::testing_support
