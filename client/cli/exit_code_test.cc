#include "client/cli/exit_code.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::cli {
namespace {

using Code = absl::StatusCode;

struct Row {
  Code code;
  const char* reason;
  bool retry;
  int expected;
};

TEST(ExitCodeTest, FollowsFromCodeReasonAndRetryDelay) {
  const Row rows[] = {
      {Code::kInternal, "PROTOCOL_ERROR", false, 1},
      {Code::kDataLoss, "UPLOAD_LOST", false, 1},
      {Code::kUnimplemented, "", false, 1},
      {Code::kInvalidArgument, "BAD_DESTINATION", false, 2},
      {Code::kInvalidArgument, "UNKNOWN_REMOTE", false, 2},
      {Code::kNotFound, "NO_SUCH_BUCKET", false, 3},
      {Code::kNotFound, "SOURCE_UNREADABLE", false, 3},
      {Code::kPermissionDenied, "BACKEND_DENIED", false, 4},
      {Code::kUnauthenticated, "", false, 4},
      {Code::kDeadlineExceeded, "NO_PROGRESS", true, 5},
      {Code::kUnavailable, "", false, 5},
      {Code::kResourceExhausted, "STORE_FULL", true, 5},
      {Code::kDataLoss, "CONTENT_MISMATCH", false, 6},
      {Code::kDataLoss, "CHECKSUM_MISMATCH", false, 6},
      {Code::kFailedPrecondition, "SOURCE_CHANGED", false, 6},
      {Code::kAborted, "STALE_WRITER", false, 7},
      {Code::kAlreadyExists, "OBJECT_EXISTS", false, 7},
      {Code::kFailedPrecondition, "SPEC_MISMATCH", false, 7},
      {Code::kResourceExhausted, "QUOTA", false, 8},
      {Code::kCancelled, "CANCELLED", false, 130},
  };
  for (const Row& row : rows) {
    const std::optional<absl::Duration> delay =
        row.retry ? std::optional<absl::Duration>(absl::Seconds(1)) : std::nullopt;
    EXPECT_EQ(ExitCodeOf(MakeError(row.code, row.reason, "message", {}, delay)), row.expected)
        << row.reason << " " << absl::StatusCodeToString(row.code);
  }
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
}

TEST(NextStepTest, SaysThatTheSameCommandResumes) {
  const absl::Status status =
      MakeError(Code::kUnavailable, "STORE_UNAVAILABLE", "down", {}, absl::Seconds(1));
  EXPECT_EQ(NextStep(status), "Run the same command again later: it resumes.");
}

TEST(NextStepTest, IsEmptyWhereTheMessageSaysAll) {
  EXPECT_EQ(NextStep(MakeError(Code::kInvalidArgument, "BAD_KEY", "a bad key")), "");
}

TEST(ExitCodeTest, OfSeveralTellsWhatTheyHaveInCommon) {
  EXPECT_EQ(CombineExitCodes(kExitOk, kExitOk), kExitOk);
  EXPECT_EQ(CombineExitCodes(kExitOk, kExitNotFound), kExitNotFound);
  EXPECT_EQ(CombineExitCodes(kExitNotFound, kExitOk), kExitNotFound);
  EXPECT_EQ(CombineExitCodes(kExitNotFound, kExitNotFound), kExitNotFound);
  EXPECT_EQ(CombineExitCodes(kExitNotFound, kExitQuota), kExitOther);
  EXPECT_EQ(CombineExitCodes(kExitOther, kExitQuota), kExitOther);
  EXPECT_EQ(CombineExitCodes(kExitNotFound, kExitGaveUp), kExitGaveUp);
  EXPECT_EQ(CombineExitCodes(kExitGaveUp, kExitNotFound), kExitGaveUp);
  EXPECT_EQ(CombineExitCodes(kExitGaveUp, kExitInterrupted), kExitInterrupted);
  EXPECT_EQ(CombineExitCodes(kExitInterrupted, kExitQuota), kExitInterrupted);
  EXPECT_EQ(CombineExitCodes(kExitQuota, kExitInterrupted), kExitInterrupted);
}

}  // namespace
}  // namespace penstock::cli
