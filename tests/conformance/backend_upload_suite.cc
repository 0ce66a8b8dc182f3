// Multipart uploads.

#include <algorithm>
#include <set>

#include "base/checksum.h"
#include "base/error.h"
#include "tests/conformance/backend_suite.h"

namespace penstock {

using testing_support::Pending;

TEST_P(BackendConformanceTest, CompletePublishesPartsInOrderOfNumber) {
  const ObjectName object = Name("ordered");
  const std::string id = Initiate(object).value();
  const std::string one = PartBytes("one"), two = PartBytes("two"), last = "3";
  const auto parts = UploadAll(object, id, {{3, last}, {1, one}, {2, two}});
  const auto published = Complete(object, id, {parts[1], parts[2], parts[0]});
  ASSERT_TRUE(published.ok()) << published.status();
  ExpectObject(object, one + two + last, &*published);
}

TEST_P(BackendConformanceTest, NumbersMayHaveGapsUpToTheHighest) {
  const ObjectName object = Name("gaps");
  const std::string id = Initiate(object).value();
  const std::string one = PartBytes("a"), two = PartBytes("b"), last = "c";
  const auto parts =
      UploadAll(object, id, {{2, one}, {777, two}, {capabilities().max_part_count, last}});
  const auto published = Complete(object, id, parts);
  ASSERT_TRUE(published.ok()) << published.status();
  ExpectObject(object, one + two + last, &*published);
}

TEST_P(BackendConformanceTest, PartsNeedNotBeEqualInSize) {
  const ObjectName object = Name("sizes");
  const std::string id = Initiate(object).value();
  std::string whole;
  std::vector<Part> parts;
  for (int32_t number = 1; number <= 4; ++number) {
    parts.push_back({number, PartBytes("") + std::string(number * 1000, 'a' + number)});
    whole += parts.back().bytes;
  }
  parts.push_back({5, "z"});
  const auto published = Complete(object, id, UploadAll(object, id, parts));
  ASSERT_TRUE(published.ok()) << published.status();
  ExpectObject(object, whole + "z", &*published);
}

TEST_P(BackendConformanceTest, SmallestPartsAndAnyLastOne) {
  const auto edge = static_cast<size_t>(capabilities().min_part_size);
  for (const size_t last : {size_t{1}, std::max<size_t>(edge - 1, 1), edge, edge + 1}) {
    SCOPED_TRACE(last);
    const ObjectName object = Name("edges");
    const std::string id = Initiate(object).value();
    const std::string one(edge, '1'), two(edge + 1, '2'), three(last, '3');
    const auto published =
        Complete(object, id, UploadAll(object, id, {{1, one}, {2, two}, {3, three}}));
    ASSERT_TRUE(published.ok()) << published.status();
    ExpectObject(object, one + two + three, &*published);
  }
}

TEST_P(BackendConformanceTest, PartTooSmallToGoOnIsRejectedAndTheUploadStays) {
  if (capabilities().min_part_size <= 1) GTEST_SKIP() << "parts may have any size";
  const ObjectName object = Name("small");
  const std::string id = Initiate(object).value();
  const std::string small(static_cast<size_t>(capabilities().min_part_size) - 1, 's');
  const auto parts = UploadAll(object, id, {{1, small}, {2, "last"}});
  const absl::Status refused = Complete(object, id, parts).status();
  EXPECT_EQ(ErrorReason(refused), kReasonRejected) << refused;
  EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonNoSuchObject);
  ASSERT_TRUE(Complete(object, id, {parts[0]}).ok()) << "as the last one it may be small";
  ExpectObject(object, small);
}

TEST_P(BackendConformanceTest, NumbersBeyondTheLimitsAreRejected) {
  const ObjectName object = Name("numbers");
  const std::string id = Initiate(object).value();
  for (const int32_t number : {-1, 0, capabilities().max_part_count + 1}) {
    const absl::Status refused = Upload(object, id, number, "x").status();
    EXPECT_EQ(ErrorReason(refused), kReasonRejected) << refused;
    EXPECT_TRUE(absl::IsInvalidArgument(refused));
  }
  EXPECT_TRUE(ListParts(object, id).value().empty());
}

