#ifndef PENSTOCK_CLIENT_CLI_INTERRUPT_WATCH_H_
#define PENSTOCK_CLIENT_CLI_INTERRUPT_WATCH_H_

#include <csignal>
#include <functional>
#include <thread>

namespace penstock::cli {

// While it lives, the first SIGINT or SIGTERM calls `on_first` on a thread of its own, and the
// second ends the process at once with kExitInterrupted. Create it before any other thread starts:
// threads inherit that the signals are blocked. At most one at a time.
class InterruptWatch {
 public:
  explicit InterruptWatch(std::function<void()> on_first);
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch();

 private:
  void Watch();

  const std::function<void()> on_first_;
  sigset_t old_mask_;
  int signal_fd_;
  int end_fd_;
  std::thread thread_;
};

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_INTERRUPT_WATCH_H_
