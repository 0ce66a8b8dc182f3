#ifndef PENSTOCK_CLIENT_HASHED_SOURCE_H_
#define PENSTOCK_CLIENT_HASHED_SOURCE_H_

#include <cstdint>
#include <functional>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "client/source.h"

namespace penstock {

// A source together with the CRC-64 of everything before its position. Going back costs no second
// reading of the prefix: checkpoints are kept about every MiB, from the committed size on.
//
// Used from one thread; Release may be called from any.
class HashedSource {
 public:
  // `source` must outlive this and stand at its beginning.
  explicit HashedSource(Source& source);

  // Bytes before the next Read, and their CRC-64.
  int64_t position() const { return position_; }
  uint64_t crc64() const { return crc64_; }

  // Goes to `offset`, reading from the nearest position whose checksum is known. Between reads
  // `go_on` is asked; its error ends the move. FAILED_PRECONDITION / SOURCE_CHANGED when the source
  // ends before `offset`; then, as after any error, the position is where the reading stopped.
  absl::Status MoveTo(int64_t offset, const std::function<absl::Status()>& go_on);

  // As Source::Read.
  absl::StatusOr<size_t> Read(char* buffer, size_t capacity);

  // Bytes below `committed_size` will not be asked for again.
  void Release(int64_t committed_size);

 private:
  void ReleaseCheckpoints();

  Source& source_;
  int64_t position_ = 0;
  uint64_t crc64_ = 0;

  Mutex mutex_;
  int64_t committed_size_ ABSL_GUARDED_BY(mutex_) = 0;
  // Offset -> CRC-64 of the bytes below it. Never empty; only the first is below committed_size_.
  std::map<int64_t, uint64_t> checkpoints_ ABSL_GUARDED_BY(mutex_) = {{0, 0}};
};

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_HASHED_SOURCE_H_
