#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/sink.h"

namespace penstock {
namespace {

absl::Status Interrupted() {
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED", "writing was interrupted");
}

absl::Status PipeError(const std::string& what, int error) {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  if (error == EPIPE) code = absl::StatusCode::kAborted;
  if (error == ENOSPC || error == EDQUOT) code = absl::StatusCode::kResourceExhausted;
  return MakeError(code, error == EPIPE ? "TARGET_CLOSED" : "TARGET_UNWRITABLE",
                   absl::StrCat(what, " the output: ", std::strerror(error)));
}

// What one write may have without waiting once poll says that there is room: for a file anything.
size_t PieceOf(int fd) {
  struct stat status {};
  const bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  return is_file ? size_t{1} << 20 : size_t{PIPE_BUF};
}

class PipeSink final : public Sink {
 public:
  explicit PipeSink(int fd)
      : fd_(fd), piece_(PieceOf(fd)), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  PipeSink(const PipeSink&) = delete;
  PipeSink& operator=(const PipeSink&) = delete;
  ~PipeSink() override { close(wake_fd_); }

  absl::StatusOr<SinkPrefix> Begin(const ObjectRange&) override { return SinkPrefix(); }

  absl::Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      PENSTOCK_RETURN_IF_ERROR(AwaitRoom());
      const ssize_t count = write(fd_, bytes.data(), std::min(bytes.size(), piece_));
      if (count >= 0) {
        bytes.remove_prefix(static_cast<size_t>(count));
      } else if (errno != EINTR && errno != EAGAIN) {
        return PipeError("cannot write to", errno);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override { return absl::OkStatus(); }

  void Interrupt() override {
    const uint64_t one = 1;
    if (write(wake_fd_, &one, sizeof one) < 0) {
      // The counter is full: it is readable all the same.
    }
  }

 private:
  absl::Status AwaitRoom() const {
    pollfd polled[2] = {{fd_, POLLOUT, 0}, {wake_fd_, POLLIN, 0}};
    while (true) {
      const int ready = poll(polled, 2, -1);
      if (ready > 0) return polled[1].revents != 0 ? Interrupted() : absl::OkStatus();
      if (ready < 0 && errno != EINTR) return PipeError("cannot wait for", errno);
    }
  }

  const int fd_;
  const size_t piece_;
  const int wake_fd_;  // readable once interrupted
};

}  // namespace

std::unique_ptr<Sink> MakePipeSink(int fd) { return std::make_unique<PipeSink>(fd); }

}  // namespace penstock
