// A pipe with a ring of the bytes that may have to be sent again. [tail_, head_) are in the ring;
// bytes below released_ are kept only until their place is needed.

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "client/source.h"

namespace penstock {
namespace {

absl::Status PipeError(const std::string& what, int error) {
  return MakeError(absl::StatusCode::kUnknown, "SOURCE_UNREADABLE",
                   absl::StrCat(what, " the pipe: ", std::strerror(error)));
}

absl::Status Interrupted() {
  return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED", "reading the pipe was interrupted");
}

class PipeSource final : public Source {
 public:
  // The server may ask for `promised` bytes again; the caller's checkpoints (HashedSource) hold a
  // little more back, so the ring is a little larger.
  PipeSource(int fd, int64_t promised)
      : fd_(fd),
        promised_(promised),
        capacity_(promised + kSlack),
        ring_(new char[static_cast<size_t>(capacity_)]),
        wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    // By default a pipe holds 64 KiB, and no more would ever be there at once: messages that small
    // cost three to five times what large ones do. Where this is refused it only costs that.
    fcntl(fd, F_SETPIPE_SZ, kPipeBytes);
  }
  PipeSource(const PipeSource&) = delete;
  PipeSource& operator=(const PipeSource&) = delete;
  ~PipeSource() override { close(wake_fd_); }

  std::optional<int64_t> size() const override { return std::nullopt; }
  int64_t replay_buffer_bytes() const override { return promised_; }

  absl::Status SeekTo(int64_t offset) override {
    MutexLock lock(&mutex_);
    interrupted_ = false;
    uint64_t ignored;
    while (read(wake_fd_, &ignored, sizeof ignored) > 0) {
    }
    if (offset < tail_ || offset > head_) {
      return MakeError(absl::StatusCode::kFailedPrecondition, "SOURCE_NOT_REPLAYABLE",
                       absl::StrCat("the upload must go on at ", offset,
                                    " bytes, but of this pipe only the bytes from ", tail_, " to ",
                                    head_, " are still known"),
                       {{"offset", absl::StrCat(offset)},
                        {"first", absl::StrCat(tail_)},
                        {"end", absl::StrCat(head_)}});
    }
    position_ = offset;
    return absl::OkStatus();
  }

  void AwaitRoom() override {
    MutexLock lock(&mutex_);
    mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return CanGoOn(); });
  }

  absl::StatusOr<size_t> Read(char* buffer, size_t capacity) override {
    MutexLock lock(&mutex_);
    if (position_ < head_) return CopyOut(buffer, capacity);
    mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return CanGoOn(); });
    PENSTOCK_RETURN_IF_ERROR(FillRing(capacity));
    return CopyOut(buffer, capacity);
  }

  void Release(int64_t offset) override {
    MutexLock lock(&mutex_);
    released_ = std::max(released_, offset);
  }

  void Interrupt() override {
    MutexLock lock(&mutex_);
    interrupted_ = true;
    const uint64_t one = 1;
    if (write(wake_fd_, &one, sizeof one) < 0) {
      // The counter is full: it is readable all the same.
    }
  }

 private:
  static constexpr int64_t kSlack = int64_t{2} << 20;
  static constexpr int kPipeBytes = 1 << 20;  // what Linux allows everybody

  int64_t Room() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return capacity_ - std::max<int64_t>(head_ - released_, 0);
  }
  bool CanGoOn() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return interrupted_ || position_ < head_ || Room() > 0;
  }

  // The bytes from position_ on that lie together in the ring.
  size_t CopyOut(char* buffer, size_t capacity) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const int64_t place = position_ % capacity_;
    const int64_t count =
        std::min<int64_t>({static_cast<int64_t>(capacity), head_ - position_, capacity_ - place});
    std::memcpy(buffer, ring_.get() + place, static_cast<size_t>(count));
    position_ += count;
    return static_cast<size_t>(count);
  }

  // Waits for the producer, then takes what is there at once, up to `wanted` bytes: a fast producer
  // fills whole chunks, a slow one is not held back. Adds nothing at the end of the pipe.
  absl::Status FillRing(size_t wanted) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const int64_t start = head_;
    while (head_ - start < static_cast<int64_t>(wanted)) {
      if (interrupted_) return Interrupted();
      const bool wait = head_ == start;
      const int64_t place = head_ % capacity_;
      const int64_t limit = std::min<int64_t>(
          {static_cast<int64_t>(wanted) - (head_ - start), Room(), capacity_ - place});
      if (limit == 0) return absl::OkStatus();
      char* const target = ring_.get() + place;
      // Waiting must not keep Release and Interrupt out. Only this thread moves head_, and the
      // place behind it is nobody's: released bytes only make more room.
      mutex_.Unlock();
      const absl::StatusOr<int64_t> count = ReadFd(target, static_cast<size_t>(limit), wait);
      mutex_.Lock();
      if (!count.ok()) return interrupted_ ? Interrupted() : count.status();
      if (*count == 0) return absl::OkStatus();
      head_ += *count;
      tail_ = std::max(tail_, head_ - capacity_);
    }
    return absl::OkStatus();
  }

  // 0: the end, or (when not waiting) nothing there yet.
  absl::StatusOr<int64_t> ReadFd(char* target, size_t limit, bool wait) const {
    pollfd polled[2] = {{fd_, POLLIN, 0}, {wake_fd_, POLLIN, 0}};
    while (true) {
      const int ready = poll(polled, 2, wait ? -1 : 0);
      if (ready < 0 && errno != EINTR) return PipeError("cannot wait for", errno);
      if (ready == 0) return int64_t{0};
      if (ready > 0 && polled[1].revents != 0) return Interrupted();
      if (ready < 0) continue;
      const ssize_t count = read(fd_, target, limit);
      if (count >= 0) return static_cast<int64_t>(count);
      if (errno != EINTR && errno != EAGAIN) return PipeError("cannot read", errno);
    }
  }

  // Constant after construction.
  const int fd_;
  const int64_t promised_;
  const int64_t capacity_;
  const std::unique_ptr<char[]> ring_;
  const int wake_fd_;  // readable while interrupted_

  Mutex mutex_;                                   // guards what follows
  int64_t tail_ ABSL_GUARDED_BY(mutex_) = 0;      // lowest offset still in the ring
  int64_t head_ ABSL_GUARDED_BY(mutex_) = 0;      // bytes taken from the pipe so far
  int64_t released_ ABSL_GUARDED_BY(mutex_) = 0;  // below it nothing is asked for again
  int64_t position_ ABSL_GUARDED_BY(mutex_) = 0;  // of the next Read; from tail_ to head_
  bool interrupted_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Source> MakePipeSource(int fd, int64_t replay_buffer_bytes) {
  return std::make_unique<PipeSource>(fd, replay_buffer_bytes);
}

}  // namespace penstock
