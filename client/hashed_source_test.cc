#include "client/hashed_source.h"

#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"

namespace penstock {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

absl::Status GoOn() { return absl::OkStatus(); }

class HashedSourceTest : public ::testing::Test {
 protected:
  HashedSourceTest() {
    for (size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<char>(i * 7 + i / 1000);
  }

  void ReadTo(int64_t offset) {
    std::string buffer(100'000, '\0');
    while (hashed_.position() < offset) {
      ASSERT_TRUE(hashed_.Read(buffer.data(), buffer.size()).ok());
    }
  }
  uint64_t CrcBelow(int64_t offset) {
    return Crc64(std::string_view(content_).substr(0, static_cast<size_t>(offset)));
  }

  std::string content_ = std::string(5 * kMiB, '\0');
  int64_t bytes_read_ = 0;
  std::unique_ptr<Source> source_ = MakeCallbackSource(
      [this](int64_t offset) -> absl::StatusOr<SourceReader> {
        return [this, at = static_cast<size_t>(offset)](char* buffer, size_t capacity) mutable {
          const size_t count = content_.copy(buffer, capacity, at);
          at += count;
          bytes_read_ += static_cast<int64_t>(count);
          return absl::StatusOr<size_t>(count);
        };
      },
      std::nullopt);
  HashedSource hashed_{*source_};
};

TEST_F(HashedSourceTest, KnowsTheChecksumOfWhatIsBehindIt) {
  ReadTo(300'000);
  EXPECT_EQ(hashed_.crc64(), CrcBelow(hashed_.position()));
}

TEST_F(HashedSourceTest, MovesForwardByReading) {
  ASSERT_TRUE(hashed_.MoveTo(4 * kMiB + 17, GoOn).ok());
  EXPECT_EQ(hashed_.position(), 4 * kMiB + 17);
  EXPECT_EQ(hashed_.crc64(), CrcBelow(4 * kMiB + 17));
  EXPECT_EQ(bytes_read_, 4 * kMiB + 17);
}

TEST_F(HashedSourceTest, MovesBackWithoutReadingThePrefixAgain) {
  ReadTo(5 * kMiB);
  bytes_read_ = 0;
  ASSERT_TRUE(hashed_.MoveTo(3 * kMiB + 5, GoOn).ok());
  EXPECT_EQ(hashed_.crc64(), CrcBelow(3 * kMiB + 5));
  EXPECT_LT(bytes_read_, 2 * kMiB);
}

TEST_F(HashedSourceTest, CanAlwaysGoToTheCommittedSize) {
  ReadTo(5 * kMiB);
  hashed_.Release(4 * kMiB + 999);
  bytes_read_ = 0;
  ASSERT_TRUE(hashed_.MoveTo(4 * kMiB + 999, GoOn).ok());
  EXPECT_EQ(hashed_.crc64(), CrcBelow(4 * kMiB + 999));
  EXPECT_LT(bytes_read_, 2 * kMiB);
}

TEST_F(HashedSourceTest, StopsMovingWhenAskedTo) {
  int asked = 0;
  const absl::Status status = hashed_.MoveTo(
      5 * kMiB, [&] { return ++asked < 3 ? absl::OkStatus() : absl::CancelledError(); });
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_EQ(hashed_.position(), 2 * kMiB);
}

TEST_F(HashedSourceTest, RefusesASourceThatEndsBefore) {
  EXPECT_EQ(ErrorReason(hashed_.MoveTo(6 * kMiB, GoOn)), "SOURCE_CHANGED");
}

}  // namespace
}  // namespace penstock
