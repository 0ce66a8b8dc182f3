#include "bench/support/content.h"

#include <gtest/gtest.h>

#include "base/checksum.h"

namespace penstock::bench {
namespace {

std::string Whole(const Content& content, int64_t size) {
  std::string bytes;
  while (static_cast<int64_t>(bytes.size()) < size) {
    bytes += content.Piece(static_cast<int64_t>(bytes.size()), size);
  }
  return bytes;
}

TEST(ContentTest, Crc64IsThatOfThePieces) {
  const Content content(1000);
  for (const int64_t size : {0, 1, 999, 1000, 1001, 13'000, 13'001, 50'123}) {
    EXPECT_EQ(content.Crc64(size), Crc64(Whole(content, size))) << size;
  }
}

TEST(ContentTest, NeighbouringPiecesDiffer) {
  const Content content(1000);
  for (int64_t offset = 0; offset < 30'000; offset += 1000) {
    EXPECT_NE(content.Piece(offset, 40'000), content.Piece(offset + 1000, 40'000));
    EXPECT_NE(content.Piece(offset, 40'000), content.Piece(offset + 8000, 40'000));
  }
}

TEST(ContentTest, ReadsFromAnyOffset) {
  const Content content(1000);
  const std::string whole = Whole(content, 5500);
  std::string read;
  while (read.size() < whole.size()) {
    read += content.At(static_cast<int64_t>(read.size()), 5500, 333);
  }
  EXPECT_EQ(read, whole);
}

}  // namespace
}  // namespace penstock::bench
