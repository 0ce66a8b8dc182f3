#include "server/objects/objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/error.h"
#include "server/objects/objects_test_util.h"
#include "server/objects/reader_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Code = absl::StatusCode;

constexpr char kRemote[] = "remote";

class ObjectsTest : public testing::Test {
 protected:
  ObjectsTest() { Configure({}); }

  void Configure(const OptionValues& options) {
    objects_.reset();
    Remotes remotes;
    remotes.insert({kRemote, {&backend_, &kind_, RemoteRestriction(options)}});
    remotes.insert({"second", {&backend_, &kind_, RemoteRestriction(OptionValues())}});
    objects_ =
        std::make_unique<Objects>(std::move(remotes), ReadLimits(), *executor_, SystemClock());
  }

  void Put(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) backend_.Put(key, key, {{"name", "of " + key}});
  }

  static ObjectPlace At(const std::string& key) { return {kRemote, {"bucket", key}}; }

  absl::StatusOr<ObjectPage> List(const ObjectQuery& query) {
    return Await<ObjectPage>([&](auto done) { objects_->List(query, std::move(done)); });
  }
  static ObjectQuery Query(const std::string& prefix = "", const std::string& delimiter = "") {
    ObjectQuery query;
    query.remote = kRemote;
    query.bucket = "bucket";
    query.prefix = prefix;
    query.delimiter = delimiter;
    return query;
  }

  // Keys and prefixes of all pages, the latter in angle brackets.
  std::vector<std::string> NamesOf(ObjectQuery query) {
    std::vector<std::string> names;
    do {
      const absl::StatusOr<ObjectPage> page = List(query);
      if (!page.ok()) return {ErrorReason(page.status())};
      for (const ListedObject& object : page->objects) names.push_back(object.key);
      for (const std::string& prefix : page->prefixes) names.push_back("<" + prefix + ">");
      query.page_token = page->next_page_token;
    } while (!query.page_token.empty());
    return names;
  }
  std::string ReasonOf(const ObjectQuery& query) { return ErrorReason(List(query).status()); }

  absl::StatusOr<ObjectStat> Stat(const ObjectPlace& place) {
    return Await<ObjectStat>([&](auto done) { objects_->Stat(place, std::move(done)); });
  }
  absl::StatusOr<ObjectStat> Copy(const ObjectPlace& from, const ObjectPlace& to,
                                  const std::optional<ObjectAttributes>& attributes = {},
                                  const std::string& if_match = "") {
    return Await<ObjectStat>(
        [&](auto done) { objects_->Copy(from, if_match, to, attributes, std::move(done)); });
  }
  absl::StatusOr<std::vector<absl::Status>> DeleteMany(const std::vector<std::string>& keys,
                                                       const std::string& bucket = "bucket") {
    return Await<std::vector<absl::Status>>(
        [&](auto done) { objects_->DeleteMany(kRemote, bucket, keys, std::move(done)); });
  }
  absl::StatusOr<std::vector<ListedBucket>> Buckets() {
    return Await<std::vector<ListedBucket>>(
        [&](auto done) { objects_->ListBuckets(kRemote, std::move(done)); });
  }

  BackendInfo kind_;
  FakeObjects backend_;
  const std::unique_ptr<Executor> executor_ = MakeThreadPool(2);
  std::unique_ptr<Objects> objects_;
};

TEST_F(ObjectsTest, ListsPageByPage) {
  Put({"a", "b/1", "b/2", "c"});
  ObjectQuery query = Query();
  query.page_size = 1;
  EXPECT_THAT(NamesOf(query), ElementsAre("a", "b/1", "b/2", "c"));
  query.delimiter = "/";
  EXPECT_THAT(NamesOf(query), ElementsAre("a", "<b/>", "c"));
  backend_.SetPageLimit(1);
  EXPECT_THAT(NamesOf(Query("b")), ElementsAre("b/1", "b/2"));
  EXPECT_THAT(NamesOf(Query("d")), IsEmpty());
}

