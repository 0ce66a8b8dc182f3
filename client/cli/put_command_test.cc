// `penstock put` as a whole, against a scripted server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/notification.h"
#include "client/cli/command.h"
#include "client/fake_put_service.h"
#include "tests/support/temp_dir.h"

namespace penstock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
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

  int Run(const FakePutService& service, const std::vector<std::string>& more = {}) {
    return RunWith(service, {file_, "hangzhou:bucket/"}, more);
  }

  int RunWith(const FakePutService& service, std::vector<std::string> words,
              const std::vector<std::string>& more = {}) {
    words.insert(words.begin(), "put");
    words.insert(words.end(), {"--server", service.address()});
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

  // The field `name` of each event of --json, "" where there is none.
  std::vector<std::string> Values(const std::string& name) const {
    std::vector<std::string> values;
    std::istringstream lines(out_.str());
    for (std::string line; std::getline(lines, line);) {
      values.push_back(nlohmann::json::parse(line).value(name, ""));
    }
    return values;
  }

  const testing_support::TempDir directory_;
  const std::string file_ = directory_.File("put_command_test_file");
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
  EXPECT_THAT(Values("event"), ElementsAre("start", "done"));
  EXPECT_THAT(Values("file"), ElementsAre(file_, file_));
  EXPECT_THAT(err_.str(), HasSubstr("CRC-64"));
}

absl::Status NoSuchBucket(FakeStream&) {
  return MakeError(absl::StatusCode::kNotFound, "NO_SUCH_BUCKET", "there is no such bucket");
}

