// `penstock put` as a whole, against a scripted server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "client/cli/command.h"
#include "client/fake_put_service.h"

namespace penstock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

absl::Status TakeAll(FakeStream& stream) {
  stream.Send(FakeStream::Opened());
  stream.ReadFinish();
  stream.SendFinished(stream.data);
  return absl::OkStatus();
}

class PutCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    unsetenv("PENSTOCK_TOKEN");
    setenv("PENSTOCK_TOKEN_SECRET", "the secret of this test", 1);
    std::ofstream(file_) << "content of the file";
  }
  void TearDown() override { std::filesystem::remove(file_); }

  int Run(const FakePutService& service, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"put", file_, "hangzhou:bucket/", "--server",
                                      service.address()};
    words.insert(words.end(), more.begin(), more.end());
    Terminal terminal{out_, err_};
    CommandContext context{terminal, {"penstock"}};
    context.arguments.insert(context.arguments.end(), words.begin(), words.end());
    CLI::App app;
    AddPutCommand(app, context);
    std::reverse(words.begin(), words.end());
    app.parse(words);
    return context.exit_code;
  }

  const std::string file_ = ::testing::TempDir() + "/put_command_test_file";
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(PutCommandTest, PrintsTheProofOfAPut) {
  FakePutService service({TakeAll});
  EXPECT_EQ(Run(service), 0);
  EXPECT_THAT(out_.str(), StartsWith("hangzhou:bucket/put_command_test_file  19 B (19 bytes)  "
                                     "CRC-64 "));
}

TEST_F(PutCommandTest, QuietSaysNothingOnSuccess) {
  FakePutService service({TakeAll});
  EXPECT_EQ(Run(service, {"--quiet"}), 0);
  EXPECT_EQ(out_.str() + err_.str(), "");
}

TEST_F(PutCommandTest, JsonGoesToStandardOutputAndTextElsewhere) {
  FakePutService service({TakeAll});
  EXPECT_EQ(Run(service, {"--json"}), 0);
  std::vector<std::string> events;
  std::istringstream lines(out_.str());
  for (std::string line; std::getline(lines, line);) {
    const size_t begin = line.find("\"event\":\"") + 9;
    events.push_back(line.substr(begin, line.find('"', begin) - begin));
  }
  EXPECT_THAT(events, ElementsAre("start", "done"));
  EXPECT_THAT(err_.str(), HasSubstr("CRC-64"));
}

TEST_F(PutCommandTest, FailsWithTheExitCodeOfTheError) {
  FakePutService service({[](FakeStream&) {
    return MakeError(absl::StatusCode::kNotFound, "NO_SUCH_BUCKET", "there is no such bucket");
  }});
  EXPECT_EQ(Run(service), 3);
  EXPECT_THAT(err_.str(), HasSubstr("there is no such bucket"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("To resume")));
}

TEST_F(PutCommandTest, PrintsHowToResumeWithoutTheToken) {
  FakePutService service({[](FakeStream&) {
    return MakeError(absl::StatusCode::kUnavailable, "BUSY", "later", {}, absl::Minutes(30));
  }});
  EXPECT_EQ(Run(service, {"--token", "a-token-that-is-secret"}), 5);
  EXPECT_THAT(err_.str(), HasSubstr("To resume with the same token in PENSTOCK_TOKEN"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("a-token-that-is-secret")));
}

// The next put of the same file has the same token: what became of this one must not be in its way.
TEST_F(PutCommandTest, DerivedTokenBeginsAnewWhereItsSessionHasEnded) {
  std::vector<v1::EndedPolicy> policies;
  const auto take = [&](FakeStream& stream) {
    policies.push_back(stream.open.ended_policy());
    return TakeAll(stream);
  };
  FakePutService service({take, take});
  EXPECT_EQ(Run(service), 0);
  EXPECT_EQ(Run(service, {"--token", "a-token-of-the-users-own"}), 0);
  service.Stop();
  EXPECT_THAT(policies, ElementsAre(v1::ENDED_POLICY_START_OVER, v1::ENDED_POLICY_REPLAY));
}

// A server that refuses a policy is not asked for less: the result could be that of another object.
TEST_F(PutCommandTest, PolicyThatTheServerRefusesIsAnError) {
  FakePutService service({[](FakeStream&) {
                            return MakeError(absl::StatusCode::kUnimplemented,
                                             "UNIMPLEMENTED_FIELD", "not known",
                                             {{"field", "open.ended_policy"}});
                          },
                          TakeAll});
  EXPECT_NE(Run(service), 0);
  EXPECT_EQ(service.calls(), 1u);
  EXPECT_THAT(err_.str(), HasSubstr("not known"));
}

}  // namespace
}  // namespace penstock::cli
