#ifndef PENSTOCK_CLIENT_SOURCE_H_
#define PENSTOCK_CLIENT_SOURCE_H_

// Where the bytes of an object come from. Resuming needs a source that can give again what the
// server has not committed: a file and `open_at` can give anything again, a pipe only what its
// replay buffer holds.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace penstock {

// One object's bytes, in order. Used by one Put at a time. SeekTo, AwaitRoom, Read and
// CheckUnchanged are called from one thread; Release and Interrupt from any.
class Source {
 public:
  virtual ~Source() = default;

  // Length in bytes, when it is known beforehand.
  virtual std::optional<int64_t> size() const = 0;

  // Bytes past the committed size that can be read again; 0 means any number.
  virtual int64_t replay_buffer_bytes() const = 0;

  // The next Read begins at `offset`, and an earlier Interrupt is forgotten. A source that cannot
  // go there answers FAILED_PRECONDITION / SOURCE_NOT_REPLAYABLE.
  virtual absl::Status SeekTo(int64_t offset) = 0;

  // Waits until the source can keep another byte: what it holds for a second reading must be
  // released first. Returns early after Interrupt.
  virtual void AwaitRoom() {}

  // Reads at least one byte and at most `capacity` (which is positive) into `buffer`, and returns
  // how many; 0 at the end. Waits for room, and for a producer. CANCELLED / INTERRUPTED after
  // Interrupt.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t capacity) = 0;

  // Bytes below `offset` will not be asked for again.
  virtual void Release(int64_t offset) { static_cast<void>(offset); }

  // Ends a Read that waits, or the next one, with CANCELLED / INTERRUPTED.
  virtual void Interrupt() {}

  // FAILED_PRECONDITION / SOURCE_CHANGED when the source is known to have changed since it was
  // opened: what was read may be a mixture of two contents.
  virtual absl::Status CheckUnchanged() { return absl::OkStatus(); }
};

// What identifies the content of a file well enough to notice a change.
struct FileIdentity {
  int64_t size = 0;
  absl::Time modified;  // to the nanosecond

  bool operator==(const FileIdentity&) const = default;
};

// NOT_FOUND, PERMISSION_DENIED; INVALID_ARGUMENT / IS_A_DIRECTORY or NOT_A_FILE for anything but a
// regular file.
absl::StatusOr<FileIdentity> IdentifyFile(const std::string& path);

// A regular file. Errors as IdentifyFile. Reading ends with SOURCE_CHANGED when the file became
// shorter.
absl::StatusOr<std::unique_ptr<Source>> OpenFileSource(const std::string& path);

// Reads on from one place: as Source::Read.
using SourceReader = std::function<absl::StatusOr<size_t>(char* buffer, size_t capacity)>;

// A source that `open_at` opens anew at any offset.
std::unique_ptr<Source> MakeCallbackSource(
    std::function<absl::StatusOr<SourceReader>(int64_t offset)> open_at,
    std::optional<int64_t> size);

// Default replay buffer of a pipe, in bytes.
inline constexpr int64_t kDefaultReplayBuffer = int64_t{64} << 20;

// What can be read from `fd` once: a pipe, a terminal, a socket. Keeps up to `replay_buffer_bytes`
// past what was released, and waits when they are full. Does not own `fd`.
std::unique_ptr<Source> MakePipeSource(int fd, int64_t replay_buffer_bytes = kDefaultReplayBuffer);

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_SOURCE_H_