TEST_P(BackendConformanceTest, CompleteDropsPartsThatAreNotListed) {
  const ObjectName object = Name("unlisted");
  const std::string id = Initiate(object).value();
  const std::string one = PartBytes("1"), three = PartBytes("3");
  const auto parts = UploadAll(object, id, {{1, one}, {2, PartBytes("2")}, {3, three}, {4, "4"}});
  ASSERT_TRUE(Complete(object, id, {parts[0], parts[2]}).ok());
  ExpectObject(object, one + three);
  EXPECT_EQ(ErrorReason(ListParts(object, id).status()), kReasonNoSuchUpload);
}

TEST_P(BackendConformanceTest, SecondCompleteFindsNoUpload) {
  const ObjectName object = Name("twice");
  const std::string id = Initiate(object).value();
  const auto parts = UploadAll(object, id, {{1, "content"}});
  ASSERT_TRUE(Complete(object, id, parts).ok());
  const absl::Status again = Complete(object, id, parts).status();
  EXPECT_EQ(ErrorReason(again), kReasonNoSuchUpload) << again;
  EXPECT_TRUE(absl::IsNotFound(again));
  ExpectObject(object, "content");
}

TEST_P(BackendConformanceTest, RepeatedPartChangesNothing) {
  const ObjectName object = Name("repeated");
  const std::string id = Initiate(object).value();
  const std::string etag = Upload(object, id, 1, "content").value();
  EXPECT_EQ(Upload(object, id, 1, "content").value(), etag);
  ASSERT_TRUE(Complete(object, id, {{1, etag}}).ok());
  ExpectObject(object, "content");
}

TEST_P(BackendConformanceTest, InvalidPartLeavesTheUpload) {
  const ObjectName object = Name("invalid");
  const std::string id = Initiate(object).value();
  const std::string old = Upload(object, id, 1, PartBytes("old")).value();
  const std::string now = Upload(object, id, 1, PartBytes("new")).value();
  ASSERT_NE(old, now);
  for (const std::vector<PartReference>& wrong :
       {std::vector<PartReference>{{1, old}}, {{1, now}, {2, now}}, {{2, now}}}) {
    const absl::Status refused = Complete(object, id, wrong).status();
    EXPECT_EQ(ErrorReason(refused), kReasonInvalidPart) << refused;
    EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  }
  EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonNoSuchObject);
  ASSERT_TRUE(Complete(object, id, {{1, now}}).ok());
  ExpectObject(object, PartBytes("new"));
}

TEST_P(BackendConformanceTest, OldObjectStaysUntilComplete) {
  const ObjectName object = Name("replaced");
  ASSERT_TRUE(Put(object, "the old content").ok());
  const std::string id = Initiate(object).value();
  const auto parts = UploadAll(object, id, {{1, "new"}});
  ExpectObject(object, "the old content");
  ASSERT_TRUE(Complete(object, id, parts).ok());
  ExpectObject(object, "new");
}

TEST_P(BackendConformanceTest, AttributesAreFixedAtInitiate) {
  const ObjectName object = Name("attributes");
  ObjectAttributes attributes;
  attributes.content_type = "text/x-fish";
  attributes.metadata = {{"fish", "\xe9\xb1\xbc"}, {"empty", ""}};
  const std::string id = Initiate(object, attributes).value();
  ASSERT_TRUE(Complete(object, id, UploadAll(object, id, {{1, "x"}})).ok());
  ExpectObject(object, "x");
  const ObjectStat stat = Stat(object).value();
  EXPECT_EQ(stat.content_type, attributes.content_type);
  EXPECT_EQ(stat.metadata, attributes.metadata);
}

