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

// A proxy may answer in any encoding: the client still has to learn what to do.
TEST(ErrorTest, TextsThatAreNotUtf8DoNotLoseTheReason) {
  const absl::Status sent =
      MakeError(absl::StatusCode::kUnavailable, "BACKEND_UNAVAILABLE", "\xff in a message",
                {{"oss_code", "\xc3"}}, absl::Seconds(1));
  EXPECT_EQ(ErrorReason(sent), "BACKEND_UNAVAILABLE");
  EXPECT_EQ(ErrorMetadataOf(sent).at("oss_code"), "\xef\xbf\xbd");
  const absl::Status received = DecodeStatusDetails(sent.code(), "m", EncodeStatusDetails(sent));
  EXPECT_EQ(ErrorReason(received), "BACKEND_UNAVAILABLE");
  EXPECT_EQ(RetryDelay(received), absl::Seconds(1));

  // The same of a status that did not come from MakeError.
  absl::Status foreign(sent.code(), "\xff");
  sent.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& value) { foreign.SetPayload(url, value); });
  EXPECT_EQ(ErrorReason(DecodeStatusDetails(sent.code(), "m", EncodeStatusDetails(foreign))),
            "BACKEND_UNAVAILABLE");
}

TEST(ErrorTest, IgnoresDetailsThatAreNoStatus) {
  EXPECT_EQ(DecodeStatusDetails(absl::StatusCode::kInternal, "text", "\xff\xff"),
            absl::InternalError("text"));
}

}  // namespace
}  // namespace penstock