TEST_F(ObjectsTest, PageTokenIsGoodForItsQueryOnly) {
  Put({"a/1", "a/2", "a/3"});
  ObjectQuery query = Query("a/");
  query.page_size = 1;
  query.page_token = List(query)->next_page_token;
  ASSERT_NE(query.page_token, "");
  ObjectQuery larger = query;
  larger.page_size = 2;
  EXPECT_THAT(NamesOf(larger), ElementsAre("a/2", "a/3"));
  ObjectQuery other = query;
  other.prefix = "a";
  EXPECT_EQ(ReasonOf(other), "BAD_PAGE_TOKEN");
  other = query;
  other.delimiter = "/";
  EXPECT_EQ(ReasonOf(other), "BAD_PAGE_TOKEN");
  other = query;
  other.bucket = "other";
  EXPECT_EQ(ReasonOf(other), "BAD_PAGE_TOKEN");
  other = query;
  other.remote = "second";
  EXPECT_EQ(ReasonOf(other), "BAD_PAGE_TOKEN");
  other = query;
  other.page_token = "p";
  EXPECT_EQ(ReasonOf(other), "BAD_PAGE_TOKEN");
}

TEST_F(ObjectsTest, BadQueriesAreRefused) {
  ObjectQuery query = Query();
  query.remote = "nowhere";
  EXPECT_EQ(ReasonOf(query), "UNKNOWN_REMOTE");
  for (const char* bucket : {"", "No"}) {
    query = Query();
    query.bucket = bucket;
    EXPECT_EQ(ReasonOf(query), "BAD_BUCKET");
  }
  EXPECT_EQ(ReasonOf(Query("\xff")), "BAD_PREFIX");
  EXPECT_EQ(ReasonOf(Query(std::string("a\0", 2))), "BAD_PREFIX");
  EXPECT_EQ(ReasonOf(Query(std::string(1024, 'a'))), "BAD_PREFIX");
  EXPECT_EQ(ReasonOf(Query("", "-")), "BAD_DELIMITER");
  for (const int32_t size : {-1, 1001}) {
    query = Query();
    query.page_size = size;
    EXPECT_EQ(ReasonOf(query), "BAD_PAGE_SIZE");
  }
  EXPECT_EQ(backend_.calls("list"), 0);
}

TEST_F(ObjectsTest, ListStaysWithinTheConfiguredPrefix) {
  Put({"other", "team/a/1", "team/a/2/x", "team/b"});
  Configure({{"prefix", "team/a/"}});
  EXPECT_THAT(NamesOf(Query()), ElementsAre("team/a/1", "team/a/2/x"));
  EXPECT_THAT(NamesOf(Query("team/a/2")), ElementsAre("team/a/2/x"));
  EXPECT_THAT(NamesOf(Query("team/b")), ElementsAre("KEY_NOT_ALLOWED"));
  // With a delimiter only the way there is told.
  EXPECT_THAT(NamesOf(Query("", "/")), ElementsAre("<team/>"));
  EXPECT_THAT(NamesOf(Query("te", "/")), ElementsAre("<team/>"));
  EXPECT_THAT(NamesOf(Query("team/", "/")), ElementsAre("<team/a/>"));
  EXPECT_THAT(NamesOf(Query("team/a", "/")), ElementsAre("<team/a/>"));
  EXPECT_THAT(NamesOf(Query("team/a/", "/")), ElementsAre("team/a/1", "<team/a/2/>"));
  Configure({{"buckets", "media"}});
  EXPECT_EQ(ReasonOf(Query()), "BUCKET_NOT_ALLOWED");
}

TEST_F(ObjectsTest, PrefixWithoutSlashNarrowsAList) {
  Put({"log", "log-1", "log-2/x", "other"});
  Configure({{"prefix", "log-"}});
  EXPECT_THAT(NamesOf(Query("", "/")), ElementsAre("log-1", "<log-2/>"));
}

TEST_F(ObjectsTest, WayToNothingIsNotTold) {
  Put({"team/b"});
  Configure({{"prefix", "team/a/"}});
  EXPECT_THAT(NamesOf(Query("", "/")), IsEmpty());
  Put({"team/a/1"});
  backend_.SetPageLimit(1);  // the first page is empty, which says nothing
  EXPECT_THAT(NamesOf(Query("", "/")), ElementsAre("<team/>"));
}

TEST_F(ObjectsTest, FullViewDescribesEachSomeAtATime) {
  std::vector<std::string> keys;
  for (int i = 100; i < 150; ++i) keys.push_back(absl::StrCat(i));
  Put(keys);
  ObjectQuery query = Query();
  EXPECT_FALSE(List(query)->objects[0].complete);
  EXPECT_EQ(backend_.calls("stat"), 0);
  query.full = true;
  const absl::StatusOr<ObjectPage> page = List(query);
  ASSERT_EQ(page->objects.size(), keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    EXPECT_EQ(page->objects[i].key, keys[i]);
    EXPECT_TRUE(page->objects[i].complete);
    EXPECT_EQ(page->objects[i].stat.metadata.at("name"), "of " + keys[i]);
  }
  EXPECT_EQ(backend_.calls("stat"), 50);
  EXPECT_LE(backend_.most_at_once("stat"), 16);
}

