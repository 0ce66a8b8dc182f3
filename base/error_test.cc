#include "base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(ErrorTest, CarriesReasonMetadataAndRetryDelay) {
  const absl::Status status = MakeError(absl::StatusCode::kOutOfRange, "OFFSET_GAP", "a gap",
                                        {{"expected", "512"}}, absl::Milliseconds(1500));
  EXPECT_EQ(ErrorReason(status), "OFFSET_GAP");
  EXPECT_EQ(ErrorMetadataOf(status).at("expected"), "512");
  EXPECT_EQ(RetryDelay(status), absl::Milliseconds(1500));
}

TEST(ErrorTest, HasNoRetryDelayUnlessGiven) {
  const absl::Status status = MakeError(absl::StatusCode::kAborted, "STALE_WRITER", "taken over");
  EXPECT_EQ(RetryDelay(status), std::nullopt);
  EXPECT_EQ(RetryDelay(WithRetryDelay(status, absl::Seconds(2))), absl::Seconds(2));
  EXPECT_EQ(RetryDelay(WithRetryDelay(WithRetryDelay(status, absl::Seconds(2)), std::nullopt)),
            std::nullopt);
}

TEST(ErrorTest, PrefixKeepsTheDetails) {
  const absl::Status status =
      WithPrefix(MakeError(absl::StatusCode::kNotFound, "NO_SUCH_BUCKET", "no bucket"), "remote a");
  EXPECT_EQ(status.message(), "remote a: no bucket");
  EXPECT_EQ(ErrorReason(status), "NO_SUCH_BUCKET");
}

TEST(ErrorTest, SurvivesTheWire) {
  const absl::Status sent = MakeError(absl::StatusCode::kUnavailable, "DRAINING", "going away",
                                      {{"committed_size", "7"}}, absl::Seconds(1));
  const absl::Status received =
      DecodeStatusDetails(sent.code(), std::string(sent.message()), EncodeStatusDetails(sent));
  EXPECT_EQ(received, sent);
}

TEST(ErrorTest, EncodingStaysBelowTheTrailerLimit) {
  ErrorMetadata metadata;
  for (int i = 0; i < 50; ++i) metadata["name" + std::to_string(i)] = std::string(500, 'x');
  const absl::Status sent = MakeError(absl::StatusCode::kInternal, "BACKEND_ERROR",
                                      std::string(10'000, 'm'), metadata, absl::Seconds(3));
  const std::string encoded = EncodeStatusDetails(sent);
  EXPECT_LE(encoded.size(), kMaxStatusDetailsBytes);
  const absl::Status received = DecodeStatusDetails(sent.code(), "m", encoded);
  EXPECT_EQ(ErrorReason(received), "BACKEND_ERROR");
  EXPECT_EQ(RetryDelay(received), absl::Seconds(3));
}

TEST(ErrorTest, IgnoresDetailsThatAreNoStatus) {
  EXPECT_EQ(DecodeStatusDetails(absl::StatusCode::kInternal, "text", "\xff\xff"),
            absl::InternalError("text"));
}

}  // namespace
}  // namespace penstock
