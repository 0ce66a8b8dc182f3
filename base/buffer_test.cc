#include "base/buffer.h"

#include <gtest/gtest.h>

#include <string>

#include "base/checksum.h"

namespace penstock {
namespace {

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

TEST(BufferTest, KeepsBytesAndChecksumOverSlabs) {
  const std::string bytes = Pattern(3 * Buffer::kSlabSize + 17);
  Buffer buffer;
  for (size_t at = 0; at < bytes.size(); at += 70'001) buffer.Append(bytes.substr(at, 70'001));
  EXPECT_EQ(buffer.size(), static_cast<int64_t>(bytes.size()));
  EXPECT_EQ(buffer.crc64(), Crc64(bytes));
  EXPECT_EQ(buffer.ToString(), bytes);
}

TEST(BufferTest, ReadsAnyRange) {
  const std::string bytes = Pattern(Buffer::kSlabSize + 100);
  const auto buffer = MakeBuffer(bytes);
  std::string piece(50, '\0');
  const int64_t offset = static_cast<int64_t>(Buffer::kSlabSize) - 20;
  EXPECT_EQ(buffer->Read(offset, piece.data(), piece.size()), 50u);
  EXPECT_EQ(piece, bytes.substr(static_cast<size_t>(offset), 50));
  EXPECT_EQ(buffer->Read(buffer->size() - 3, piece.data(), piece.size()), 3u);
  EXPECT_EQ(buffer->Read(buffer->size(), piece.data(), piece.size()), 0u);
}

TEST(BufferTest, EmptyBufferHasNoBytes) {
  const auto buffer = MakeBuffer("");
  EXPECT_EQ(buffer->size(), 0);
  EXPECT_EQ(buffer->crc64(), 0u);
  EXPECT_TRUE(buffer->Contiguous(0).empty());
}

TEST(BufferTest, GivesItsMemoryBackWithTheLastReference) {
  BufferBudget budget(int64_t{64} * Buffer::kSlabSize, Buffer::kSlabSize);
  auto buffer = std::make_shared<Buffer>();
  buffer->Hold(*budget.TryTake(&budget, Buffer::kSlabSize));
  buffer->Hold(*budget.TryTake(&budget, Buffer::kSlabSize));
  std::shared_ptr<const Buffer> body = buffer;
  buffer = nullptr;
  EXPECT_EQ(budget.stats().used, int64_t{2} * Buffer::kSlabSize);
  body = nullptr;
  EXPECT_EQ(budget.stats().used, 0);
}

}  // namespace
}  // namespace penstock
