#include "base/payload.h"

#include <gtest/gtest.h>

#include "base/checksum.h"

namespace penstock {
namespace {

// Three pieces, one of them empty, of an owner who tells when it is gone.
struct Owned {
  std::shared_ptr<std::string> first = std::make_shared<std::string>("abc");
  std::string last = "defgh";

  Payload Make() { return Payload({*first, {}, last}, first); }
};

TEST(PayloadTest, IsAllPiecesInOrder) {
  Owned owned;
  const Payload payload = owned.Make();
  EXPECT_EQ(payload.size(), 8u);
  EXPECT_EQ(payload.ToString(), "abcdefgh");
  EXPECT_EQ(payload.Crc32c(), Crc32c("abcdefgh"));
  EXPECT_EQ(payload.Front(), "abc");
}

TEST(PayloadTest, BytesAreTakenFromTheFrontAcrossPieces) {
  for (size_t count = 0; count <= 8; ++count) {
    Owned owned;
    Payload payload = owned.Make();
    payload.RemovePrefix(count);
    const std::string rest = std::string("abcdefgh").substr(count);
    EXPECT_EQ(payload.ToString(), rest);
    EXPECT_EQ(payload.Crc32c(), Crc32c(rest));
    EXPECT_EQ(payload.Front().empty(), count == 8);
    EXPECT_EQ(payload.empty(), count == 8);
  }
}

TEST(PayloadTest, OwnerIsHeldUntilTheLastByteWasTaken) {
  Owned owned;
  Payload payload = owned.Make();
  EXPECT_EQ(owned.first.use_count(), 2);
  payload.RemovePrefix(7);
  EXPECT_EQ(owned.first.use_count(), 2);
  payload.RemovePrefix(1);
  EXPECT_EQ(owned.first.use_count(), 1);
}

TEST(PayloadTest, AnEmptyPayloadTakesNothingAway) {
  Payload payload;
  payload.RemovePrefix(0);
  EXPECT_TRUE(payload.empty());
  EXPECT_EQ(payload.Front(), "");
  EXPECT_EQ(payload.Crc32c(), 0u);
}

TEST(PayloadTest, MovedFromIsEmpty) {
  Owned owned;
  Payload payload = owned.Make();
  const Payload moved = std::move(payload);
  EXPECT_EQ(moved.size(), 8u);
  EXPECT_TRUE(payload.empty());  // NOLINT(bugprone-use-after-move): that is what it promises
  EXPECT_EQ(payload.Front(), "");
}

TEST(PayloadTest, StringsAreOwned) {
  Payload payload = std::string(100, 'x');
  EXPECT_EQ(payload.ToString(), std::string(100, 'x'));
}

}  // namespace
}  // namespace penstock
