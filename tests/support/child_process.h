#ifndef PENSTOCK_TESTS_SUPPORT_CHILD_PROCESS_H_
#define PENSTOCK_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace penstock::testing_support {

// A program that runs as a child of the test. Its standard error is the test's; its standard input
// is empty, and open until CloseInput. It is killed with its owner, or with the thread that started
// it.
class ChildProcess {
 public:
  // Starts `arguments[0]`, a path, with the arguments behind it. UNAVAILABLE where that fails; a
  // program that cannot be run exits with 127.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(std::vector<std::string> arguments);

  // Use Start.
  ChildProcess(pid_t pid, int input, int output);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line of its standard output, without its end. OUT_OF_RANGE when the output has ended,
  // DEADLINE_EXCEEDED when nothing comes.
  absl::StatusOr<std::string> ReadLine(absl::Duration timeout = absl::Seconds(30));

  // Sends SIGTERM, SIGKILL or another signal. Does not wait. Nothing once Wait has answered.
  void Terminate();
  void Kill();
  void Signal(int signal);

  // Ends its standard input.
  void CloseInput();

  // Waits until it has ended: its exit status, or minus the number of the signal that ended it.
  int Wait();

  pid_t pid() const { return pid_; }

 private:
  void ReadOutput();

  const pid_t pid_;
  int input_;  // -1: closed
  const int output_;
  std::optional<int> result_;  // of Wait

  Mutex mutex_;  // guards what follows
  std::deque<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  bool output_ended_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread reader_;  // takes the output, so that the child never waits for us
};

}  // namespace penstock::testing_support

#endif  // PENSTOCK_TESTS_SUPPORT_CHILD_PROCESS_H_
