#ifndef PENSTOCK_CLIENT_PARTIAL_FILE_H_
#define PENSTOCK_CLIENT_PARTIAL_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/object_reader.h"

namespace penstock {

// The name beside `target` of the file that collects `range` for it.
std::string PartialPathFor(const std::string& target, const ObjectRange& range);

// The error of a call of the system about `path`, as client/sink.h lists them.
absl::Status TargetError(const std::string& what, const std::string& path, int error);

// A file that is being completed. Locked as long as it is open: two processes never write to one.
class PartialFile {
 public:
  // Opens it, or creates it. TARGET_BUSY while somebody else has it open. A file that is not ours,
  // or no regular file, is refused.
  static absl::StatusOr<std::unique_ptr<PartialFile>> Open(const std::string& path);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }

  // Reads up to `capacity` bytes at `offset`; 0 at the end.
  absl::StatusOr<size_t> Read(int64_t offset, char* buffer, size_t capacity) const;

  absl::Status Append(std::string_view bytes);
  absl::Status Clear();

  // Makes it durable and gives it the name `target`, with `modified` as its time of modification
  // unless that is infinite. With `forbid_overwrite` never in the place of another file.
  absl::Status Publish(const std::string& target, absl::Time modified, bool forbid_overwrite);

  void Remove();

 private:
  PartialFile(std::string path, int fd, int64_t size);

  const std::string path_;
  const int fd_;
  int64_t size_;
};

// Removes what earlier runs left beside `target` and nobody has open.
void RemoveLeftovers(const std::string& target);

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_PARTIAL_FILE_H_
