// What becomes of calls on objects while requests fail, against the emulator: each request of each
// call fails once, before its effect or after it, and the call does what it was to do all the same.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/error.h"
#include "base/http/http_loop.h"
#include "tests/conformance/oss_harness.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr char kBucket[] = "objects";
const ObjectName kObject = {kBucket, "a key"};
const ObjectName kCopy = {kBucket, "its copy"};

constexpr const char* kKinds[] = {
    R"("kind": "reset_before_effect")", R"("kind": "drop_reply_after_effect")",
    R"("kind": "error", "status": 500)", R"("kind": "error", "status": 502, "xml": false)",
    R"("kind": "truncated_xml")"};

// An answer to HEAD has no XML to be cut.
bool IsOfHead(const std::string& operation, const std::string& kind) {
  return operation == "HeadObject" && kind == kKinds[4];
}

class OssObjectFaultsTest : public testing::Test, protected testing_support::BackendCalls {
 protected:
  OssObjectFaultsTest()
      : emulator_(kBucket, {"--max-copy-bytes", "1000"}), oss_(emulator_.Options()) {
    attributes_.tags = {{"k", "v"}};
    attributes_.metadata = {{"color", "red"}};
  }

  Backend& backend() override { return oss_.backend(); }

  // Lets the next request of `operation` fail, instead of all that were to fail before.
  void Fail(const std::string& operation, const std::string& kind) {
    Control("DELETE", "");
    Control("POST", absl::StrCat(R"({"operation": ")", operation, R"(", "count": 1, )", kind, "}"));
  }
  bool HasFailed() { return Control("GET", "").find(R"("fired":1)") != std::string::npos; }

  std::string Control(const std::string& method, const std::string& body) {
    HttpRequest request;
    request.method = method;
    request.url = emulator_.url() + "/-/emulator/faults";
    if (!body.empty()) request.body = MakeBuffer(body);
    const absl::StatusOr<HttpResponse> answer =
        Await<HttpResponse>([&](auto done) { http_.Send(std::move(request), std::move(done)); });
    EXPECT_TRUE(answer.ok() && answer->status == 200) << body << answer.status();
    return answer.ok() ? answer->body : "";
  }

  // An object whose ETag is another after each copy.
  void PutInParts(const ObjectName& object, const std::string& bytes) {
    const std::string id = Initiate(object, attributes_).value();
    const std::string etag = Upload(object, id, 1, bytes).value();
    ASSERT_TRUE(Complete(object, id, {{1, etag}}).ok());
  }

