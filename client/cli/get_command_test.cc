// `penstock get` as a whole, against a fake server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "client/cli/command.h"
#include "client/cli/get_options.h"
#include "client/fake_object_service.h"

namespace penstock::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class GetCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    service_.Put("bucket", "some/key", content_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  int Run(const std::string& file, const std::vector<std::string>& more = {},
          const std::string& key = "some/key") {
    out_.str("");
    err_.str("");
    std::vector<std::string> words = {"get", "hangzhou:bucket/" + key, file, "--server",
                                      service_.address()};
    words.insert(words.end(), more.begin(), more.end());
    Terminal terminal{out_, err_};
    CommandContext context{terminal, {"penstock"}};
    context.arguments.insert(context.arguments.end(), words.begin(), words.end());
    CLI::App app;
    AddGetCommand(app, context);
    std::reverse(words.begin(), words.end());
    app.parse(words);
    return context.exit_code;
  }

  static std::string Read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  void BreakAt(int64_t size, const absl::Status& status) {
    service_.OnRead([size, status](FakeRead& read) {
      read.Open();
      read.SendChunk(size);
      return status;
    });
  }
  std::vector<nlohmann::json> Events() const {
    std::vector<nlohmann::json> events;
    std::istringstream lines(out_.str());
    for (std::string line; std::getline(lines, line);) {
      events.push_back(nlohmann::json::parse(line));
    }
    return events;
  }

  const std::string content_ = std::string(1000, 'x') + "the end";
  const std::string folder_ = ::testing::TempDir() + "/get_command_test_" +
                              std::to_string(getpid()) + "_" +
                              ::testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string file_ = folder_ + "/file";
  FakeObjectService service_;
  std::ostringstream out_;
  std::ostringstream err_;
};

const absl::Status& Later() {
  static const absl::Status* const kLater = new absl::Status(
      MakeError(absl::StatusCode::kUnavailable, "BUSY", "later", {}, absl::Minutes(30)));
  return *kLater;
}

TEST_F(GetCommandTest, WritesTheFileAndPrintsTheProof) {
  EXPECT_EQ(Run(file_), 0);
  EXPECT_EQ(Read(file_), content_);
  EXPECT_THAT(out_.str(), StartsWith("hangzhou:bucket/some/key -> " + file_));
  EXPECT_THAT(out_.str(), HasSubstr("(1007 bytes)  CRC-64 "));
  EXPECT_THAT(out_.str(), HasSubstr(" (verified)"));
}

TEST_F(GetCommandTest, DirectoryGetsTheBaseNameOfTheKey) {
  EXPECT_EQ(Run(folder_), 0);
  EXPECT_EQ(Read(folder_ + "/key"), content_);
}

TEST_F(GetCommandTest, KeyDoesNotLeadOutOfTheDirectory) {
  EXPECT_EQ(TargetFileFor("a/b", folder_).value(), (fs::path(folder_) / "b").lexically_normal());
  EXPECT_EQ(TargetFileFor("a/b", "new").value(), "new");
  EXPECT_EQ(TargetFileFor("a/b", "new/").value(), "new/b");
  for (const char* key : {"a/", "a/..", "..", "a/."}) {
    EXPECT_EQ(ErrorReason(TargetFileFor(key, folder_).status()), "BAD_TARGET") << key;
  }
}

TEST_F(GetCommandTest, SecondRunContinuesTheFirst) {
  BreakAt(400, Later());
  EXPECT_EQ(Run(file_), 5);
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_THAT(err_.str(), HasSubstr("To resume:\n  penstock get hangzhou:bucket/some/key"));
  EXPECT_EQ(Run(file_), 0);
  EXPECT_EQ(Read(file_), content_);
  EXPECT_THAT(out_.str(), HasSubstr("received 607 B, resumed at 400 B (400 bytes)"));
  EXPECT_THAT(Names(), ElementsAre("file"));
}

