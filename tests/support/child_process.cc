#include "tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace penstock::testing_support {
namespace {

constexpr int kCannotRun = 127;

// In the child, after fork: only what is safe there.
[[noreturn]] void Become(char* const* arguments, int input, int output, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kCannotRun);  // it had died before that
  dup2(input, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  execv(arguments[0], arguments);
  _exit(kCannotRun);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  int input[2];
  int output[2];
  if (pipe2(input, O_CLOEXEC) != 0) return absl::UnavailableError("pipe2 failed");
  if (pipe2(output, O_CLOEXEC) != 0) {
    close(input[0]);
    close(input[1]);
    return absl::UnavailableError("pipe2 failed");
  }
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Become(pointers.data(), input[0], output[1], parent);
  close(input[0]);
  close(output[1]);
  if (pid < 0) {
    close(input[1]);
    close(output[0]);
    return absl::UnavailableError(absl::StrCat("fork failed, errno ", errno));
  }
  return std::make_unique<ChildProcess>(pid, input[1], output[0]);
}

ChildProcess::ChildProcess(pid_t pid, int input, int output)
    : pid_(pid), input_(input), output_(output), reader_([this] { ReadOutput(); }) {}

ChildProcess::~ChildProcess() {
  Kill();
  Wait();
  reader_.join();
  CloseInput();
  close(output_);
}

void ChildProcess::ReadOutput() {
  std::string line;
  char block[4096];
  while (true) {
    const ssize_t got = read(output_, block, sizeof(block));
    if (got < 0 && errno == EINTR) continue;
    MutexLock lock(&mutex_);
    for (ssize_t i = 0; i < got; ++i) {
      if (block[i] == '\n') {
        lines_.push_back(std::exchange(line, {}));
      } else {
        line += block[i];
      }
    }
    if (got > 0) continue;
    if (!line.empty()) lines_.push_back(line);
    output_ended_ = true;
    return;
  }
}

absl::StatusOr<std::string> ChildProcess::ReadLine(absl::Duration timeout) {
  MutexLock lock(&mutex_);
  const auto something = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !lines_.empty() || output_ended_;
  };
  if (!mutex_.AwaitWithTimeout(something, timeout)) {
    return absl::DeadlineExceededError("the child says nothing");
  }
  if (lines_.empty()) return absl::OutOfRangeError("the child's output has ended");
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

void ChildProcess::Terminate() { Signal(SIGTERM); }

void ChildProcess::Kill() { Signal(SIGKILL); }

void ChildProcess::Signal(int signal) {
  if (!result_.has_value()) kill(pid_, signal);
}

void ChildProcess::CloseInput() {
  if (input_ >= 0) close(std::exchange(input_, -1));
}

int ChildProcess::Wait() {
  int status = 0;
  while (!result_.has_value()) {
    if (waitpid(pid_, &status, 0) < 0) {
      if (errno == EINTR) continue;
      result_ = kCannotRun;
    } else {
      result_ = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
    }
  }
  return *result_;
}

}  // namespace penstock::testing_support
