// What is made of objects that are there: copies, the same with other attributes, nothing.

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/conformance/backend_suite.h"

namespace penstock {
namespace {

using testing::IsEmpty;

// One of everything that Stat tells of again.
ObjectAttributes SomeAttributes(const std::string& text) {
  ObjectAttributes attributes;
  attributes.content_type = "text/x-" + text;
  attributes.cache_control = "max-age=60, " + text;
  attributes.content_disposition = "attachment; filename=\"" + text + "\"";
  attributes.content_encoding = "x-" + text;
  attributes.metadata = {
      {"all", text}, {"fish", "\xe9\xb1\xbc = \"100 %\"\r\n"}, {"of-" + text, ""}};
  return attributes;
}

void ExpectAttributes(const ObjectStat& stat, const ObjectAttributes& attributes) {
  EXPECT_EQ(stat.content_type, attributes.content_type);
  EXPECT_EQ(stat.cache_control, attributes.cache_control);
  EXPECT_EQ(stat.content_disposition, attributes.content_disposition);
  EXPECT_EQ(stat.content_encoding, attributes.content_encoding);
  EXPECT_EQ(stat.metadata, attributes.metadata);
}

// What a change answers must be what Stat tells then.
void ExpectSameAnswer(const ObjectStat& answer, const ObjectStat& stat) {
  EXPECT_EQ(answer.size, stat.size);
  EXPECT_EQ(answer.etag, stat.etag);
  EXPECT_EQ(answer.version_id, stat.version_id);
  EXPECT_EQ(answer.crc64, stat.crc64);
  EXPECT_EQ(answer.update_time, stat.update_time);
  EXPECT_EQ(answer.content_type, stat.content_type);
  EXPECT_EQ(answer.metadata, stat.metadata);
  EXPECT_EQ(answer.storage_class, stat.storage_class);
  EXPECT_EQ(answer.mark, stat.mark);
}

}  // namespace

TEST_P(BackendConformanceTest, DeleteManyRemovesThoseAndTellsTheOutcomeOfEach) {
  std::vector<std::string> keys;
  for (const std::string& key : OddKeys()) {
    if (!backend().CheckObject(Name(key), {}).ok()) continue;
    keys.push_back(Name(key).key);
    const bool is_there = keys.size() % 3 != 0;
    ASSERT_TRUE(!is_there || Put(Name(key), "x").ok());
  }
  const ObjectName kept = Name("kept");
  ASSERT_TRUE(Put(kept, "kept").ok());
  for (const char* time : {"first", "second"}) {
    const absl::StatusOr<std::vector<absl::Status>> outcomes = DeleteMany(harness_->bucket(), keys);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(outcomes.status());
    ASSERT_TRUE(outcomes.ok()) << time << " " << outcomes.status();
    ASSERT_EQ(outcomes->size(), keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      EXPECT_TRUE((*outcomes)[i].ok()) << testing::PrintToString(keys[i]) << (*outcomes)[i];
      EXPECT_EQ(ErrorReason(Stat({harness_->bucket(), keys[i]}).status()), kReasonNoSuchObject);
    }
  }
  ExpectObject(kept, "kept");
}

TEST_P(BackendConformanceTest, DeleteManyTakesOneAndAThousand) {
  const ObjectName object = Name("many/500");
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    keys.push_back(harness_->key_prefix() + "many/" + std::to_string(i));
  }
  for (const auto& some : {std::vector<std::string>{object.key}, keys}) {
    ASSERT_TRUE(Put(object, "x").ok());
    const absl::StatusOr<std::vector<absl::Status>> outcomes = DeleteMany(harness_->bucket(), some);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(outcomes.status());
    ASSERT_TRUE(outcomes.ok()) << outcomes.status();
    EXPECT_EQ(outcomes->size(), some.size());
    EXPECT_EQ(std::count(outcomes->begin(), outcomes->end(), absl::OkStatus()), std::ssize(some));
    EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonNoSuchObject);
  }
}

TEST_P(BackendConformanceTest, NothingIsDeletedFromAMissingBucket) {
  const ObjectName missing = {harness_->missing_bucket(), "key"};
  EXPECT_EQ(ErrorReason(Delete(missing)), kReasonNoSuchBucket);
  const absl::Status told = DeleteMany(missing.bucket, {missing.key}).status();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(told);
  EXPECT_EQ(ErrorReason(told), kReasonNoSuchBucket) << told;
}

