#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "client/modification_time.h"
#include "client/partial_file.h"
#include "client/sink.h"

namespace penstock {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

// Where a link leads to; `path` itself where there is no such file yet.
std::string FollowLinks(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

class FileSink final : public Sink {
 public:
  FileSink(const std::string& path, FileSinkOptions options)
      : target_(FollowLinks(path)), options_(options) {}

  absl::StatusOr<SinkPrefix> Begin(const ObjectRange& range) override {
    if (options_.forbid_overwrite && access(target_.c_str(), F_OK) == 0) {
      return MakeError(absl::StatusCode::kAlreadyExists, "TARGET_EXISTS",
                       absl::StrCat("\"", target_, "\" exists, and must not be overwritten"),
                       {{"path", target_}});
    }
    modified_ = ModificationTimeOf(range.object).value_or(absl::InfinitePast());
    PENSTOCK_ASSIGN_OR_RETURN(file_, PartialFile::Open(PartialPathFor(target_, range)));
    if (file_->size() > range.length) PENSTOCK_RETURN_IF_ERROR(file_->Clear());
    return ReadPrefix();
  }

  absl::Status Write(std::string_view bytes) override {
    if (interrupted_) return Interrupted();
    return file_->Append(bytes);
  }

  absl::Status Finish() override {
    PENSTOCK_RETURN_IF_ERROR(file_->Publish(target_, modified_, options_.forbid_overwrite));
    RemoveLeftovers(target_);
    return absl::OkStatus();
  }

  void Discard() override { file_->Remove(); }

  void Interrupt() override { interrupted_ = true; }

 private:
  static absl::Status Interrupted() {
    return MakeError(absl::StatusCode::kCancelled, "INTERRUPTED", "writing was interrupted");
  }

  absl::StatusOr<SinkPrefix> ReadPrefix() const {
    SinkPrefix prefix;
    std::vector<char> buffer(kReadBytes);
    while (prefix.size < file_->size()) {
      if (interrupted_) return Interrupted();
      PENSTOCK_ASSIGN_OR_RETURN(const size_t count,
                                file_->Read(prefix.size, buffer.data(), buffer.size()));
      if (count == 0) return TargetError("cannot read all of", file_->path(), EIO);
      prefix.crc64 = ExtendCrc64(prefix.crc64, std::string_view(buffer.data(), count));
      prefix.size += static_cast<int64_t>(count);
    }
    return prefix;
  }

  const std::string target_;
  const FileSinkOptions options_;
  std::atomic<bool> interrupted_ = false;
  absl::Time modified_ = absl::InfinitePast();
  std::unique_ptr<PartialFile> file_;  // from Begin on
};

}  // namespace

std::unique_ptr<Sink> MakeFileSink(const std::string& path, FileSinkOptions options) {
  return std::make_unique<FileSink>(path, options);
}

}  // namespace penstock
