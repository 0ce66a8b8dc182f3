#ifndef PENSTOCK_CLIENT_SINK_H_
#define PENSTOCK_CLIENT_SINK_H_

// Where the bytes of an object go to. A file can keep what came for a later run, a pipe cannot.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/object_reader.h"

namespace penstock {

// What a sink has from an earlier run: so many bytes from the beginning of the range.
struct SinkPrefix {
  int64_t size = 0;
  uint64_t crc64 = 0;
};

// The bytes of one range, in order. Used by one Get. Interrupt may be called from any thread, the
// rest is called from one.
class Sink {
 public:
  virtual ~Sink() = default;

  // Before everything else: what is going to come. Answers what is there of just that, read anew;
  // at most `range.length` bytes.
  virtual absl::StatusOr<SinkPrefix> Begin(const ObjectRange& range) = 0;

  // Takes the next bytes; waits for whoever takes them from it.
  virtual absl::Status Write(std::string_view bytes) = 0;

  // All bytes came, and are right: makes them durable and visible, where the sink can.
  virtual absl::Status Finish() = 0;

  // What came is wrong, or nobody can complete it any more.
  virtual void Discard() {}

  // Ends a Begin or Write that waits, or the next one, with CANCELLED / INTERRUPTED.
  virtual void Interrupt() {}
};

struct FileSinkOptions {
  bool forbid_overwrite = false;  // ALREADY_EXISTS / TARGET_EXISTS where there is such a file
};

// A file, which is there as a whole or not at all: bytes go to ".NAME.DIGEST.partial" beside it,
// which takes its name when it is complete and durable. The digest is of what identifies the range
// (name, ETag, size, offset, length), so that a later run continues just that. The time of
// modification becomes that of client/modification_time.h where there is one. A link is followed.
// Leftovers of other runs for the same file are removed at the end.
//
// Errors: NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED (no space) / TARGET_UNWRITABLE;
// ABORTED / TARGET_BUSY while another process gets the same.
std::unique_ptr<Sink> MakeFileSink(const std::string& path, FileSinkOptions options = {});

// Whatever takes bytes from `fd`: a pipe, a terminal, a device. Does not own `fd`. ABORTED /
// TARGET_CLOSED when nobody takes them any more (and SIGPIPE is ignored).
std::unique_ptr<Sink> MakePipeSink(int fd);

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_SINK_H_