TEST_P(BackendConformanceTest, ForbidOverwriteKeepsWhatIsThereAtComplete) {
  if (!capabilities().forbids_overwrite_atomically) GTEST_SKIP() << "not offered";
  const ObjectName object = Name("forbidden");
  ObjectAttributes forbidding;
  forbidding.forbid_overwrite = true;
  const std::string id = Initiate(object, forbidding).value();
  const auto parts = UploadAll(object, id, {{1, "mine"}});
  ASSERT_TRUE(Put(object, "theirs").ok());
  const absl::Status refused = Complete(object, id, parts, forbidding).status();
  EXPECT_EQ(ErrorReason(refused), kReasonObjectExists) << refused;
  EXPECT_TRUE(absl::IsAlreadyExists(refused));
  ExpectObject(object, "theirs");
  EXPECT_EQ(ErrorReason(Initiate(object, forbidding).status()), kReasonObjectExists);
  ASSERT_TRUE(Delete(object).ok());
  EXPECT_TRUE(Complete(object, id, parts, forbidding).ok()) << "the upload stays";
  ExpectObject(object, "mine");
}

TEST_P(BackendConformanceTest, AbortDiscardsAndMayBeRepeated) {
  const ObjectName object = Name("aborted");
  const std::string id = Initiate(object).value();
  const auto parts = UploadAll(object, id, {{1, "x"}});
  EXPECT_TRUE(Abort(object, id).ok());
  EXPECT_TRUE(Abort(object, id).ok());
  EXPECT_EQ(ErrorReason(Upload(object, id, 2, "y").status()), kReasonNoSuchUpload);
  EXPECT_EQ(ErrorReason(Complete(object, id, parts).status()), kReasonNoSuchUpload);
  EXPECT_EQ(ErrorReason(ListParts(object, id).status()), kReasonNoSuchUpload);
  EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonNoSuchObject);
}

TEST_P(BackendConformanceTest, AbortAfterCompleteKeepsTheObject) {
  const ObjectName object = Name("completed");
  const std::string id = Initiate(object).value();
  ASSERT_TRUE(Complete(object, id, UploadAll(object, id, {{1, "x"}})).ok());
  EXPECT_TRUE(Abort(object, id).ok());
  ExpectObject(object, "x");
}

TEST_P(BackendConformanceTest, UploadsOfOneKeyAreApart) {
  const ObjectName object = Name("shared");
  const std::string one = Initiate(object).value(), two = Initiate(object).value();
  ASSERT_NE(one, two);
  const auto parts = UploadAll(object, one, {{1, "first"}});
  EXPECT_EQ(ErrorReason(Complete(object, two, parts).status()), kReasonInvalidPart);
  EXPECT_TRUE(Abort(object, two).ok());
  EXPECT_TRUE(Complete(object, one, parts).ok());
  ExpectObject(object, "first");
}

TEST_P(BackendConformanceTest, UploadIdsThatNeverWereAreNoUploads) {
  const ObjectName object = Name("nothing");
  for (const std::string id :
       {"0004B9895DBBB6EC98E36", "../../conformance", "a/b", "%2e%2e", "x"}) {
    EXPECT_EQ(ErrorReason(Upload(object, id, 1, "x").status()), kReasonNoSuchUpload) << id;
    EXPECT_EQ(ErrorReason(Complete(object, id, {{1, "\"e\""}}).status()), kReasonNoSuchUpload);
    EXPECT_EQ(ErrorReason(ListParts(object, id).status()), kReasonNoSuchUpload) << id;
    EXPECT_TRUE(Abort(object, id).ok()) << id;
  }
}

TEST_P(BackendConformanceTest, UploadIdsBelongToTheirKey) {
  const std::string id = Initiate(Name("one")).value();
  EXPECT_EQ(ErrorReason(Upload(Name("other"), id, 1, "x").status()), kReasonNoSuchUpload);
  EXPECT_TRUE(Upload(Name("one"), id, 1, "x").ok());
}

TEST_P(BackendConformanceTest, ListPartsTellsAllByNumber) {
  const ObjectName object = Name("listed");
  const std::string id = Initiate(object).value();
  EXPECT_TRUE(ListParts(object, id).value().empty());
  const auto uploaded = UploadAll(object, id, {{10, "ten"}, {2, "second"}, {9, "nine"}});
  const std::vector<ListedPart> listed = ListParts(object, id).value();
  ASSERT_EQ(listed.size(), 3u);
  EXPECT_EQ(listed[0].number, 2);
  EXPECT_EQ(listed[1].number, 9);
  EXPECT_EQ(listed[2].number, 10);
  EXPECT_EQ(listed[0].size, 6);
  EXPECT_EQ(listed[0].etag, uploaded[1].etag);
  if (capabilities().reports_crc64) {
    EXPECT_EQ(listed[0].crc64, Crc64("second"));
  }
}

