#include "client/cli/destination.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::cli {
namespace {

std::string Parsed(const std::string& text, const std::string& file = "/data/big.iso") {
  const auto destination = ParseDestination(text, file);
  if (!destination.ok()) return ErrorReason(destination.status());
  return destination->remote + "|" + destination->bucket + "|" + destination->key;
}

TEST(ParseDestinationTest, SplitsRemoteBucketAndKey) {
  EXPECT_EQ(Parsed("hangzhou:bucket/some/key"), "hangzhou|bucket|some/key");
  EXPECT_EQ(Parsed("hangzhou:bucket/a:b"), "hangzhou|bucket|a:b");
  EXPECT_EQ(Parsed("hangzhou:bucket/key", "-"), "hangzhou|bucket|key");
}

TEST(ParseDestinationTest, AddsTheFileNameToAFolder) {
  EXPECT_EQ(Parsed("hangzhou:bucket/backups/"), "hangzhou|bucket|backups/big.iso");
  EXPECT_EQ(Parsed("hangzhou:bucket/"), "hangzhou|bucket|big.iso");
  EXPECT_EQ(Parsed("hangzhou:bucket/backups/", "big.iso"), "hangzhou|bucket|backups/big.iso");
}

TEST(ParseDestinationTest, RefusesWhatNamesNoObject) {
  for (const char* text : {"", "key", "bucket/key", "hangzhou:bucket", ":bucket/key",
                           "hangzhou:/key", "oss/x:bucket/key"}) {
    EXPECT_EQ(Parsed(text), "BAD_DESTINATION") << text;
  }
  EXPECT_EQ(Parsed("hangzhou:bucket/backups/", "-"), "BAD_DESTINATION");
}

TEST(FormatDestinationTest, IsTheInverse) {
  EXPECT_EQ(FormatDestination(*ParseDestination("hangzhou:bucket/some/key", "-")),
            "hangzhou:bucket/some/key");
}

TEST(ParseBucketTest, TakesARemoteWithOrWithoutABucket) {
  const auto both = ParseBucket("hangzhou:bucket");
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(both->remote, "hangzhou");
  EXPECT_EQ(both->bucket, "bucket");
  const auto remote = ParseBucket("hangzhou:");
  ASSERT_TRUE(remote.ok()) << remote.status();
  EXPECT_EQ(remote->bucket, "");
  for (const char* bad : {"", "hangzhou", ":bucket", "hangzhou:bucket/key", "a/b:bucket"}) {
    const absl::Status status = ParseBucket(bad).status();
    EXPECT_EQ(ErrorReason(status), "BAD_DESTINATION") << bad;
  }
}

}  // namespace
}  // namespace penstock::cli