TEST_F(PutCommandTest, FailsWithTheExitCodeOfTheError) {
  FakePutService service({NoSuchBucket, NoSuchBucket});
  EXPECT_EQ(Run(service), 3);
  EXPECT_THAT(err_.str(), HasSubstr("there is no such bucket"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("To resume")));
  EXPECT_EQ(Run(service, {"--json"}), 3);
  EXPECT_THAT(Values("file"), ElementsAre(file_, file_)) << "start, error";
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

// Several files, all of the same content, one at a time, so that scripts meet them in their order.
class PutFilesTest : public PutCommandTest {
 protected:
  void SetUp() override {
    PutCommandTest::SetUp();
    std::filesystem::create_directory(folder_);
    for (const std::string& file : files_) std::ofstream(file) << "content of each file";
  }
  void TearDown() override { unsetenv("PENSTOCK_TOKEN"); }

  int RunFiles(const FakePutService& service, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = files_;
    words.push_back("hangzhou:bucket/logs/");
    std::vector<std::string> options = {"--transfers", "1"};
    if (!more.empty() && more.front() == "--transfers") options.clear();
    options.insert(options.end(), more.begin(), more.end());
    return RunWith(service, words, options);
  }

  // Takes everything, and keeps the key.
  FakePutService::Script Take() {
    return [this](FakeStream& stream) {
      keys_.push_back(stream.open.object().key());
      return TakeAll(stream);
    };
  }

  const std::string folder_ = directory_.File("folder");
  const std::vector<std::string> files_ = {folder_ + "/a", folder_ + "/b", folder_ + "/c"};
  std::vector<std::string> keys_;
};

TEST_F(PutFilesTest, GoUnderTheirNames) {
  FakePutService service({Take(), Take(), Take()});
  EXPECT_EQ(RunFiles(service), 0);
  service.Stop();
  EXPECT_THAT(keys_, ElementsAre("logs/a", "logs/b", "logs/c"));
  EXPECT_THAT(out_.str(), HasSubstr("hangzhou:bucket/logs/b  20 B (20 bytes)  CRC-64 "));
  EXPECT_THAT(out_.str(), EndsWith("3 of 3 files put\n"));
}

TEST_F(PutFilesTest, AreUnderWayAtTheSameTime) {
  BlockingCounter all(3);
  const FakePutService::Script meet = [&all](FakeStream& stream) {
    all.DecrementCount();
    all.Wait();
    return TakeAll(stream);
  };
  FakePutService service({meet, meet, meet});
  EXPECT_EQ(RunFiles(service, {"--transfers", "3"}), 0);
  EXPECT_THAT(out_.str(), EndsWith("3 of 3 files put\n"));
}

TEST_F(PutFilesTest, QuietSaysNothingOnSuccess) {
  FakePutService service({Take(), Take(), Take()});
  EXPECT_EQ(RunFiles(service, {"--quiet"}), 0);
  EXPECT_EQ(out_.str() + err_.str(), "");
}

TEST_F(PutFilesTest, OneThatFailsDoesNotKeepTheOthers) {
  FakePutService service({Take(), NoSuchBucket, Take()});
  EXPECT_EQ(RunFiles(service), 3);
  EXPECT_THAT(err_.str(), HasSubstr("not put: " + files_[1] + "\nerror: there is no such bucket"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("To resume")));
  EXPECT_THAT(out_.str(), EndsWith("2 of 3 files put, 1 failed\n"));
}

TEST_F(PutFilesTest, NoneIsBegunAfterTheServerCouldNotGoOn) {
  FakePutService service({Take(), [](FakeStream&) {
                            return MakeError(absl::StatusCode::kUnavailable, "BUSY", "later", {},
                                             absl::Minutes(30));
                          }});
  EXPECT_EQ(RunFiles(service), 5);
  EXPECT_EQ(service.calls(), 2u);
  EXPECT_THAT(out_.str(), EndsWith("1 of 3 files put, 1 failed\n"));
  EXPECT_THAT(err_.str(), EndsWith("To resume, run the same command again.\n"));
}

TEST_F(PutFilesTest, EventsNameTheirFiles) {
  FakePutService service({Take(), NoSuchBucket, Take()});
  EXPECT_EQ(RunFiles(service, {"--json"}), 3);
  EXPECT_THAT(Values("event"),
              ElementsAre("start", "done", "start", "error", "start", "done", "summary"));
  EXPECT_THAT(Values("file"),
              ElementsAre(files_[0], files_[0], files_[1], files_[1], files_[2], files_[2], ""));
  const nlohmann::json sum = nlohmann::json::parse(out_.str().substr(out_.str().rfind("{\"d")));
  EXPECT_EQ(sum.value("done_count", 0), 2);
  EXPECT_EQ(sum.value("failed_count", 0), 1);
  EXPECT_EQ(sum.value("not_done_count", -1), 0);
}

TEST_F(PutFilesTest, AreAllRefusedBeforeAnyIsSent) {
  struct Case {
    std::vector<std::string> words;
    int exit_code;
    std::string says;
  };
  const Case cases[] = {
      {{files_[0], files_[1], "hangzhou:bucket/logs"}, 2, "BAD_DESTINATION"},
      {{files_[0], "-", "hangzhou:bucket/"}, 2, "NOT_A_FILE"},
      {{files_[0], folder_ + "/./a", "hangzhou:bucket/"}, 2, "SAME_KEY"},
      {{files_[0], folder_ + "/missing", "hangzhou:bucket/"}, 3, "missing"},
      {{files_[0], folder_ + "/", "hangzhou:bucket/"}, 2, "IS_A_DIRECTORY"},
      {{files_[0], files_[1], "hangzhou:bucket/", "--token", "a-token-of-16-characters"},
       2,
       "TOKEN_OF_ONE_FILE"},
      {{files_[0], files_[1], "hangzhou:bucket/", "--metadata", "novalue"}, 2, "BAD_PAIR"},
      {{files_[0], files_[1], "hangzhou:bucket/", "--replay-buffer", "0"}, 2, "BAD_REPLAY_BUFFER"},
  };
  FakePutService service({});
  for (const Case& each : cases) {
    err_.str("");
    EXPECT_EQ(RunWith(service, each.words), each.exit_code) << each.says;
    EXPECT_THAT(err_.str(), HasSubstr(each.says));
    EXPECT_THAT(err_.str(), Not(HasSubstr("not put")));
  }
  setenv("PENSTOCK_TOKEN", "a-token-of-16-characters", 1);
  EXPECT_EQ(RunFiles(service), 2);
  EXPECT_EQ(service.calls(), 0u);
}

}  // namespace
}  // namespace penstock::cli
