// Names, small objects and what is told of objects.

#include "base/checksum.h"
#include "base/error.h"
#include "plugin/object_rules.h"
#include "tests/conformance/backend_suite.h"

namespace penstock {

using testing_support::Pending;

TEST_P(BackendConformanceTest, CheckObjectTakesGoodNames) {
  EXPECT_TRUE(backend().CheckObject(Name("a/b.txt"), {}).ok());
  EXPECT_TRUE(backend().CheckObject({harness_->missing_bucket(), "a"}, {}).ok());
}

TEST_P(BackendConformanceTest, CheckObjectRefusesBadNames) {
  const ObjectName bad[] = {{"", "key"},      {"../x", "key"},
                            {"UPPER", "key"}, {".penstock", "key"},
                            Name(""),         Name(std::string("a\0b", 3)),
                            Name("\xff"),     Name(std::string(1024, 'k'))};
  for (const ObjectName& object : bad) {
    const absl::Status refused = backend().CheckObject(object, {});
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << object.bucket << " " << object.key;
    EXPECT_FALSE(ErrorReason(refused).empty());
  }
}

TEST_P(BackendConformanceTest, CheckObjectRefusesBadAttributes) {
  ObjectAttributes control, mark, name, value, option;
  control.content_type = "a\r\nx-evil: 1";
  mark.metadata = {{kMarkMetadataName, "x"}};
  name.metadata = {{"Upper", "x"}};
  value.metadata = {{"a", "\n"}};
  option.options = {{"no-such-option", "x"}};
  for (const ObjectAttributes& bad : {control, mark, name, value, option}) {
    EXPECT_TRUE(absl::IsInvalidArgument(backend().CheckObject(Name("key"), bad)));
  }
}

TEST_P(BackendConformanceTest, ForbidOverwriteIsRefusedWhereItIsNoPromise) {
  ObjectAttributes forbidding;
  forbidding.forbid_overwrite = true;
  const absl::Status checked = backend().CheckObject(Name("key"), forbidding);
  if (capabilities().forbids_overwrite_atomically) {
    EXPECT_TRUE(checked.ok()) << checked;
  } else {
    EXPECT_EQ(ErrorReason(checked), "CONDITION_UNSUPPORTED") << checked;
  }
}

TEST_P(BackendConformanceTest, CapabilitiesMakeSense) {
  EXPECT_GE(capabilities().min_part_size, 0);
  EXPECT_GT(capabilities().max_part_size, capabilities().min_part_size);
  EXPECT_GT(capabilities().max_part_count, 1);
  EXPECT_GE(capabilities().max_object_size, capabilities().max_part_size);
  EXPECT_GE(capabilities().max_put_size, capabilities().min_part_size);
}

TEST_P(BackendConformanceTest, PutStoresAndTellsWhatStatTells) {
  const ObjectName object = Name("small");
  const auto published = Put(object, "content");
  ASSERT_TRUE(published.ok()) << published.status();
  ExpectObject(object, "content", &*published);
}

TEST_P(BackendConformanceTest, PutStoresNothingAtAll) {
  const ObjectName object = Name("empty");
  ASSERT_TRUE(Put(object, "").ok());
  ExpectObject(object, "");
}

TEST_P(BackendConformanceTest, PutReplaces) {
  const ObjectName object = Name("replaced");
  ASSERT_TRUE(Put(object, "old").ok());
  ASSERT_TRUE(Put(object, "the new one").ok());
  ExpectObject(object, "the new one");
  ASSERT_TRUE(Put(object, "the new two").ok());  // of the same size
  ExpectObject(object, "the new two");
}

TEST_P(BackendConformanceTest, PreparedPutHasNoEffectUntilItIsSent) {
  const ObjectName object = Name("prepared");
  const absl::Time before = absl::Now();
  auto put = Prepare(object, "x");
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_GT((*put)->valid_until(), before);
  EXPECT_LE((*put)->valid_until(), absl::Now() + absl::Minutes(16));
  EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonNoSuchObject);
}

TEST_P(BackendConformanceTest, PreparedPutMayGoBeforeItsAnswer) {
  const ObjectName object = Name("gone");
  auto put = Prepare(object, "x");
  ASSERT_TRUE(put.ok()) << put.status();
  Pending<ObjectStat> sent([&](auto done) { (*put)->Send(std::move(done)); });
  put->reset();
  EXPECT_TRUE(sent.Get().ok());
  ExpectObject(object, "x");
}

TEST_P(BackendConformanceTest, MetadataComesBackAndTheMarkStaysHidden) {
  const ObjectName object = Name("metadata");
  ObjectAttributes attributes;
  attributes.content_type = "application/x-fish; charset=utf-8";
  attributes.metadata = {
      {"a", "plain"}, {"b-2", "\xc3\xa4 \xe9\xb1\xbc"}, {"c", "a=b; \"c\" %41+ d"}};
  ASSERT_TRUE(Put(object, "x", attributes).ok());
  const ObjectStat stat = Stat(object).value();
  EXPECT_EQ(stat.metadata, attributes.metadata);
  EXPECT_EQ(stat.content_type, attributes.content_type);
  EXPECT_EQ(stat.mark, kMark);
  EXPECT_FALSE(stat.metadata.contains(kMarkMetadataName));
  // Replaced whole, not mixed.
  ASSERT_TRUE(Put(object, "x").ok());
  EXPECT_TRUE(Stat(object).value().metadata.empty());
}

