// What the commands print, apart from progress.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "base/error.h"
#include "client/cli/error_report.h"
#include "client/cli/json_events.h"
#include "client/cli/session_text.h"

namespace penstock::cli {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Denied() {
  return MakeError(absl::StatusCode::kPermissionDenied, "BACKEND_DENIED", "not allowed",
                   {{"oss_request_id", "5C3D9175B6FC201293AD4890"}, {"oss_code", "AccessDenied"}});
}

TEST(ErrorReportTest, NamesReasonAndRequestId) {
  EXPECT_EQ(DescribeError(Denied(), false),
            "error: not allowed\n"
            "  reason: BACKEND_DENIED\n"
            "  request id of the backend: 5C3D9175B6FC201293AD4890\n");
}

TEST(ErrorReportTest, TellsTheNextStep) {
  const absl::Status status =
      MakeError(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", "down", {}, absl::Seconds(1));
  EXPECT_THAT(DescribeError(status, false), HasSubstr("the same command again later"));
}

TEST(ErrorReportTest, UsesColorOnlyWhenAllowed) {
  EXPECT_THAT(DescribeError(Denied(), true), HasSubstr("\x1b[31m"));
  EXPECT_THAT(DescribeError(Denied(), false), Not(HasSubstr("\x1b")));
}

TEST(ErrorReportTest, WritesJsonToStandardOutputAndReturnsTheExitCode) {
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err};
  EXPECT_EQ(ReportError(Denied(), true, terminal), 4);
  const json event = json::parse(out.str());
  EXPECT_EQ(event["event"], "error");
  EXPECT_EQ(event["reason"], "BACKEND_DENIED");
  EXPECT_EQ(event["exit_code"], 4);
  EXPECT_EQ(event["resumable"], false);
  EXPECT_EQ(event["metadata"]["oss_code"], "AccessDenied");
  EXPECT_THAT(err.str(), HasSubstr("not allowed"));
}

v1::Session MakeSession() {
  v1::Session session;
  session.set_session_id("0123abcd");
  session.set_state(v1::Session::STATE_OPEN);
  session.set_connected(true);
  session.set_committed_size(512);
  session.set_committed_crc64_ecma(0xabc);
  session.set_part_count(3);
  session.mutable_object()->set_remote("hangzhou");
  session.mutable_object()->set_bucket("bucket");
  session.mutable_object()->set_key("key");
  session.mutable_object()->set_total_size(1024);
  session.mutable_update_time()->set_seconds(1'700'000'000);
  session.mutable_update_time()->set_nanos(5);
  return session;
}

TEST(SessionTextTest, DescribesASession) {
  EXPECT_EQ(DescribeSession(MakeSession()),
            "hangzhou:bucket/key\n"
            "  state       open, connected\n"
            "  committed   512 B of 1.0 KiB (50%), CRC-64 0000000000000abc\n"
            "  parts       3\n"
            "  updated     2023-11-14T22:13:20Z\n"
            "  session id  0123abcd\n");
}

TEST(SessionTextTest, TellsWhyASessionFailed) {
  v1::Session session = MakeSession();
  session.set_failure_reason("UPLOAD_LOST");
  session.set_failure_message("the upload is gone");
  EXPECT_THAT(DescribeSession(session), HasSubstr("the upload is gone [UPLOAD_LOST]"));
}

TEST(SessionTextTest, KnowsEveryStateByName) {
  for (const char* name : {"open", "finishing", "finished", "aborted", "failed", "expired"}) {
    const auto state = ParseState(name);
    ASSERT_TRUE(state.ok()) << name;
    EXPECT_EQ(StateName(*state), name);
  }
  EXPECT_EQ(*ParseState("Open"), v1::Session::STATE_OPEN);
  EXPECT_EQ(ErrorReason(ParseState("unspecified").status()), "BAD_STATE");
  EXPECT_EQ(ErrorReason(ParseState("stuck").status()), "BAD_STATE");
}

TEST(JsonTest, TellsOfASession) {
  const json value = ToJson(MakeSession());
  EXPECT_EQ(value["state"], "open");
  EXPECT_EQ(value["total_size"], 1024);
  EXPECT_EQ(value["committed_crc64"], "0000000000000abc");
  EXPECT_FALSE(value.contains("session_token"));
}

TEST(JsonTest, TellsOfAFinishedPut) {
  UploadResult result;
  result.size = 9;
  result.crc64 = 0x995dc9bbdf1939fa;
  result.object.set_etag("etag");
  result.resumed_from = 4;
  const json value = ToJson(result);
  EXPECT_EQ(value["event"], "done");
  EXPECT_EQ(value["crc64"], "995dc9bbdf1939fa");
  EXPECT_EQ(value["object"]["etag"], "etag");
  EXPECT_EQ(value["resumed_from"], 4);
}

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1000);
};

TEST(JsonEventsTest, LimitsProgressToOneASecondButShowsTheEnd) {
  std::ostringstream out;
  FakeClock clock;
  JsonEvents events(out, 100, clock);
  events.OnProgress({10, 10, 10});
  events.OnProgress({20, 20, 20});
  clock.now += absl::Seconds(1);
  events.OnProgress({30, 30, 30});
  events.OnProgress({100, 100, 100});
  std::vector<int64_t> sizes;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) {
    sizes.push_back(json::parse(line)["committed_size"].get<int64_t>());
  }
  EXPECT_THAT(sizes, ::testing::ElementsAre(10, 30, 100));
}

TEST(JsonEventsTest, SurvivesBytesThatAreNoUtf8) {
  std::ostringstream out;
  WriteJson(out, {{"key", "\xff"}});
  EXPECT_TRUE(json::accept(out.str()));
}

}  // namespace
}  // namespace penstock::cli
