// Bytes of objects, read in ranges.

#include <atomic>
#include <thread>

#include "base/checksum.h"
#include "tests/conformance/backend_suite.h"

namespace penstock {
namespace {

constexpr int64_t kMost = ObjectAccess::kMaxReadLength;

// Bytes of which each tells its place, more or less.
std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i ^ i >> 8 ^ i >> 16);
  return bytes;
}

// Reads must describe the object that they are of, as Stat does.
void ExpectSameStat(const ObjectStat& read, const ObjectStat& stat) {
  EXPECT_EQ(read.size, stat.size);
  EXPECT_EQ(read.etag, stat.etag);
  EXPECT_EQ(read.version_id, stat.version_id);
  EXPECT_EQ(read.crc64, stat.crc64);
  EXPECT_EQ(read.update_time, stat.update_time);
  EXPECT_EQ(read.content_type, stat.content_type);
  EXPECT_EQ(read.cache_control, stat.cache_control);
  EXPECT_EQ(read.content_disposition, stat.content_disposition);
  EXPECT_EQ(read.content_encoding, stat.content_encoding);
  EXPECT_EQ(read.metadata, stat.metadata);
  EXPECT_EQ(read.storage_class, stat.storage_class);
  EXPECT_EQ(read.mark, stat.mark);
}

}  // namespace

TEST_P(BackendConformanceTest, ReadTellsBytesAndWhatStatTells) {
  const ObjectName object = Name("read");
  ObjectAttributes attributes;
  attributes.content_type = "text/x-fish";
  attributes.cache_control = "no-store";
  attributes.content_disposition = "attachment";
  attributes.metadata = {{"fish", "\xe9\xb1\xbc \r\n"}};
  ASSERT_TRUE(Put(object, "content", attributes).ok());
  const absl::StatusOr<ObjectBytes> read = Read(object, 0, kMost);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(read.status());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->bytes->ToString(), "content");
  EXPECT_EQ(read->stat.mark, kMark);
  EXPECT_EQ(read->stat.metadata, attributes.metadata);
  ExpectSameStat(read->stat, Stat(object).value());
}

// Also of content that was encoded: bytes are what was put, never what they stand for.
TEST_P(BackendConformanceTest, ReadOfEncodedContentIsNotDecoded) {
  const ObjectName object = Name("encoded");
  ObjectAttributes attributes;
  attributes.content_encoding = "gzip";
  ASSERT_TRUE(Put(object, "not gzip at all", attributes).ok());
  const absl::StatusOr<ObjectBytes> read = Read(object, 4, 4);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(read.status());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->bytes->ToString(), "gzip");
  EXPECT_EQ(read->stat.content_encoding, "gzip");
  EXPECT_EQ(read->stat.size, 15);
}