TEST_P(BackendConformanceTest, MetadataMayBeAsMuchAsTheRulesAllow) {
  const ObjectName object = Name("much");
  ObjectAttributes attributes;
  for (int i = 0; i < 8; ++i) attributes.metadata["m" + std::to_string(i)] = std::string(900, 'm');
  ASSERT_TRUE(backend().CheckObject(object, attributes).ok());
  ASSERT_TRUE(Put(object, "x", attributes).ok());
  EXPECT_EQ(Stat(object).value().metadata, attributes.metadata);
}

TEST_P(BackendConformanceTest, UpdateTimeIsAboutNow) {
  const ObjectName object = Name("time");
  ASSERT_TRUE(Put(object, "x").ok());
  const absl::Time time = Stat(object).value().update_time;
  EXPECT_LT(absl::AbsDuration(time - absl::Now()), absl::Minutes(5)) << time;
}

TEST_P(BackendConformanceTest, ForbidOverwriteKeepsWhatIsThereAtPut) {
  if (!capabilities().forbids_overwrite_atomically) GTEST_SKIP() << "not offered";
  const ObjectName object = Name("forbidden");
  ObjectAttributes forbidding;
  forbidding.forbid_overwrite = true;
  ASSERT_TRUE(Put(object, "first", forbidding).ok());
  const absl::Status refused = Put(object, "second", forbidding).status();
  EXPECT_EQ(ErrorReason(refused), kReasonObjectExists) << refused;
  ExpectObject(object, "first");
}

TEST_P(BackendConformanceTest, StatOfNothingIsNoSuchObject) {
  const absl::Status told = Stat(Name("nothing/here")).status();
  EXPECT_EQ(ErrorReason(told), kReasonNoSuchObject) << told;
  EXPECT_TRUE(absl::IsNotFound(told));
}

TEST_P(BackendConformanceTest, DeleteRemovesAndMayBeRepeated) {
  const ObjectName object = Name("a/deleted");
  EXPECT_TRUE(Delete(object).ok());
  ASSERT_TRUE(Put(object, "x").ok());
  EXPECT_TRUE(Delete(object).ok());
  EXPECT_EQ(ErrorReason(Stat(object).status()), kReasonNoSuchObject);
  EXPECT_TRUE(Delete(object).ok());
  ASSERT_TRUE(Put(object, "again").ok());
  ExpectObject(object, "again");
}

// All of them are there at the same time: none may be another's directory, or another itself.
TEST_P(BackendConformanceTest, OddKeysAreKeysLikeOthers) {
  const std::string keys[] = {"a",
                              "a/b",
                              "a/b/c",
                              "a/",
                              "a//b",
                              "/a",
                              "//",
                              "a.b",
                              "a.b/c.d",
                              "A",
                              "..",
                              "../..",
                              ".",
                              "./a",
                              "a/../b",
                              ".penstock/tmp",
                              "two words",
                              "plus+",
                              "per%cent",
                              "%41",
                              "%2e%2e",
                              "a%d/x",
                              "b%f",
                              "question?mark=1&x",
                              "hash#",
                              "semi;colon",
                              "quote\"'`",
                              "back\\slash",
                              "star*",
                              "<tag>&amp;",
                              "control\x01\x1f\x7f",
                              "line\nfeed",
                              "tab\t",
                              "\xc3\xa4\xe9\xb1\xbc\xf0\x9f\x90\x9f",
                              " ",
                              "~",
                              std::string(1023, 'k'),
                              std::string(600, '/') + "x",
                              std::string(300, 'n') + "/" + std::string(300, 'n')};
  std::vector<std::string> stored;
  for (const std::string& key : keys) {
    if (!backend().CheckObject(Name(key), {}).ok()) continue;
    const auto published = Put(Name(key), "content of " + key);
    EXPECT_TRUE(published.ok()) << testing::PrintToString(key) << ": " << published.status();
    if (published.ok()) stored.push_back(key);
  }
  EXPECT_GT(stored.size(), 10u);
  for (const std::string& key : stored) {
    SCOPED_TRACE(testing::PrintToString(key));
    ExpectObject(Name(key), "content of " + key);
  }
  for (const std::string& key : stored) EXPECT_TRUE(Delete(Name(key)).ok());
  for (const std::string& key : stored) EXPECT_FALSE(Stat(Name(key)).ok());
}

TEST_P(BackendConformanceTest, OddKeysGoByMultipartToo) {
  for (const std::string key : {"m p/+%\xe9\xb1\xbc", "m/../x", "m\x01", "m//", "m?x=1&y#z"}) {
    const ObjectName object = Name(key);
    if (!backend().CheckObject(object, {}).ok()) continue;
    SCOPED_TRACE(testing::PrintToString(key));
    const absl::StatusOr<std::string> id = Initiate(object);
    ASSERT_TRUE(id.ok()) << id.status();
    const auto published = Complete(object, *id, UploadAll(object, *id, {{1, key}}));
    ASSERT_TRUE(published.ok()) << published.status();
    ExpectObject(object, key, &*published);
  }
}

}  // namespace penstock
