// `penstock ls`, `stat`, `rm` and `cp` as a whole, against a fake server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "client/cli/command.h"
#include "client/fake_object_service.h"
#include "client/object_calls.h"

namespace penstock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ObjectCommandsTest : public ::testing::Test {
 protected:
  ObjectCommandsTest() {
    for (const char* key : {"a", "dir/b", "dir/deep/c", "dir/d", "dirt", "e"}) {
      service_.Put("bucket", key, std::string("content of ") + key);
    }
    service_.Put("other", "f", "");
  }

  int Run(std::vector<std::string> words, const char* answer = nullptr) {
    out_.str("");
    err_.str("");
    words.insert(words.end(), {"--server", service_.address()});
    std::istringstream in(answer != nullptr ? answer : "");
    Terminal terminal{out_, err_};
    if (answer != nullptr) terminal.in = &in;
    CommandContext context{terminal, {"penstock"}};
    CLI::App app;
    AddLsCommand(app, context);
    AddStatCommand(app, context);
    AddCpCommand(app, context);
    AddRmCommand(app, context);
    std::reverse(words.begin(), words.end());
    app.parse(words);
    return context.exit_code;
  }

  std::vector<nlohmann::json> Events() const {
    std::vector<nlohmann::json> events;
    std::istringstream lines(out_.str());
    for (std::string line; std::getline(lines, line);) {
      events.push_back(nlohmann::json::parse(line));
    }
    return events;
  }
  size_t Left() const {
    size_t count = 0;
    for (const char* key : {"a", "dir/b", "dir/deep/c", "dir/d", "dirt", "e"}) {
      count += service_.Has("bucket", key) ? 1 : 0;
    }
    return count;
  }

  FakeObjectService service_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ObjectCommandsTest, LsListsBuckets) {
  EXPECT_EQ(Run({"ls", "hangzhou:"}), 0);
  EXPECT_EQ(out_.str(), "bucket\nother\n");
}

TEST_F(ObjectCommandsTest, LsListsADirectory) {
  EXPECT_EQ(Run({"ls", "hangzhou:bucket"}), 0);
  EXPECT_EQ(out_.str(), "a\ndir/\ndirt\ne\n");
  EXPECT_EQ(Run({"ls", "hangzhou:bucket/dir/"}), 0);
  EXPECT_EQ(out_.str(), "dir/b\ndir/d\ndir/deep/\n");
  EXPECT_EQ(Run({"ls", "hangzhou:bucket/nothing"}), 0);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ObjectCommandsTest, LsGoesDownAndThroughPages) {
  EXPECT_EQ(Run({"ls", "--recursive", "hangzhou:bucket/dir"}), 0);
  EXPECT_EQ(out_.str(), "dir/b\ndir/d\ndir/deep/c\ndirt\n");
  EXPECT_EQ(service_.list_requests().size(), 2u);
  EXPECT_EQ(service_.list_requests().back().page_token(), "dir/d");
}

TEST_F(ObjectCommandsTest, CallsAreRepeatedWhereTheServerAsksForIt) {
  const absl::Status busy =
      WithRetryDelay(MakeError(absl::StatusCode::kUnavailable, "BACKEND_UNAVAILABLE", "later"),
                     absl::ZeroDuration());
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"ls", "hangzhou:"},
                                             {"ls", "hangzhou:bucket"},
                                             {"stat", "hangzhou:bucket/a"},
                                             {"cp", "hangzhou:bucket/a", "hangzhou:bucket/copy"},
                                             {"rm", "hangzhou:bucket/a"}}) {
    service_.FailNext(busy);
    service_.FailNext(busy);
    EXPECT_EQ(Run(words), 0) << words[0] << err_.str();
  }
  service_.FailNext(WithRetryDelay(busy, absl::Minutes(1)));
  EXPECT_EQ(Run({"stat", "hangzhou:bucket/dirt"}), 5) << "nobody waits that long for a command";
}

