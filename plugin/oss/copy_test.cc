// Copying and changing objects (copy.h), in front of a server that answers what a test tells it.

#include "plugin/oss/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugin/oss/fake_oss.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const ObjectName kTarget = {"other", "a+b"};

const char kHead[] = "HEAD /bucket/dir/key%201";
const char kPut[] = "PUT /other/a%2Bb";
const char kHeadOfTarget[] = "HEAD /other/a%2Bb";

class CopyTest : public OssBackendTest {
 protected:
  absl::StatusOr<ObjectStat> Copy(
      const ObjectName& target, const std::string& etag = "",
      const std::optional<ObjectAttributes>& attributes = std::nullopt) {
    std::promise<absl::StatusOr<ObjectStat>> answer;
    backend_->Copy(kObject, etag, target, attributes, Into(answer));
    return answer.get_future().get();
  }
  absl::StatusOr<ObjectStat> SetAttributes(const ObjectAttributes& attributes) {
    std::promise<absl::StatusOr<ObjectStat>> answer;
    backend_->SetAttributes(kObject, "", attributes, Into(answer));
    return answer.get_future().get();
  }
};

// HEAD of an object of 5 bytes.
Reply Described(const std::string& etag, std::vector<std::string> headers = {},
                const std::string& crc64 = "5") {
  headers.insert(headers.end(), {"ETag: \"" + etag + "\"", "x-oss-hash-crc64ecma: " + crc64,
                                 "x-oss-meta-penstock-mark: mark", "x-oss-request-id: R3"});
  return {200, headers, "12345"};
}

Reply Copied(const std::string& etag, const std::string& crc64 = "5") {
  return {200,
          {"x-oss-hash-crc64ecma: " + crc64, "x-oss-request-id: R2"},
          "<CopyObjectResult><ETag>\"" + etag + "\"</ETag></CopyObjectResult>"};
}

Reply Acl(const std::string& grant) {
  return {200,
          {},
          "<AccessControlPolicy><AccessControlList><Grant>" + grant +
              "</Grant></AccessControlList></AccessControlPolicy>"};
}

TEST_F(CopyTest, CopiesTheObjectThatWasThereWhenItBegan) {
  Expect({Described("E", {"x-oss-storage-class: IA", "x-oss-server-side-encryption: AES256"}),
          Copied("E2"), Described("E2")});
  EXPECT_EQ(Copy(kTarget)->etag, "E2");
  EXPECT_THAT(requests(), ElementsAre(kHead, kPut, kHeadOfTarget));
  EXPECT_EQ(Sent(0, "if-match"), "");
  EXPECT_EQ(Sent(1, "x-oss-copy-source"), "/bucket/dir/key%201");
  EXPECT_EQ(Sent(1, "x-oss-copy-source-if-match"), "\"E\"");
  EXPECT_EQ(Sent(1, "x-oss-metadata-directive"), "COPY");
  EXPECT_EQ(Sent(1, "x-oss-tagging-directive"), "Copy");
  EXPECT_EQ(Sent(1, "x-oss-storage-class"), "IA");
  EXPECT_EQ(Sent(1, "x-oss-server-side-encryption"), "AES256");
  EXPECT_EQ(Sent(1, "x-oss-meta-penstock-mark"), "") << "OSS copies it";
}

TEST_F(CopyTest, CopiesOnlyTheObjectThatIsMeant) {
  Expect({Refusal(412, "PreconditionFailed")});
  EXPECT_EQ(ErrorReason(Copy(kTarget, "E").status()), kReasonObjectChanged);
  EXPECT_EQ(Sent(0, "if-match"), "\"E\"");
  Expect({Described("E"), Refusal(412, "PreconditionFailed")});
  EXPECT_EQ(ErrorReason(Copy(kTarget).status()), kReasonObjectChanged);
  Expect({Refusal(404, "NoSuchKey")});
  EXPECT_EQ(ErrorReason(Copy(kTarget).status()), kReasonNoSuchObject);
}

