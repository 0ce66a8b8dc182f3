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
  const ObjectName bad[] = {
      {"", "key"},          {"../x", "key"},          {"UPPER", "key"},
      {".penstock", "key"}, {harness_->bucket(), ""}, Name(std::string("a\0b", 3)),
      Name("\xff"),         Name(LongKey(1024))};
  for (const ObjectName& object : bad) {
    const absl::Status refused = backend().CheckObject(object, {});
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << object.bucket << " " << object.key;
    EXPECT_FALSE(ErrorReason(refused).empty());
  }
}

TEST_P(BackendConformanceTest, CheckObjectRefusesBadAttributes) {
  ObjectAttributes control, mark, encoding, name, value, size, option;
  control.content_type = "a\r\nx-evil: 1";
  mark.metadata = {{kMarkMetadataName, "x"}};
  encoding.metadata = {{kMetadataEncodingName, "x"}};
  name.metadata = {{"Upper", "x"}};
  value.metadata = {{"a", "\xff"}};
  size.metadata = {{"a", std::string(kMaxMetadataBytes, 'x')}};
  option.options = {{"no-such-option", "x"}};
  for (const ObjectAttributes& bad : {control, mark, encoding, name, value, size, option}) {
    const absl::Status refused = backend().CheckObject(Name("key"), bad);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_FALSE(ErrorReason(refused).empty());
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

TEST_P(BackendConformanceTest, PutStoresAnyNumberOfBytes) {
  const auto edge = static_cast<size_t>(capabilities().min_part_size);
  for (const size_t size : {size_t{0}, size_t{1}, edge - 1, edge, edge + 1, size_t{1} << 20}) {
    SCOPED_TRACE(size);
    const ObjectName object = Name("size");
    std::string bytes(size, 'b');
    if (size > 0) bytes.back() = 'e';
    const auto published = Put(object, bytes);
    ASSERT_TRUE(published.ok()) << published.status();
    ExpectObject(object, bytes, &*published);
  }
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
  EXPECT_LE((*put)->valid_until(), absl::Now() + absl::Minutes(31));
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

TEST_P(BackendConformanceTest, MetadataMayBeAnyText) {
  std::string ascii;
  for (int c = 0; c < 0x80; ++c) ascii.push_back(static_cast<char>(c));
  ObjectAttributes attributes;
  attributes.metadata = {{"ascii", ascii},
                         {"empty", ""},
                         {"space", " "},
                         {"spaces", "  in and out  "},
                         {"lines", "a\r\nx-evil: 1\r\n\r\n"},
                         {"percent", "%C3%A4 100% %"},
                         {"rfc2047", "=?UTF-8?B?w6Q=?="},
                         {"umlaut", "\xc3\xa4"},
                         {"apart", "a\xcc\x88"},
                         {"fish", "\xf0\x9f\x90\x9f"},
                         {"plain", "plain"}};
  const ObjectName put = Name("put"), parts = Name("parts");
  ASSERT_TRUE(backend().CheckObject(put, attributes).ok());
  ASSERT_TRUE(Put(put, "x", attributes).ok());
  EXPECT_EQ(Stat(put).value().metadata, attributes.metadata);
  const std::string id = Initiate(parts, attributes).value();
  ASSERT_TRUE(Complete(parts, id, UploadAll(parts, id, {{1, "x"}}), attributes).ok());
  EXPECT_EQ(Stat(parts).value().metadata, attributes.metadata);
}

// What is allowed is stored, and what is too much is refused before anything is sent.
TEST_P(BackendConformanceTest, MetadataMayBeAsMuchAsTheRulesAllow) {
  const ObjectName object = Name("much");
  for (const std::string character : {"m", "\xe9\xb1\xbc"}) {
    ObjectAttributes attributes;
    for (const size_t size : {100, 800, 900, 2600, 2700, 8000, 8100, 8200}) {
      std::string value;
      while (value.size() + character.size() <= size) value += character;
      attributes.metadata["m"] = value;
      const absl::Status checked = backend().CheckObject(object, attributes);
      if (!checked.ok()) {
        EXPECT_EQ(ErrorReason(checked), "BAD_METADATA") << checked;
        EXPECT_GT(size, 2600u) << "8 KB must be enough for that";
        continue;
      }
      ASSERT_LT(size, 8200u);
      ASSERT_TRUE(Put(object, "x", attributes).ok()) << size;
      EXPECT_EQ(Stat(object).value().metadata, attributes.metadata);
    }
  }
}

TEST_P(BackendConformanceTest, ContentHeadersTagsAndClassAreTaken) {
  ObjectAttributes attributes;
  attributes.content_type = "text/x-fish; charset=utf-8";
  attributes.cache_control = "private, max-age=60";
  attributes.content_disposition = "attachment; filename=\"f.txt\"; filename*=UTF-8''%E9%B1%BC";
  attributes.content_encoding = "gzip";
  attributes.storage_class = "IA";
  attributes.tags = {{"team a", "+-=._:/"}, {"empty", ""}};
  const ObjectName put = Name("put"), parts = Name("parts");
  ASSERT_TRUE(backend().CheckObject(put, attributes).ok());
  const auto published = Put(put, "x", attributes);
  ASSERT_TRUE(published.ok()) << published.status();
  const std::string id = Initiate(parts, attributes).value();
  ASSERT_TRUE(Complete(parts, id, UploadAll(parts, id, {{1, "x"}}), attributes).ok());
  for (const ObjectName& object : {put, parts}) {
    const ObjectStat stat = Stat(object).value();
    EXPECT_EQ(stat.content_type, attributes.content_type);
    EXPECT_EQ(stat.cache_control, attributes.cache_control);
    EXPECT_EQ(stat.content_disposition, attributes.content_disposition);
    EXPECT_EQ(stat.content_encoding, attributes.content_encoding);
    EXPECT_EQ(stat.storage_class, "IA");
  }
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

}  // namespace penstock