TEST_P(BackendConformanceTest, CopyHasBytesAttributesAndMarkOfItsSource) {
  const ObjectName source = Name("source"), target = Name("deep/target");
  ObjectAttributes attributes = SomeAttributes("source");
  attributes.storage_class = "IA";
  ASSERT_TRUE(Put(source, "content", attributes).ok());
  const absl::StatusOr<ObjectStat> copied = Copy(source, target);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(copied.status());
  ASSERT_TRUE(copied.ok()) << copied.status();
  ExpectObject(target, "content", &*copied);
  ExpectObject(source, "content");
  const ObjectStat stat = Stat(target).value();
  ExpectAttributes(stat, attributes);
  EXPECT_EQ(stat.storage_class, "IA");
  ExpectSameAnswer(*copied, stat);
  // It is an object of its own.
  ASSERT_TRUE(Delete(source).ok());
  ExpectObject(target, "content");
}

TEST_P(BackendConformanceTest, CopyWithAttributesHasThoseInstead) {
  const ObjectName source = Name("source"), target = Name("target");
  ASSERT_TRUE(Put(source, "content", SomeAttributes("source")).ok());
  ObjectAttributes few;
  few.content_type = "text/plain";
  for (const ObjectAttributes& attributes : {SomeAttributes("target"), few}) {
    const absl::StatusOr<ObjectStat> copied = Copy(source, target, "", attributes);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(copied.status());
    ASSERT_TRUE(copied.ok()) << copied.status();
    ExpectObject(target, "content", &*copied);
    ExpectAttributes(Stat(target).value(), attributes);
    ExpectSameAnswer(*copied, Stat(target).value());
  }
  ExpectAttributes(Stat(source).value(), SomeAttributes("source"));
}

TEST_P(BackendConformanceTest, CopyReplacesWhatIsThere) {
  const ObjectName source = Name("source"), target = Name("target");
  ASSERT_TRUE(Put(source, "content").ok());
  ASSERT_TRUE(Put(target, "a longer one", SomeAttributes("target")).ok());
  const absl::StatusOr<ObjectStat> copied = Copy(source, target);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(copied.status());
  ASSERT_TRUE(copied.ok()) << copied.status();
  ExpectObject(target, "content");
  EXPECT_THAT(Stat(target).value().metadata, IsEmpty());
  EXPECT_TRUE(Copy(source, target).ok()) << "again";
  ExpectObject(target, "content");
}

TEST_P(BackendConformanceTest, CopyOntoItselfKeepsBytesAndMark) {
  const ObjectName object = Name("object");
  ASSERT_TRUE(Put(object, "content", SomeAttributes("old")).ok());
  const absl::StatusOr<ObjectStat> same = Copy(object, object);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(same.status());
  ASSERT_TRUE(same.ok()) << same.status();
  ExpectObject(object, "content", &*same);
  ExpectAttributes(Stat(object).value(), SomeAttributes("old"));
  const absl::StatusOr<ObjectStat> other =
      Copy(object, object, Stat(object)->etag, SomeAttributes("new"));
  ASSERT_TRUE(other.ok()) << other.status();
  ExpectObject(object, "content", &*other);
  ExpectAttributes(Stat(object).value(), SomeAttributes("new"));
}

TEST_P(BackendConformanceTest, CopyTakesObjectsOfAnyKindAndName) {
  const ObjectName empty = Name("empty"), parts = Name("parts"), target = Name("target");
  ASSERT_TRUE(Put(empty, "").ok());
  const absl::StatusOr<ObjectStat> copied = Copy(empty, target);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(copied.status());
  ExpectObject(target, "", &*copied);

  const std::string one = PartBytes("one"), two = PartBytes("two");
  const std::string id = Initiate(parts, SomeAttributes("parts")).value();
  ASSERT_TRUE(Complete(parts, id, UploadAll(parts, id, {{1, one}, {3, two}})).ok());
  ASSERT_TRUE(Copy(parts, target).ok());
  ExpectObject(target, one + two);
  ExpectAttributes(Stat(target).value(), SomeAttributes("parts"));

  for (const std::string& key : OddKeys()) {
    const ObjectName odd = Name(key), other = Name("to " + key);
    if (!backend().CheckObject(odd, {}).ok()) continue;
    SCOPED_TRACE(testing::PrintToString(key));
    ASSERT_TRUE(Put(odd, "content of " + key).ok());
    const absl::Status told = Copy(odd, other).status();
    EXPECT_TRUE(told.ok()) << told;
    ExpectObject(other, "content of " + key);
  }
}

TEST_P(BackendConformanceTest, CopyOfNothingIsNoSuchObjectAndChangesNothing) {
  const ObjectName nothing = Name("nothing"), target = Name("target");
  ASSERT_TRUE(Put(target, "old").ok());
  const absl::Status told = Copy(nothing, target).status();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(told);
  EXPECT_EQ(ErrorReason(told), kReasonNoSuchObject) << told;
  EXPECT_EQ(ErrorReason(Copy(nothing, nothing).status()), kReasonNoSuchObject);
  ExpectObject(target, "old");
  const ObjectName missing = {harness_->missing_bucket(), "key"};
  EXPECT_EQ(ErrorReason(Copy(missing, target).status()), kReasonNoSuchBucket);
  EXPECT_EQ(ErrorReason(Copy(target, missing).status()), kReasonNoSuchBucket);
  ExpectObject(target, "old");
}