TEST_F(CopyTest, GivesTheCopyOtherAttributes) {
  Expect({Described("E", {"x-oss-meta-old: 1", "x-oss-storage-class: IA"}), Copied("E2"),
          Described("E2")});
  ObjectAttributes attributes;
  attributes.content_type = "text/plain";
  attributes.metadata = {{"new", "2"}};
  attributes.tags = {{"k", "v"}};
  attributes.options = {{"acl", "private"}, {"server_side_encryption", "SM4"}};
  ASSERT_TRUE(Copy(kTarget, "", attributes).ok());
  EXPECT_EQ(Sent(1, "x-oss-metadata-directive"), "REPLACE");
  EXPECT_EQ(Sent(1, "x-oss-tagging-directive"), "Replace");
  EXPECT_EQ(Sent(1, "content-type"), "text/plain");
  EXPECT_EQ(Sent(1, "x-oss-meta-new"), "2");
  EXPECT_EQ(Sent(1, "x-oss-meta-old"), "");
  EXPECT_EQ(Sent(1, "x-oss-meta-penstock-mark"), "mark");
  EXPECT_EQ(Sent(1, "x-oss-tagging"), "k=v");
  EXPECT_EQ(Sent(1, "x-oss-object-acl"), "private");
  EXPECT_EQ(Sent(1, "x-oss-server-side-encryption"), "SM4");
  EXPECT_EQ(Sent(1, "x-oss-storage-class"), "") << "the bucket's";
}

TEST_F(CopyTest, LeavesAnObjectAloneThatIsItsOwnCopy) {
  Expect({Described("E")});
  EXPECT_EQ(Copy(kObject)->etag, "E");
  EXPECT_THAT(requests(), ElementsAre(kHead));
}

TEST_F(CopyTest, CopiesAgainAfterALostAnswer) {
  Expect({Described("E"),
          {0, {}, ""},
          Refusal(503, "ServiceUnavailable"),
          Copied("E2"),
          Described("E2")});
  EXPECT_TRUE(Copy(kTarget).ok());
  EXPECT_THAT(requests(), ElementsAre(kHead, kPut, kPut, kPut, kHeadOfTarget));
}

TEST_F(CopyTest, DoesNotCopyAgainWhatForbidsOverwriting) {
  Configure({{"bucket_versioning", "off"}});
  ObjectAttributes forbidding;
  forbidding.forbid_overwrite = true;
  Expect({Described("E"), {0, {}, ""}});
  EXPECT_EQ(ErrorReason(Copy(kTarget, "", forbidding).status()), kReasonUnavailable);
  EXPECT_EQ(Sent(1, "x-oss-forbid-overwrite"), "true");
  Expect({Described("E"), Refusal(409, "FileAlreadyExists")});
  EXPECT_EQ(ErrorReason(Copy(kTarget, "", forbidding).status()), kReasonObjectExists);
  Configure({});
  Expect({{200,
           {},
           "<VersioningConfiguration><Status>Enabled</Status>"
           "</VersioningConfiguration>"}});
  EXPECT_EQ(ErrorReason(Copy(kTarget, "", forbidding).status()), kReasonConditionUnsupported);
}

TEST_F(CopyTest, ComparesTheCopy) {
  Expect({Described("E"), Copied("E2", "6"), Copied("E2"), Described("E2")});
  EXPECT_TRUE(Copy(kTarget).ok()) << "copied again";
  Expect({Described("E"), Copied("E2"), Described("E2", {}, "6")});
  EXPECT_EQ(ErrorReason(Copy(kTarget).status()), kReasonChecksumMismatch);
  Reply shorter = Described("E2");
  shorter.body = "1234";
  Expect({Described("E"), Copied("E2"), shorter});
  EXPECT_EQ(ErrorReason(Copy(kTarget).status()), kReasonChecksumMismatch);
  Expect({Described("E"), Copied("E2"), Described("E3")});
  EXPECT_EQ(ErrorReason(Copy(kTarget).status()), kReasonUnavailable) << "another's by now";
}

