#include "base/buffer.h"

#include <algorithm>
#include <cstring>

#include "base/checksum.h"

namespace penstock {
namespace {

// Copy and checksum alternate in steps that stay in the first-level cache, so the bytes are fetched
// from memory once. The checksum reads the source, and goes first: a copy may write past the cache,
// from where its target would have to be fetched again. CPU time for 8 MiB (bench_micro on an AMD
// EPYC, median of 5 interleaved runs): 435 us; 490 in steps of 16 KiB; 575 in such steps with the
// target read after the copy.
constexpr size_t kStep = 4 * 1024;

}  // namespace

void Buffer::Append(std::string_view data) {
  while (!data.empty()) {
    const size_t used = static_cast<size_t>(size_) % kSlabSize;
    if (used == 0) slabs_.push_back(SharedSlabs().Take());
    const std::string_view step = data.substr(0, std::min(kStep, kSlabSize - used));
    char* target = slabs_.back().get() + used;
    crc64_ = ExtendCrc64(crc64_, step);
    std::memcpy(target, step.data(), step.size());
    size_ += static_cast<int64_t>(step.size());
    data.remove_prefix(step.size());
  }
}

std::string_view Buffer::Contiguous(int64_t offset) const {
  if (offset >= size_) return {};
  const size_t slab = static_cast<size_t>(offset) / kSlabSize;
  const size_t start = static_cast<size_t>(offset) % kSlabSize;
  const size_t left = static_cast<size_t>(size_ - offset);
  return {slabs_[slab].get() + start, std::min(left, kSlabSize - start)};
}

size_t Buffer::Read(int64_t offset, char* target, size_t count) const {
  size_t copied = 0;
  while (copied < count) {
    const std::string_view piece =
        Contiguous(offset + static_cast<int64_t>(copied)).substr(0, count - copied);
    if (piece.empty()) break;
    std::memcpy(target + copied, piece.data(), piece.size());
    copied += piece.size();
  }
  return copied;
}

std::string Buffer::ToString() const {
  std::string bytes(static_cast<size_t>(size_), '\0');
  Read(0, bytes.data(), bytes.size());
  return bytes;
}

std::shared_ptr<const Buffer> MakeBuffer(std::string_view data) {
  auto buffer = std::make_shared<Buffer>();
  buffer->Append(data);
  return buffer;
}

}  // namespace penstock