TEST_P(BackendConformanceTest, ReadTakesAnyRange) {
  const ObjectName object = Name("ranges");
  constexpr int64_t kSize = 300'000;
  const std::string bytes = Pattern(kSize);
  ASSERT_TRUE(Put(object, bytes).ok());
  struct Range {
    int64_t offset, length;
  };
  const Range ranges[] = {{0, 1},         {0, kSize},
                          {0, kMost},     {1, 1},
                          {255, 2},       {100'000, 7},
                          {262'143, 2},   {kSize - 1, 1},
                          {kSize - 1, 2}, {kSize - 1, kMost},
                          {kSize, 1},     {kSize, kMost},
                          {kSize + 1, 1}, {int64_t{1} << 40, kMost},
                          {1, kSize - 2}};
  for (const auto& [offset, length] : ranges) {
    const absl::StatusOr<ObjectBytes> read = Read(object, offset, length);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(read.status());
    ASSERT_TRUE(read.ok()) << offset << " " << length << ": " << read.status();
    const std::string expected =
        offset >= kSize ? ""
                        : bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
    EXPECT_TRUE(read->bytes->ToString() == expected) << offset << " " << length;
    EXPECT_EQ(read->stat.size, kSize);
    EXPECT_EQ(read->stat.mark, kMark);
    if (capabilities().reports_crc64) {
      EXPECT_EQ(read->stat.crc64, Crc64(bytes)) << "of the whole object";
    }
  }
}

TEST_P(BackendConformanceTest, ReadOfAnEmptyObjectHasNoBytes) {
  const ObjectName object = Name("empty");
  ASSERT_TRUE(Put(object, "").ok());
  for (const int64_t offset : {0, 1}) {
    const absl::StatusOr<ObjectBytes> read = Read(object, offset, kMost);
    PENSTOCK_SKIP_IF_NOT_SUPPORTED(read.status());
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_NE(read->bytes, nullptr);
    EXPECT_EQ(read->bytes->size(), 0);
    ExpectSameStat(read->stat, Stat(object).value());
  }
}

TEST_P(BackendConformanceTest, ObjectLargerThanOneReadIsReadInPieces) {
  const ObjectName object = Name("large");
  const std::string bytes = Pattern(static_cast<size_t>(kMost) + 12'345);
  ASSERT_TRUE(Put(object, bytes).ok());
  const absl::StatusOr<ObjectBytes> first = Read(object, 0, kMost);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(first.status());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->bytes->size(), kMost);
  const absl::StatusOr<std::string> whole = ReadWhole(object);
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_TRUE(*whole == bytes);
}

TEST_P(BackendConformanceTest, ReadOfAMultipartObjectGoesAcrossItsParts) {
  const ObjectName object = Name("parts");
  const std::string one = PartBytes(Pattern(1000)), two = PartBytes("two"), three = "three";
  const std::string id = Initiate(object).value();
  ASSERT_TRUE(Complete(object, id, UploadAll(object, id, {{1, one}, {2, two}, {7, three}})).ok());
  const std::string whole = one + two + three;
  const auto border = static_cast<int64_t>(one.size());
  const absl::StatusOr<ObjectBytes> across = Read(object, border - 3, 7);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(across.status());
  ASSERT_TRUE(across.ok()) << across.status();
  EXPECT_EQ(across->bytes->ToString(), whole.substr(one.size() - 3, 7));
  EXPECT_TRUE(ReadWhole(object).value() == whole);
  ExpectSameStat(across->stat, Stat(object).value());
}

TEST_P(BackendConformanceTest, ReadIfMatchReadsThatObjectOnly) {
  const ObjectName object = Name("if-match");
  const std::string old_etag = Put(object, "old").value().etag;
  const absl::StatusOr<ObjectBytes> read = Read(object, 0, kMost, old_etag);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(read.status());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->bytes->ToString(), "old");
  ASSERT_TRUE(Put(object, "new").ok());
  for (const std::string& etag :
       {old_etag, std::string("\"none\""), std::string("no\r\nEtag: x")}) {
    for (const int64_t offset : {0, 3, 100}) {
      const absl::Status refused = Read(object, offset, kMost, etag).status();
      EXPECT_EQ(ErrorReason(refused), kReasonObjectChanged) << offset << " " << refused;
      EXPECT_TRUE(absl::IsFailedPrecondition(refused));
    }
  }
}

TEST_P(BackendConformanceTest, ReadOfNothingIsNoSuchObject) {
  const absl::Status told = Read(Name("nothing/here"), 0, 1).status();
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(told);
  EXPECT_EQ(ErrorReason(told), kReasonNoSuchObject) << told;
  EXPECT_TRUE(absl::IsNotFound(told));
  EXPECT_EQ(ErrorReason(Read(Name("nothing/here"), 7, 1, "\"etag\"").status()),
            kReasonNoSuchObject);
  const absl::Status missing = Read({harness_->missing_bucket(), "key"}, 0, 1).status();
  EXPECT_EQ(ErrorReason(missing), kReasonNoSuchBucket) << missing;
}

TEST_P(BackendConformanceTest, BytesAndStatAreOfOneObjectWhoeverReplacesIt) {
  constexpr int kVersions = 40;
  const ObjectName object = Name("replaced");
  const auto version = [](int number) {
    return std::string(static_cast<size_t>(1 + number % 3), static_cast<char>('a' + number % 20));
  };
  const auto put = [&](int number) {
    ObjectAttributes attributes;
    attributes.metadata["bytes"] = version(number);
    EXPECT_TRUE(Put(object, version(number), attributes).ok());
  };
  put(0);
  PENSTOCK_SKIP_IF_NOT_SUPPORTED(Read(object, 0, 1).status());
  std::atomic<bool> writing = true;
  std::thread writer([&] {
    for (int number = 1; number < kVersions; ++number) put(number);
    writing = false;
  });
  while (writing) {
    const absl::StatusOr<ObjectBytes> read = Read(object, 0, kMost);
    if (!read.ok()) {
      ADD_FAILURE() << read.status();
      break;
    }
    const std::string bytes = read->bytes->ToString();
    EXPECT_EQ(read->stat.metadata.at("bytes"), bytes);
    EXPECT_EQ(read->stat.size, std::ssize(bytes));
    if (capabilities().reports_crc64) {
      EXPECT_EQ(read->stat.crc64, Crc64(bytes));
    }
  }
  writer.join();
}

}  // namespace penstock