TEST_F(CopyTest, ReplacesAttributesAndKeepsTheRest) {
  Expect({Described(
              "E", {"x-oss-meta-old: 1", "x-oss-storage-class: IA",
                    "x-oss-server-side-encryption: KMS", "x-oss-server-side-encryption-key-id: K"}),
          Acl("public-read"), Copied("E"), Described("E")});
  ObjectAttributes attributes;
  attributes.cache_control = "no-cache";
  attributes.metadata = {{"new", "\xc3\xa4"}};
  attributes.tags = {{"not", "looked-at"}};
  attributes.options = {{"acl", "private"}};
  ASSERT_TRUE(SetAttributes(attributes).ok());
  EXPECT_THAT(requests(),
              ElementsAre(kHead, "GET /bucket/dir/key%201?acl", "PUT /bucket/dir/key%201", kHead));
  EXPECT_EQ(Sent(2, "x-oss-copy-source"), "/bucket/dir/key%201");
  EXPECT_EQ(Sent(2, "x-oss-copy-source-if-match"), "\"E\"");
  EXPECT_EQ(Sent(2, "x-oss-metadata-directive"), "REPLACE");
  EXPECT_EQ(Sent(2, "x-oss-tagging-directive"), "Copy");
  EXPECT_EQ(Sent(2, "x-oss-tagging"), "");
  EXPECT_EQ(Sent(2, "cache-control"), "no-cache");
  EXPECT_EQ(Sent(2, "x-oss-meta-new"), "%C3%A4");
  EXPECT_EQ(Sent(2, "x-oss-meta-old"), "");
  EXPECT_EQ(Sent(2, "x-oss-meta-penstock-mark"), "mark");
  EXPECT_EQ(Sent(2, "x-oss-object-acl"), "public-read");
  EXPECT_EQ(Sent(2, "x-oss-storage-class"), "IA");
  EXPECT_EQ(Sent(2, "x-oss-server-side-encryption"), "KMS");
  EXPECT_EQ(Sent(2, "x-oss-server-side-encryption-key-id"), "K");
}

TEST_F(CopyTest, ChangesTheStorageClassWhereItIsNamed) {
  Expect(
      {Described("E", {"x-oss-storage-class: IA"}), Acl("default"), Copied("E"), Described("E")});
  ObjectAttributes attributes;
  attributes.storage_class = "Standard";
  ASSERT_TRUE(SetAttributes(attributes).ok());
  EXPECT_EQ(Sent(2, "x-oss-storage-class"), "Standard");
  EXPECT_EQ(Sent(2, "x-oss-object-acl"), "") << "the bucket's";
}

TEST_F(CopyTest, DoesNotLoseAnAclThatItMayNotSee) {
  Expect({Described("E"), Refusal(403, "AccessDenied")});
  const absl::Status denied = SetAttributes({}).status();
  EXPECT_EQ(ErrorReason(denied), kReasonDenied);
  EXPECT_THAT(std::string(denied.message()), HasSubstr("grant oss:GetObjectAcl"));
  EXPECT_THAT(requests(), SizeIs(2));
}

TEST_F(CopyTest, KnowsAChangeThatWasMadeThoughItsAnswerWasLost) {
  ObjectAttributes attributes;
  attributes.metadata = {{"new", "2"}};
  // The copy of an object in parts has another ETag.
  const Reply done = Described("F", {"x-oss-meta-new: 2", "Content-Type: application/x"});
  Expect({Described("E-2", {"x-oss-meta-old: 1"}),
          Acl("default"),
          {0, {}, ""},
          Refusal(412, "PreconditionFailed"),
          done});
  const absl::StatusOr<ObjectStat> stat = SetAttributes(attributes);
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->etag, "F");
  // What others have put there meanwhile is none.
  for (const Reply& other :
       {Described("F"), Described("F", {"x-oss-meta-new: 3"}),
        Described("F", {"x-oss-meta-new: 2", "x-oss-meta-more: 1"}),
        Described("F", {"x-oss-meta-new: 2"}, "6"), Refusal(404, "NoSuchKey")}) {
    Expect({Described("E-2", {"x-oss-meta-old: 1"}), Acl("default"),
            Refusal(412, "PreconditionFailed"), other});
    EXPECT_EQ(ErrorReason(SetAttributes(attributes).status()), kReasonObjectChanged);
  }
}

}  // namespace
}  // namespace penstock::oss