TEST_P(BackendConformanceTest, ListPartsTellsMoreThanAPageHas) {
  if (harness_->parts_per_page() == 0) GTEST_SKIP() << "lists have no pages";
  const int32_t count = harness_->parts_per_page() + 1;
  constexpr int32_t kAtOnce = 16;
  const ObjectName object = Name("pages");
  const std::string id = Initiate(object).value();
  for (int32_t first = 1; first <= count; first += kAtOnce) {
    std::vector<Pending<std::string>> uploads;
    for (int32_t number = first; number < std::min(first + kAtOnce, count + 1); ++number) {
      uploads.emplace_back([&](auto done) {
        backend().UploadPart(object, id, number, MakeBuffer("x"), std::move(done));
      });
    }
    for (Pending<std::string>& upload : uploads) ASSERT_TRUE(upload.Get().ok());
  }
  const std::vector<ListedPart> listed = ListParts(object, id).value();
  ASSERT_EQ(listed.size(), static_cast<size_t>(count));
  for (int32_t number = 1; number <= count; ++number) {
    EXPECT_EQ(listed[number - 1].number, number);
  }
}

TEST_P(BackendConformanceTest, ListUploadsTellsThoseOfAPrefixPageByPage) {
  std::set<std::pair<std::string, std::string>> begun;
  for (const std::string key : {"in/b", "in/a", "in/a/c", "in/b", "in/ \x01+%\xe9\xb1\xbc"}) {
    if (!backend().CheckObject(Name(key), {}).ok()) continue;
    begun.emplace(Name(key).key, Initiate(Name(key)).value());
  }
  const std::string ended = Initiate(Name("in/ended")).value();
  ASSERT_TRUE(Initiate(Name("out")).ok());
  ASSERT_TRUE(Abort(Name("in/ended"), ended).ok());
  std::set<std::pair<std::string, std::string>> listed;
  std::string page;
  do {
    const absl::StatusOr<ListedUploads> answer =
        ListUploads(harness_->bucket(), Name("in/").key, page);
    ASSERT_TRUE(answer.ok()) << answer.status();
    for (const ListedUpload& upload : answer->uploads) {
      EXPECT_TRUE(listed.emplace(upload.key, upload.upload_id).second) << "told twice";
      EXPECT_GT(upload.initiate_time, absl::UnixEpoch());
    }
    page = answer->next_page;
  } while (!page.empty());
  EXPECT_EQ(listed, begun);
}

TEST_P(BackendConformanceTest, MissingBucketIsTold) {
  const ObjectName object{harness_->missing_bucket(), "key"};
  const absl::Status initiated = Initiate(object).status();
  EXPECT_EQ(ErrorReason(initiated), kReasonNoSuchBucket) << initiated;
  EXPECT_TRUE(absl::IsNotFound(initiated));
  EXPECT_EQ(ErrorReason(Put(object, "x").status()), kReasonNoSuchBucket);
  EXPECT_TRUE(absl::IsNotFound(Stat(object).status()));
}

TEST_P(BackendConformanceTest, PartsMayGoAtTheSameTime) {
  constexpr int32_t kParts = 16;
  const ObjectName object = Name("parallel");
  const std::string id = Initiate(object).value();
  std::string whole;
  std::vector<Pending<std::string>> uploads;
  for (int32_t number = 1; number <= kParts; ++number) {
    const std::string bytes = PartBytes(std::string(1000 + number, 'a' + number));
    whole += bytes;
    uploads.emplace_back([&](auto done) {
      backend().UploadPart(object, id, number, MakeBuffer(bytes), std::move(done));
    });
  }
  std::vector<PartReference> parts;
  for (int32_t number = 1; number <= kParts; ++number) {
    const absl::StatusOr<std::string> etag = uploads[number - 1].Get();
    ASSERT_TRUE(etag.ok()) << etag.status();
    parts.push_back({number, *etag});
  }
  ASSERT_TRUE(Complete(object, id, parts).ok());
  ExpectObject(object, whole);
}

}  // namespace penstock