TEST_P(BackendConformanceTest, CopyIfMatchCopiesThatObjectOnly) {
  const ObjectName source = Name("source"), target = Name("target");
  const std::string old_etag = Put(source, "old").value().etag;
  ASSERT_TRUE(Put(source, "new").ok());
  ASSERT_TRUE(Put(target, "target").ok());
  const absl::Status refused = Copy(source, target, old_etag).status();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(refused);
  EXPECT_EQ(ErrorReason(refused), kReasonObjectChanged) << refused;
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_EQ(ErrorReason(Copy(source, source, old_etag).status()), kReasonObjectChanged);
  ExpectObject(target, "target");
  const absl::Status copied = Copy(source, target, Stat(source)->etag).status();
  EXPECT_TRUE(copied.ok()) << copied;
  ExpectObject(target, "new");
}

TEST_P(BackendConformanceTest, SetAttributesKeepsBytesAndMarkAndReplacesTheRest) {
  const ObjectName put = Name("put"), parts = Name("parts"), empty = Name("empty");
  ObjectAttributes before = SomeAttributes("before");
  before.storage_class = "IA";
  ASSERT_TRUE(Put(put, "content", before).ok());
  ASSERT_TRUE(Put(empty, "", before).ok());
  const std::string one = PartBytes("one");
  const std::string id = Initiate(parts, before).value();
  ASSERT_TRUE(Complete(parts, id, UploadAll(parts, id, {{1, one}, {2, "two"}}), before).ok());
  ObjectAttributes few;
  few.content_type = "text/plain";
  for (const ObjectAttributes& attributes : {SomeAttributes("after"), few}) {
    for (const auto& [object, bytes] :
         {std::pair(put, std::string("content")), {empty, ""}, {parts, one + "two"}}) {
      SCOPED_TRACE(object.key);
      const ObjectStat old = Stat(object).value();
      const absl::StatusOr<ObjectStat> set = SetAttributes(object, attributes);
      PENSTOCK_SKIP_IF_NOT_SUPPORTED(set.status());
      ASSERT_TRUE(set.ok()) << set.status();
      ExpectObject(object, bytes, &*set);
      const ObjectStat stat = Stat(object).value();
      ExpectAttributes(stat, attributes);
      ExpectSameAnswer(*set, stat);
      EXPECT_GE(stat.update_time, old.update_time);
      EXPECT_EQ(stat.storage_class, "IA") << "none was named";
    }
  }
}

TEST_P(BackendConformanceTest, ObjectIsPutAnewAfterSetAttributes) {
  const ObjectName object = Name("object");
  ASSERT_TRUE(Put(object, "old").ok());
  const absl::Status set = SetAttributes(object, SomeAttributes("old")).status();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(set);
  ASSERT_TRUE(Put(object, "new").ok());
  ExpectObject(object, "new");
  EXPECT_THAT(Stat(object).value().metadata, IsEmpty());
  ASSERT_TRUE(SetAttributes(object, SomeAttributes("new")).ok());
  ASSERT_TRUE(Delete(object).ok());
  EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonNoSuchObject);
}

TEST_P(BackendConformanceTest, SetAttributesIfMatchChangesThatObjectOnly) {
  const ObjectName object = Name("object");
  const std::string old_etag = Put(object, "old").value().etag;
  ASSERT_TRUE(Put(object, "new").ok());
  const absl::Status refused = SetAttributes(object, SomeAttributes("x"), old_etag).status();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(refused);
  EXPECT_EQ(ErrorReason(refused), kReasonObjectChanged) << refused;
  EXPECT_THAT(Stat(object)->metadata, IsEmpty());
  const absl::Status set = SetAttributes(object, SomeAttributes("x"), Stat(object)->etag).status();
  EXPECT_TRUE(set.ok()) << set;
  ExpectObject(object, "new");
  ExpectAttributes(Stat(object).value(), SomeAttributes("x"));
}

TEST_P(BackendConformanceTest, SetAttributesOfNothingIsNoSuchObject) {
  const absl::Status told = SetAttributes(Name("nothing"), SomeAttributes("x")).status();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(told);
  EXPECT_EQ(ErrorReason(told), kReasonNoSuchObject) << told;
  const absl::Status missing =
      SetAttributes({harness_->missing_bucket(), "key"}, SomeAttributes("x")).status();
  EXPECT_EQ(ErrorReason(missing), kReasonNoSuchBucket) << missing;
}

}  // namespace penstock
