// The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log

#include "server/store/log_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock {
namespace {

constexpr size_t kHeaderBytes = 32;
constexpr size_t kFrameHeaderBytes = 24;
constexpr uint32_t kMagic = 0x377f0682;  // or one more: words are summed up as big-endian
constexpr size_t kUsualPageBytes = 4096;

uint32_t BigEndian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

uint32_t LittleEndian(const char* bytes) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

struct Sum {
  uint32_t first = 0;
  uint32_t second = 0;
  bool operator==(const Sum&) const = default;
};

// `size` is a multiple of 8.
Sum Extend(Sum sum, const char* bytes, size_t size, bool big_endian) {
  const auto word = [&](size_t at) {
    return big_endian ? BigEndian(bytes + at) : LittleEndian(bytes + at);
  };
  for (size_t at = 0; at < size; at += 8) {
    sum.first += word(at) + sum.second;
    sum.second += word(at + 4) + sum.first;
  }
  return sum;
}

Sum SumAt(const char* bytes) { return {BigEndian(bytes), BigEndian(bytes + 4)}; }

struct Header {
  bool sound = false;
  bool big_endian = false;
  size_t page_bytes = kUsualPageBytes;
  Sum sum;
};

Header ParseHeader(const char* bytes) {
  Header header;
  const uint32_t magic = BigEndian(bytes);
  header.big_endian = magic == kMagic + 1;
  const uint32_t page_bytes = BigEndian(bytes + 8);
  const bool page_size =
      page_bytes >= 512 && page_bytes <= 65536 && (page_bytes & (page_bytes - 1)) == 0;
  if (page_size) header.page_bytes = page_bytes;
  header.sum = SumAt(bytes + 24);
  header.sound = (magic == kMagic || magic == kMagic + 1) && page_size &&
                 Extend({}, bytes, 24, header.big_endian) == header.sum;
  return header;
}

// One pass over the frames. Each carries a sum over everything before it, by way of the sum that
// the frame before it carries; so a chain of frames behind a bad one can still be verified.
class Scan {
 public:
  // `salts` of the header, that every frame of this log has; older ones behind it have others.
  Scan(const Header& header, std::string salts)
      : header_(header),
        salts_(std::move(salts)),
        broken_(!header.sound),
        told_(header.sum),
        computed_(header.sum) {}

  // True once a transaction begins that was written after a bad frame had been synchronized.
  bool Takes(const char* frame) {
    const bool ours = !header_.sound || std::memcmp(frame + 8, salts_.data(), salts_.size()) == 0;
    const Sum told = SumAt(frame + 16);
    const Sum computed = Continue(told_, frame);
    // Of a bad frame the sum that it carries may be right, or that of what it holds.
    const bool follows = computed == told || Continue(computed_, frame) == told;
    told_ = told;
    computed_ = computed;
    const bool linked = ours && follows;
    if (linked && broken_ && ended_) return true;
    if (!linked && broken_) return false;
    if (!linked) broken_ = true;
    const bool ends_transaction = BigEndian(frame + 4) != 0;
    if (broken_ && (ours || follows) && ends_transaction) ended_ = true;
    return false;
  }

 private:
  Sum Continue(Sum sum, const char* frame) const {
    sum = Extend(sum, frame, 8, header_.big_endian);
    return Extend(sum, frame + kFrameHeaderBytes, header_.page_bytes, header_.big_endian);
  }

  const Header header_;
  const std::string salts_;
  bool broken_;         // there was a bad frame, or the header is bad
  bool ended_ = false;  // and behind it, or with it, a transaction ended
  Sum told_;            // the sum that the frame before carries
  Sum computed_;        // and what it should be
};

// False at the end of the file.
absl::StatusOr<bool> ReadFully(int file, std::vector<char>& bytes, int64_t offset) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        pread(file, bytes.data() + done, bytes.size() - done, offset + static_cast<int64_t>(done));
    if (count == 0) return false;
    if (count < 0 && errno != EINTR) {
      return MakeError(
          absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE",
          absl::StrCat("cannot read the log of the session store: ", std::strerror(errno)));
    }
    if (count > 0) done += static_cast<size_t>(count);
  }
  return true;
}

absl::Status Damaged(const std::string& path, int64_t frame) {
  return MakeError(
      absl::StatusCode::kDataLoss, "STORE_CORRUPT",
      absl::StrCat("the write-ahead log ", path, " is damaged before frame ", frame,
                   ", and transactions follow that were acknowledged: going on would lose them. "
                   "Restore the database and its log together, or take what is left of both "
                   "(sqlite3 .recover) knowing that sessions may go back"),
      {{"path", path}, {"frame", absl::StrCat(frame)}});
}

}  // namespace

absl::Status CheckLog(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return absl::OkStatus();
  if (file < 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "STORE_UNUSABLE",
                     absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  }
  const absl::Cleanup close_file = [file] { close(file); };
  std::vector<char> bytes(kHeaderBytes);
  PENSTOCK_ASSIGN_OR_RETURN(const bool has_header, ReadFully(file, bytes, 0));
  if (!has_header) return absl::OkStatus();
  const Header header = ParseHeader(bytes.data());
  Scan scan(header, std::string(bytes.data() + 16, 8));
  bytes.resize(kFrameHeaderBytes + header.page_bytes);
  int64_t offset = kHeaderBytes;
  for (int64_t frame = 1;; ++frame) {
    PENSTOCK_ASSIGN_OR_RETURN(const bool more, ReadFully(file, bytes, offset));
    if (!more) return absl::OkStatus();
    if (scan.Takes(bytes.data())) return Damaged(path, frame);
    offset += static_cast<int64_t>(bytes.size());
  }
}

}  // namespace penstock
