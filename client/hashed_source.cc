#include "client/hashed_source.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock {
namespace {

// Bytes between checkpoints, and read at a time while moving.
constexpr int64_t kStep = int64_t{1} << 20;

absl::Status EndsEarly(int64_t expected, int64_t got) {
  return MakeError(absl::StatusCode::kFailedPrecondition, "SOURCE_CHANGED",
                   absl::StrCat("the server has ", expected, " bytes, but the source ends after ",
                                got, ": it is not the one that the upload began with"),
                   {{"expected", absl::StrCat(expected)}, {"got", absl::StrCat(got)}});
}

}  // namespace

HashedSource::HashedSource(Source& source) : source_(source) {}

absl::Status HashedSource::MoveTo(int64_t offset, const std::function<absl::Status()>& go_on) {
  {
    MutexLock lock(&mutex_);
    const auto nearest = std::prev(checkpoints_.upper_bound(offset));
    if (position_ > offset || position_ < nearest->first) {
      position_ = nearest->first;
      crc64_ = nearest->second;
    }
  }
  PENSTOCK_RETURN_IF_ERROR(source_.SeekTo(position_));
  std::vector<char> buffer(static_cast<size_t>(std::min(kStep, offset - position_)));
  while (position_ < offset) {
    PENSTOCK_RETURN_IF_ERROR(go_on());
    const auto wanted = std::min(static_cast<int64_t>(buffer.size()), offset - position_);
    PENSTOCK_ASSIGN_OR_RETURN(const size_t count, Read(buffer.data(), static_cast<size_t>(wanted)));
    if (count == 0) return EndsEarly(offset, position_);
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> HashedSource::Read(char* buffer, size_t capacity) {
  PENSTOCK_ASSIGN_OR_RETURN(const size_t count, source_.Read(buffer, capacity));
  crc64_ = ExtendCrc64(crc64_, std::string_view(buffer, count));
  position_ += static_cast<int64_t>(count);
  {
    MutexLock lock(&mutex_);
    if (position_ - checkpoints_.rbegin()->first < kStep) return count;
    checkpoints_[position_] = crc64_;
  }
  ReleaseCheckpoints();  // the server may be far ahead: its bytes are read here only to compare
  return count;
}

void HashedSource::Release(int64_t committed_size) {
  {
    MutexLock lock(&mutex_);
    committed_size_ = std::max(committed_size_, committed_size);
  }
  ReleaseCheckpoints();
}

// Keeps one checkpoint at or below the committed size, and the source what is behind it.
void HashedSource::ReleaseCheckpoints() {
  int64_t safe;
  {
    MutexLock lock(&mutex_);
    const auto first = std::prev(checkpoints_.upper_bound(committed_size_));
    checkpoints_.erase(checkpoints_.begin(), first);
    safe = checkpoints_.begin()->first;
  }
  source_.Release(safe);
}

}  // namespace penstock
