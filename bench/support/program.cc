#include "bench/support/program.h"

#include <sys/resource.h>

#include <iostream>

#include "base/byte_size.h"

namespace penstock::bench {

void PrepareProcess() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  signal(SIGPIPE, SIG_IGN);
}

sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void AwaitStop(const sigset_t& signals) {
  int received = 0;
  sigwait(&signals, &received);
}

CLI::Option* AddBytes(CLI::App& app, const std::string& name, int64_t& bytes,
                      const std::string& help) {
  const auto take = [&bytes](const std::string& text) {
    const absl::StatusOr<int64_t> parsed = ParseByteSize(text);
    if (!parsed.ok()) throw CLI::ValidationError(std::string(parsed.status().message()));
    bytes = *parsed;
  };
  return app.add_option_function<std::string>(name, take, help)
      ->type_name("BYTES")
      ->default_str(ExactByteSize(bytes));
}

int Fail(const CLI::App& app, const absl::Status& status) {
  std::cerr << app.get_name() << ": " << status.message() << std::endl;
  return 1;
}

}  // namespace penstock::bench