TEST_F(ObjectCommandsTest, OnlyAServerThatAnsweredBeforeIsWaitedFor) {
  const absl::Status gone = absl::UnavailableError("connection refused");
  service_.FailNext(absl::OkStatus());
  service_.FailNext(gone);
  EXPECT_EQ(Run({"ls", "-r", "hangzhou:bucket/dir"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "dir/b\ndir/d\ndir/deep/c\ndirt\n");
  service_.FailNext(gone);
  EXPECT_EQ(Run({"ls", "hangzhou:bucket"}), 5);
  EXPECT_THAT(err_.str(), HasSubstr("connection refused"));
}

// Whoever asks to stop does not wait for the pause before the next try.
TEST_F(ObjectCommandsTest, NoCallIsRepeatedOnceStopped) {
  Notification stop;
  stop.Notify();
  Connection connection({service_.address()});
  connection.StopOn(stop);
  service_.FailNext(
      MakeError(absl::StatusCode::kUnavailable, "BUSY", "later", {}, absl::Seconds(20)));
  EXPECT_EQ(ErrorReason(DeleteObjects(connection, "hangzhou", "bucket", {"a"}).status()),
            "CANCELLED");
  EXPECT_TRUE(DeleteObjects(connection, "hangzhou", "bucket", {"a"}).ok());
}

TEST_F(ObjectCommandsTest, LsTellsWhatIsKnown) {
  v1::StoredObject& object = service_.Put("bucket", "a", "123456789");
  object.set_storage_class("IA");
  (*object.mutable_metadata())["mtime"] = "2001-02-03T04:05:06.5Z";
  EXPECT_EQ(Run({"ls", "--long", "hangzhou:bucket/a"}), 0);
  EXPECT_EQ(
      out_.str(),
      "       9 B  2023-11-14T22:13:20Z  IA           -                 -                     a\n");
  EXPECT_EQ(Run({"ls", "--full", "hangzhou:bucket/a"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("995dc9bbdf1939fa  2001-02-03T04:05:06Z  a\n"));
}

TEST_F(ObjectCommandsTest, LsWritesEventsForPrograms) {
  EXPECT_EQ(Run({"ls", "--json", "hangzhou:bucket"}), 0);
  std::vector<std::string> names;
  for (const auto& event : Events()) names.push_back(event["event"]);
  EXPECT_THAT(names, ElementsAre("object", "prefix", "object", "object"));
  EXPECT_EQ(Events()[0]["key"], "a");
  EXPECT_EQ(Events()[0]["complete"], false);
  EXPECT_EQ(Events()[1]["prefix"], "dir/");
  EXPECT_EQ(Run({"ls", "--json", "hangzhou:"}), 0);
  EXPECT_EQ(Events()[0]["bucket"], "bucket");
}

TEST_F(ObjectCommandsTest, KeysDoNotWriteToTheScreen) {
  service_.Put("bucket",
               "x\x1b[2J\nb\xc2\x9b"
               "3Jc\xc3\xa4",
               "");
  EXPECT_EQ(Run({"ls", "hangzhou:bucket/x"}), 0);
  EXPECT_EQ(out_.str(), "x?[2J?b?3Jc\xc3\xa4\n");
}

TEST_F(ObjectCommandsTest, StatTellsAll) {
  v1::StoredObject& object = service_.Put("bucket", "a", "123456789");
  object.set_content_type("text/plain");
  (*object.mutable_metadata())["author"] = "Grace\nH";
  (*object.mutable_metadata())["mtime"] = "981173106.5";
  EXPECT_EQ(Run({"stat", "hangzhou:bucket/a"}), 0);
  EXPECT_EQ(out_.str(),
            "hangzhou:bucket/a\n"
            "  size                 9 B (9 bytes)\n"
            "  CRC-64               995dc9bbdf1939fa\n"
            "  ETag                 etag-995dc9bbdf1939fa\n"
            "  updated              2023-11-14T22:13:20Z\n"
            "  modified             2001-02-03T04:05:06Z\n"
            "  content type         text/plain\n"
            "  metadata             author=Grace?H\n"
            "  metadata             mtime=981173106.5\n");
  EXPECT_EQ(Run({"stat", "--json", "hangzhou:bucket/a"}), 0);
  EXPECT_EQ(Events()[0]["modification_time"], "2001-02-03T04:05:06.5+00:00");
  EXPECT_EQ(Events()[0]["metadata"]["author"], "Grace\nH");
  EXPECT_EQ(Run({"stat", "hangzhou:bucket/nothing"}), 3);
}

TEST_F(ObjectCommandsTest, RmDeletesWhatIsNamed) {
  EXPECT_EQ(Run({"rm", "hangzhou:bucket/a", "hangzhou:bucket/e", "hangzhou:other/f",
                 "hangzhou:bucket/not-there"}),
            0);
  EXPECT_EQ(out_.str(), "4 objects deleted\n");
  EXPECT_EQ(Left(), 4u);
  EXPECT_FALSE(service_.Has("other", "f"));
  EXPECT_THAT(service_.delete_sizes(), ElementsAre(2u, 1u, 1u));
}

TEST_F(ObjectCommandsTest, RmListsWhatCouldNotBeDeleted) {
  service_.FailDelete(
      "a", MakeError(absl::StatusCode::kPermissionDenied, "BACKEND_DENIED", "you may not"));
  EXPECT_EQ(Run({"rm", "hangzhou:bucket/a", "hangzhou:bucket/e"}), 4);
  EXPECT_THAT(err_.str(),
              HasSubstr("not deleted: hangzhou:bucket/a: you may not [BACKEND_DENIED]"));
  EXPECT_EQ(out_.str(), "1 object deleted, 1 failed\n");
  service_.FailDelete("e", MakeError(absl::StatusCode::kUnavailable, "BACKEND_UNAVAILABLE", "?"));
  EXPECT_EQ(Run({"rm", "--json", "hangzhou:bucket/a", "hangzhou:bucket/e"}), 5);
  EXPECT_EQ(Events()[0]["event"], "failed");
  EXPECT_EQ(Events()[2]["failed_count"], 2);
}

TEST_F(ObjectCommandsTest, RmRecursiveAsks) {
  EXPECT_EQ(Run({"rm", "--recursive", "hangzhou:bucket/dir/"}, "n\n"), 2);
  EXPECT_EQ(Left(), 6u);
  EXPECT_EQ(Run({"rm", "--recursive", "hangzhou:bucket/dir/"}, "yes\n"), 0);
  EXPECT_THAT(err_.str(),
              HasSubstr("every object whose name begins with hangzhou:bucket/dir/? [y/N]"));
  EXPECT_EQ(Left(), 3u);
  EXPECT_EQ(out_.str(), "3 objects deleted\n");
}

TEST_F(ObjectCommandsTest, RmRecursiveNeedsForceWhereNobodyCanBeAsked) {
  EXPECT_EQ(Run({"rm", "--recursive", "hangzhou:bucket"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("NOT_CONFIRMED"));
  EXPECT_THAT(err_.str(), HasSubstr("every object of hangzhou:bucket was not confirmed"));
  EXPECT_EQ(Left(), 6u);
  EXPECT_EQ(Run({"rm", "--recursive", "--yes", "hangzhou:bucket"}), 0);
  EXPECT_EQ(Left(), 0u);
  EXPECT_TRUE(service_.Has("other", "f"));
}

TEST_F(ObjectCommandsTest, RmDryRunDeletesNothing) {
  EXPECT_EQ(Run({"rm", "--recursive", "--dry-run", "hangzhou:bucket/dir/"}), 0);
  EXPECT_EQ(out_.str(),
            "would delete hangzhou:bucket/dir/b\nwould delete hangzhou:bucket/dir/d\n"
            "would delete hangzhou:bucket/dir/deep/c\n3 objects would be deleted\n");
  EXPECT_EQ(Left(), 6u);
  EXPECT_THAT(service_.delete_sizes(), IsEmpty());
}

TEST_F(ObjectCommandsTest, RmNeedsToKnowWhat) {
  EXPECT_EQ(Run({"rm", "hangzhou:bucket"}), 2);
  EXPECT_EQ(Run({"rm", "hangzhou:bucket/a", "hangzhou:bucket/"}), 2);
  EXPECT_EQ(Run({"rm", "--recursive", "--force", "hangzhou:"}), 2);
  EXPECT_EQ(Left(), 6u);
}

TEST_F(ObjectCommandsTest, CpCopiesWithinARemote) {
  EXPECT_EQ(Run({"cp", "hangzhou:bucket/dir/b", "hangzhou:other/copy"}), 0);
  EXPECT_TRUE(service_.Has("other", "copy"));
  EXPECT_THAT(out_.str(), HasSubstr("hangzhou:other/copy  16 bytes  CRC-64 "));
  EXPECT_EQ(Run({"cp", "--json", "hangzhou:bucket/dir/b", "hangzhou:other"}), 0);
  EXPECT_TRUE(service_.Has("other", "b"));
  EXPECT_EQ(Events()[0]["object"]["key"], "b");
  EXPECT_EQ(Run({"cp", "--quiet", "hangzhou:bucket/dir/b", "hangzhou:other/to/"}), 0);
  EXPECT_TRUE(service_.Has("other", "to/b"));
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(service_.copy_requests().size(), 3u);
  EXPECT_FALSE(service_.copy_requests()[0].has_attributes());
}

TEST_F(ObjectCommandsTest, CpTellsWhatIsWrong) {
  EXPECT_EQ(Run({"cp", "hangzhou:bucket/nothing", "hangzhou:other/copy"}), 3);
  EXPECT_EQ(Run({"cp", "hangzhou:bucket/a", "hangzhou:"}), 2);
  EXPECT_EQ(Run({"cp", "hangzhou:bucket", "hangzhou:other/copy"}), 2);
  EXPECT_EQ(Run({"cp", "hangzhou:bucket/nothing", "beijing:other/copy"}), 3);
  EXPECT_THAT(err_.str(), Not(HasSubstr("To resume")));
}

TEST_F(ObjectCommandsTest, NamesThatAreNoneAreRefused) {
  for (const char* name : {"hangzhou", "hangzhou/bucket", ":bucket", "hangzhou:/key", "a/b:c/d"}) {
    EXPECT_EQ(Run({"ls", name}), 2) << name;
    EXPECT_EQ(Run({"stat", name}), 2) << name;
  }
  EXPECT_EQ(Run({"stat", "hangzhou:bucket"}), 2);
  EXPECT_EQ(Run({"stat", "hangzhou:bucket/"}), 2);
}

}  // namespace
}  // namespace penstock::cli