TEST_F(ObjectsTest, CompleteListsNeedNoMoreRequests) {
  Put({"a", "b"});
  backend_.set_lists_complete(true);
  ObjectQuery query = Query();
  query.full = true;
  EXPECT_EQ(List(query)->objects[1].stat.metadata.at("name"), "of b");
  EXPECT_EQ(backend_.calls("stat"), 0);
}

TEST_F(ObjectsTest, ObjectThatVanishesIsLeftOut) {
  Put({"a", "b", "c"});
  backend_.Hold("stat");
  ObjectQuery query = Query();
  query.full = true;
  absl::StatusOr<ObjectPage> page;
  Notification answered;
  objects_->List(query, [&](absl::StatusOr<ObjectPage> answer) {
    page = std::move(answer);
    answered.Notify();
  });
  backend_.AwaitHeld("stat", 3);
  EXPECT_EQ(AwaitStatus([&](auto done) { objects_->Delete(At("b"), std::move(done)); }),
            absl::OkStatus());
  backend_.Release("stat");
  answered.WaitForNotification();
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[1].key, "c");
  // Any other error is the whole call's.
  backend_.FailWith("stat", MakeError(Code::kUnavailable, kReasonUnavailable, "not now"));
  const absl::Status status = List(query).status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_TRUE(RetryDelay(status).has_value());
}

TEST_F(ObjectsTest, KeysThatNobodyCanNameAreLeftOut) {
  Put({"a", "b\xff", "b\xff/1", "c"});
  EXPECT_THAT(NamesOf(Query("", "/")), ElementsAre("a", "c"));
}

TEST_F(ObjectsTest, PageThatIsTooLargeForAMessageIsCut) {
  backend_.set_lists_complete(true);
  std::vector<std::string> keys;
  for (int i = 1000; i < 2000; ++i) {
    keys.push_back(absl::StrCat(i));
    backend_.Put(keys.back(), "", {{"name", std::string(8000, 'v')}});
  }
  EXPECT_LT(List(Query())->objects.size(), 500u);
  EXPECT_EQ(NamesOf(Query()), keys);
}

TEST_F(ObjectsTest, DeletesManyAndNamesThoseThatStay) {
  Put({"a", "b", "refused"});
  const absl::StatusOr<std::vector<absl::Status>> outcomes = DeleteMany({"a", "refused", "", "b"});
  ASSERT_EQ(outcomes->size(), 4u);
  EXPECT_EQ(outcomes->at(0), absl::OkStatus());
  EXPECT_EQ(ErrorReason(outcomes->at(1)), "KEY_NOT_ALLOWED");
  EXPECT_EQ(ErrorReason(outcomes->at(2)), "BAD_KEY");
  EXPECT_EQ(outcomes->at(3), absl::OkStatus());
  EXPECT_THAT(backend_.keys(), ElementsAre("refused"));
  EXPECT_EQ(ErrorReason(DeleteMany({"refused"})->at(0)), "KEY_NOT_ALLOWED");
  EXPECT_EQ(backend_.calls("delete_many"), 1);
}

TEST_F(ObjectsTest, DeleteManyChecksTheRequest) {
  EXPECT_EQ(ErrorReason(DeleteMany({}).status()), "BAD_KEY_COUNT");
  EXPECT_EQ(ErrorReason(DeleteMany(std::vector<std::string>(1001, "a")).status()), "BAD_KEY_COUNT");
  EXPECT_EQ(ErrorReason(DeleteMany({"a"}, "").status()), "BAD_BUCKET");
  Configure({{"buckets", "media"}});
  EXPECT_EQ(ErrorReason(DeleteMany({"a"}).status()), "BUCKET_NOT_ALLOWED");
}

TEST_F(ObjectsTest, CopiesWithinARemote) {
  Put({"a"});
  EXPECT_EQ(Copy(At("a"), At("b"))->metadata.at("name"), "of a");
  ObjectAttributes attributes;
  attributes.metadata = {{"other", "value"}};
  EXPECT_EQ(Copy(At("a"), At("b"), attributes)->metadata, attributes.metadata);
  EXPECT_EQ(ErrorReason(Copy(At("a"), At("b"), {}, "etag-x").status()), kReasonObjectChanged);
  EXPECT_EQ(ErrorReason(Copy(At("a"), {"second", {"bucket", "b"}}).status()), "REMOTES_DIFFER");
  EXPECT_EQ(ErrorReason(Copy(At("a"), {"nowhere", {"bucket", "b"}}).status()), "UNKNOWN_REMOTE");
  EXPECT_EQ(ErrorReason(Copy(At("refused"), At("b")).status()), "KEY_NOT_ALLOWED");
  EXPECT_EQ(ErrorReason(Copy(At("a"), At("refused")).status()), "KEY_NOT_ALLOWED");
  attributes.metadata = {{"Bad Name", ""}};
  EXPECT_EQ(ErrorReason(Copy(At("a"), At("b"), attributes).status()), "BAD_METADATA");
}