  ObjectAttributes attributes_;
  const std::string large_bytes_ = std::string(200'000, 'x');

 private:
  const Emulator emulator_;
  OssHarness oss_;
  HttpLoop http_;
};

TEST_F(OssObjectFaultsTest, CopiesAtOnce) {
  ASSERT_TRUE(Put(kObject, "hello", attributes_).ok());
  for (const char* operation : {"HeadObject", "CopyObject"}) {
    for (const char* kind : kKinds) {
      Fail(operation, kind);
      const absl::StatusOr<ObjectStat> copy = Copy(kObject, kCopy);
      ASSERT_TRUE(copy.ok()) << operation << kind << copy.status();
      EXPECT_TRUE(HasFailed() || IsOfHead(operation, kind)) << operation << kind;
      EXPECT_THAT(copy->metadata, ElementsAre(Pair("color", "red")));
      EXPECT_EQ(ReadWhole(kCopy).value(), "hello");
      ASSERT_TRUE(Delete(kCopy).ok());
    }
  }
}

TEST_F(OssObjectFaultsTest, CopiesInParts) {
  ASSERT_TRUE(Put(kObject, large_bytes_, attributes_).ok());
  for (const char* operation : {"HeadObject", "CopyObject", "GetObjectTagging",
                                "InitiateMultipartUpload", "UploadPartCopy"}) {
    for (const char* kind : kKinds) {
      Fail(operation, kind);
      const absl::StatusOr<ObjectStat> copy = Copy(kObject, kCopy);
      ASSERT_TRUE(copy.ok()) << operation << kind << copy.status();
      EXPECT_TRUE(HasFailed() || IsOfHead(operation, kind)) << operation << kind;
      EXPECT_THAT(copy->metadata, ElementsAre(Pair("color", "red")));
      EXPECT_TRUE(ReadWhole(kCopy).value() == large_bytes_);
      ASSERT_TRUE(Delete(kCopy).ok());
    }
  }
}

TEST_F(OssObjectFaultsTest, LeavesNoUploadWhereCompletingFails) {
  ASSERT_TRUE(Put(kObject, large_bytes_, attributes_).ok());
  for (const char* kind : kKinds) {
    Fail("CompleteMultipartUpload", kind);
    EXPECT_EQ(ErrorReason(Copy(kObject, kCopy).status()), kReasonUnavailable) << kind;
    EXPECT_TRUE(ListUploads(kBucket, "")->uploads.empty()) << kind;
    EXPECT_TRUE(Copy(kObject, kCopy).ok()) << "once more, as the caller may";
    ASSERT_TRUE(Delete(kCopy).ok());
  }
}

TEST_F(OssObjectFaultsTest, ChangesAttributesOfObjectsOfEitherKind) {
  ASSERT_TRUE(Put(kObject, "hello", attributes_).ok());
  int value = 0;
  for (const char* operation : {"HeadObject", "GetObjectAcl", "CopyObject"}) {
    for (const char* kind : kKinds) {
      for (const ObjectName& object : {kObject, kCopy}) {
        ObjectAttributes attributes;
        attributes.metadata = {{"value", absl::StrCat(++value)}};
        PutInParts(kCopy, "hello");
        const std::string before = Stat(object)->etag;
        Fail(operation, kind);
        const absl::StatusOr<ObjectStat> changed = SetAttributes(object, attributes, before);
        ASSERT_TRUE(changed.ok()) << operation << kind << changed.status();
        EXPECT_TRUE(HasFailed() || IsOfHead(operation, kind)) << operation << kind;
        EXPECT_EQ(changed->metadata, attributes.metadata);
        EXPECT_EQ(changed->mark, kMark);
        EXPECT_EQ(ReadWhole(object).value(), "hello");
      }
    }
  }
}

// The second attempt may find that the first has archived it already.
TEST_F(OssObjectFaultsTest, ArchivesInPlace) {
  ObjectAttributes archived = attributes_;
  archived.storage_class = "Archive";
  for (const char* kind : kKinds) {
    ASSERT_TRUE(Put(kObject, "hello", attributes_).ok());
    const std::string before = Stat(kObject)->etag;
    Fail("CopyObject", kind);
    const absl::StatusOr<ObjectStat> changed = SetAttributes(kObject, archived, before);
    ASSERT_TRUE(changed.ok()) << kind << changed.status();
    EXPECT_TRUE(HasFailed()) << kind;
    EXPECT_EQ(changed->storage_class, "Archive");
    ASSERT_TRUE(Delete(kObject).ok());
  }
}

TEST_F(OssObjectFaultsTest, ReadsListsAndDeletes) {
  for (const char* kind : kKinds) {
    ASSERT_TRUE(Put(kObject, "hello").ok());
    Fail("GetObject", kind);
    EXPECT_EQ(ReadWhole(kObject).value(), "hello") << kind;
    Fail("ListObjectsV2", kind);
    EXPECT_EQ(List({kBucket, "", "", "", 1000})->objects.size(), 1u) << kind;
    Fail("ListBuckets", kind);
    EXPECT_EQ(ListBuckets()->size(), 1u) << kind;
    Fail("DeleteMultipleObjects", kind);
    EXPECT_THAT(DeleteMany(kBucket, {kObject.key}).value(), ElementsAre(absl::OkStatus()));
    EXPECT_EQ(ErrorReason(Stat(kObject).status()), kReasonNoSuchObject);
  }
}

TEST_F(OssObjectFaultsTest, ReadsSlowlyWhatComesInPieces) {
  ASSERT_TRUE(Put(kObject, std::string(2000, 'x')).ok());
  Fail("GetObject", R"("kind": "slow_drip", "piece_bytes": 100, "delay_ms": 1)");
  EXPECT_EQ(ReadWhole(kObject).value(), std::string(2000, 'x'));
}

}  // namespace
}  // namespace penstock