TEST_F(GetCommandTest, ReplacedObjectIsGotFromItsBeginning) {
  BreakAt(400, Later());
  EXPECT_EQ(Run(file_), 5);
  service_.Put("bucket", "some/key", "another content");
  EXPECT_EQ(Run(file_), 0);
  EXPECT_EQ(Read(file_), "another content");
  EXPECT_THAT(Names(), ElementsAre("file"));
}

TEST_F(GetCommandTest, WrongContentLeavesNothingBehind) {
  service_.Put("bucket", "some/key", content_).set_crc64_ecma(1);
  EXPECT_EQ(Run(file_), 6);
  EXPECT_THAT(Names(), ElementsAre());
  EXPECT_THAT(err_.str(), HasSubstr("Get it again"));
}

TEST_F(GetCommandTest, OverwritesUnlessToldOtherwise) {
  std::ofstream(file_) << "old";
  EXPECT_EQ(Run(file_, {"--no-clobber"}), 7);
  EXPECT_EQ(Read(file_), "old");
  EXPECT_EQ(Run(file_), 0);
  EXPECT_EQ(Read(file_), content_);
}

TEST_F(GetCommandTest, GetsARange) {
  EXPECT_EQ(Run(file_, {"--range", "1000:3"}), 0);
  EXPECT_EQ(Read(file_), "the");
  EXPECT_THAT(out_.str(), HasSubstr("(not verified)"));
  EXPECT_EQ(Run(file_, {"--range=-3"}), 0);
  EXPECT_EQ(Read(file_), "end");
  for (const char* range : {"x", "1:", ":1", "1:2:3", "-0", "1:-1", "-"}) {
    EXPECT_EQ(Run(file_, {std::string("--range=") + range}), 2) << range;
  }
}

TEST_F(GetCommandTest, DevicesAreWrittenToAndNotReplaced) {
  EXPECT_EQ(Run("/dev/null"), 0);
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(GetCommandTest, JsonGoesToStandardOutputAndTextElsewhere) {
  BreakAt(400, absl::UnavailableError("connection reset"));
  EXPECT_EQ(Run(file_, {"--json"}), 0);
  std::vector<std::string> names;
  for (const auto& event : Events()) names.push_back(event["event"]);
  names.erase(std::unique(names.begin(), names.end()), names.end());  // a slow run has more
  EXPECT_THAT(names, ElementsAre("start", "progress", "retry", "resume", "progress", "done"));
  const nlohmann::json done = Events().back();
  EXPECT_EQ(done["size"], 1007);
  EXPECT_EQ(done["verified"], true);
  EXPECT_EQ(done["retry_count"], 1);
  EXPECT_EQ(done["object"]["key"], "some/key");
  EXPECT_THAT(err_.str(), HasSubstr("CRC-64"));
}

TEST_F(GetCommandTest, JsonAndTheObjectDoNotShareTheOutput) {
  EXPECT_EQ(Run("-", {"--json"}), 2);
  EXPECT_THAT(service_.read_offsets(), ElementsAre());
}

TEST_F(GetCommandTest, QuietSaysNothingOnSuccess) {
  EXPECT_EQ(Run(file_, {"--quiet"}), 0);
  EXPECT_EQ(out_.str() + err_.str(), "");
}

TEST_F(GetCommandTest, FailsWithTheExitCodeOfTheError) {
  EXPECT_EQ(Run(file_, {}, "another"), 3);
  EXPECT_THAT(err_.str(), HasSubstr("NO_SUCH_OBJECT"));
  EXPECT_THAT(err_.str(), Not(HasSubstr("To resume")));
  EXPECT_EQ(Run(folder_ + "/nowhere/file"), 3);
  EXPECT_EQ(Run(file_, {"--give-up-after", "soon"}), 2);
  EXPECT_EQ(Run(file_, {}, ""), 2);
}

}  // namespace
}  // namespace penstock::cli
