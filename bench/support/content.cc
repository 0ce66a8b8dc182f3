#include "bench/support/content.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "base/checksum.h"

namespace penstock::bench {
namespace {

// A prime, so that no part of 2^n pieces is like its neighbour.
constexpr int64_t kWindows = 13;
// Between the windows' beginnings; with it the block is hardly larger than a piece.
constexpr int64_t kStep = 4096;

std::string MakeBlock(size_t size) {
  std::mt19937_64 random(1);  // NOLINT(bugprone-random-generator-seed): the same in every run
  std::string block(size, '\0');
  for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
    const uint64_t word = random();
    std::memcpy(block.data() + i, &word, std::min(sizeof word, size - i));
  }
  return block;
}

}  // namespace

Content::Content(int64_t piece_size)
    : piece_size_(piece_size),
      block_(MakeBlock(static_cast<size_t>(piece_size + (kWindows - 1) * kStep))) {
  for (int64_t window = 0; window < kWindows; ++window) {
    crcs_.push_back(penstock::Crc64(Piece(window * piece_size_, kWindows * piece_size_)));
  }
}

std::string_view Content::Piece(int64_t offset, int64_t size) const {
  return At(offset, size, piece_size_);
}

std::string_view Content::At(int64_t offset, int64_t size, int64_t most) const {
  const int64_t window = offset / piece_size_ % kWindows;
  const int64_t within = offset % piece_size_;
  const int64_t length = std::min({most, piece_size_ - within, size - offset});
  return std::string_view(block_).substr(static_cast<size_t>(window * kStep + within),
                                         static_cast<size_t>(length));
}

uint64_t Content::Crc64(int64_t size) const {
  uint64_t crc = 0;
  int64_t offset = 0;
  for (; size - offset >= piece_size_; offset += piece_size_) {
    crc =
        CombineCrc64(crc, crcs_[static_cast<size_t>(offset / piece_size_ % kWindows)], piece_size_);
  }
  return offset == size ? crc : ExtendCrc64(crc, Piece(offset, size));
}

}  // namespace penstock::bench