TEST_F(ObjectsTest, ReplacesMetadata) {
  Put({"a"});
  const auto set = [&](const ObjectAttributes& attributes, const std::string& if_match) {
    return Await<ObjectStat>([&](auto done) {
      objects_->SetAttributes(At("a"), if_match, attributes, std::move(done));
    });
  };
  ObjectAttributes attributes;
  attributes.content_type = "text/plain";
  EXPECT_EQ(set(attributes, "")->content_type, "text/plain");
  EXPECT_THAT(Stat(At("a"))->metadata, IsEmpty());
  EXPECT_EQ(ErrorReason(set(attributes, "etag-x").status()), kReasonObjectChanged);
  attributes.content_type = "a\nb";
  EXPECT_EQ(ErrorReason(set(attributes, "").status()), "BAD_HEADER_VALUE");
}

TEST_F(ObjectsTest, BucketsAreTheConfiguredOnesOrTheBackends) {
  const absl::StatusOr<std::vector<ListedBucket>> seen = Buckets();
  ASSERT_EQ(seen->size(), 2u);  // without the one that no request can name
  EXPECT_EQ(seen->at(0).name, "bucket");
  EXPECT_EQ(seen->at(0).region, "here");
  Configure({{"buckets", "media,backups,media"}});
  const absl::StatusOr<std::vector<ListedBucket>> configured = Buckets();
  ASSERT_EQ(configured->size(), 2u);
  EXPECT_EQ(configured->at(0).name, "backups");
  EXPECT_EQ(configured->at(1).name, "media");
  EXPECT_EQ(backend_.calls("list_buckets"), 1);
}

TEST_F(ObjectsTest, StoppedItRefusesAllAndEndsReads) {
  Put({"a"});
  const auto sink = std::make_shared<FakeSink>(false);
  const auto reader = objects_->Read({At("a"), 0, std::nullopt, ""}, sink).value();
  sink->Serve(reader);
  reader->Begin();
  const auto never_begun = std::make_shared<FakeSink>();
  const auto late = objects_->Read({At("a"), 0, std::nullopt, ""}, never_begun).value();
  sink->AwaitMessage();
  objects_->Stop();
  sink->TakeAll();
  EXPECT_EQ(sink->Await(), absl::OkStatus());  // all of it had been read
  late->Begin();
  EXPECT_EQ(ErrorReason(never_begun->Await()), "DRAINING");
  EXPECT_EQ(ErrorReason(Stat(At("a")).status()), "DRAINING");
  EXPECT_EQ(ReasonOf(Query()), "DRAINING");
  EXPECT_EQ(ErrorReason(objects_->Read({At("a"), 0, std::nullopt, ""}, sink).status()), "DRAINING");
  EXPECT_TRUE(RetryDelay(Buckets().status()).has_value());
}

TEST_F(ObjectsTest, ReadChecksTheRequest) {
  const auto reason = [&](const ReadQuery& query) {
    return ErrorReason(objects_->Read(query, std::make_shared<FakeSink>()).status());
  };
  EXPECT_EQ(reason({At("a"), 0, -1, ""}), "BAD_LENGTH");
  EXPECT_EQ(reason({At("refused"), 0, 1, ""}), "KEY_NOT_ALLOWED");
  EXPECT_EQ(reason({{"nowhere", {"bucket", "a"}}, 0, 1, ""}), "UNKNOWN_REMOTE");
}

// The destructor waits for what was asked of the backend.
TEST_F(ObjectsTest, AnswersComeBeforeItIsGone) {
  Put({"a"});
  backend_.Hold("stat");
  Notification answered;
  objects_->Stat(At("a"), [&](const absl::StatusOr<ObjectStat>& stat) {
    EXPECT_TRUE(stat.ok());
    answered.Notify();
  });
  backend_.AwaitHeld("stat");
  executor_->Post([this] { backend_.Release("stat"); });
  objects_.reset();
  EXPECT_TRUE(answered.HasBeenNotified());
}

}  // namespace
}  // namespace penstock
