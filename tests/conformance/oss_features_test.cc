// What only OSS has, against the emulator: versions, callbacks, encryption, who pays.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/http/fake_http_server.h"
#include "base/mutex.h"
#include "tests/conformance/oss_harness.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kBucket[] = "features";
const ObjectName kObject = {kBucket, "a key"};

// A remote in front of an emulator.
class Remote : public testing_support::BackendCalls {
 public:
  explicit Remote(const std::vector<std::string>& flags = {}, const OptionValues& options = {})
      : emulator_(kBucket, flags), oss_(emulator_.Options(options)) {}

  Backend& backend() override { return oss_.backend(); }

  // Puts by multipart upload.
  absl::StatusOr<ObjectStat> PutParts(const std::string& bytes,
                                      const ObjectAttributes& attributes = {}) {
    const absl::StatusOr<std::string> id = Initiate(kObject, attributes);
    if (!id.ok()) return id.status();
    const absl::StatusOr<std::string> etag = Upload(kObject, *id, 1, bytes);
    if (!etag.ok()) return etag.status();
    return Complete(kObject, *id, {{1, *etag}}, attributes);
  }

 private:
  const Emulator emulator_;
  OssHarness oss_;
};

// The application that a callback goes to.
class Application {
 public:
  explicit Application(int status)
      : server_([this, status](FakeExchange& exchange) {
          const std::string body = exchange.ReadBody();
          {
            MutexLock lock(&mutex_);
            bodies_.push_back(body);
          }
          exchange.Reply(status, {"Content-Type: application/json"}, R"({"taken":true})");
        }) {}

  ObjectAttributes Asking() const {
    ObjectAttributes attributes;
    attributes.options = {
        {"callback",
         nlohmann::json({{"callbackUrl", absl::StrCat(server_.url(), "/put")},
                         {"callbackBody", "object=${object}&size=${size}&job=${x:job}"}})
             .dump()},
        {"callback_var", R"({"x:job":"nightly"})"}};
    return attributes;
  }

  std::vector<std::string> bodies() {
    MutexLock lock(&mutex_);
    return bodies_;
  }

 private:
  Mutex mutex_;  // guards what follows
  std::vector<std::string> bodies_ ABSL_GUARDED_BY(mutex_);
  FakeHttpServer server_;
};

TEST(OssFeaturesTest, EveryObjectOfAVersionedBucketHasItsVersion) {
  Remote remote({"--versioning", kBucket});
  const ObjectStat first = remote.Put(kObject, "first").value();
  const ObjectStat second = remote.PutParts("second").value();
  EXPECT_NE(first.version_id, "");
  EXPECT_NE(second.version_id, "");
  EXPECT_NE(first.version_id, second.version_id);
  EXPECT_EQ(second.size, 6);
  EXPECT_EQ(remote.Stat(kObject)->version_id, second.version_id);
}

TEST(OssFeaturesTest, ForbidOverwriteIsRefusedInAVersionedBucket) {
  ObjectAttributes forbidding;
  forbidding.forbid_overwrite = true;
  Remote asking({"--versioning", kBucket});
  ASSERT_TRUE(asking.Put(kObject, "first").ok());
  EXPECT_EQ(ErrorReason(asking.Put(kObject, "second", forbidding).status()),
            "CONDITION_UNSUPPORTED");
  EXPECT_EQ(ErrorReason(asking.PutParts("second", forbidding).status()), "CONDITION_UNSUPPORTED");
  EXPECT_EQ(asking.Stat(kObject)->size, 5);
  // Whoever says that there is no versioning gets what OSS does then.
  Remote trusting({"--versioning", kBucket}, {{"bucket_versioning", "off"}});
  ASSERT_TRUE(trusting.Put(kObject, "first").ok());
  EXPECT_TRUE(trusting.Put(kObject, "second", forbidding).ok());
}

TEST(OssFeaturesTest, CallbacksTellTheApplication) {
  Application application(200);
  Remote remote({}, {{"allow_callback", "true"}});
  const ObjectStat put = remote.Put(kObject, "hello", application.Asking()).value();
  EXPECT_EQ(put.etag, remote.Stat(kObject)->etag);
  const ObjectStat parts = remote.PutParts("hello!", application.Asking()).value();
  EXPECT_EQ(parts.size, 6);
  EXPECT_EQ(parts.etag, remote.Stat(kObject)->etag);
  EXPECT_THAT(application.bodies(),
              ElementsAre(HasSubstr("size=5&job=nightly"), HasSubstr("size=6&job=nightly")));
}

TEST(OssFeaturesTest, CallbacksThatFailLeaveTheObjectPublished) {
  Application application(500);
  Remote remote({}, {{"allow_callback", "true"}});
  const absl::StatusOr<ObjectStat> put = remote.Put(kObject, "hello", application.Asking());
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(put->etag, remote.Stat(kObject)->etag);
  const absl::StatusOr<ObjectStat> parts = remote.PutParts("hello!", application.Asking());
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_EQ(remote.Stat(kObject)->size, 6);
  EXPECT_EQ(application.bodies().size(), 2u) << "nothing was published twice";
}

TEST(OssFeaturesTest, EveryEncryptionIsTaken) {
  using Options = std::map<std::string, std::string>;
  Remote remote;
  for (const Options& options :
       {Options{{"server_side_encryption", "AES256"}}, Options{{"server_side_encryption", "SM4"}},
        Options{{"server_side_encryption", "KMS"}},
        Options{{"server_side_encryption", "KMS"},
                {"server_side_encryption_key_id", "9468da86-3509-4f8d-a61e-6eab1eac0000"},
                {"server_side_data_encryption", "SM4"}}}) {
    ObjectAttributes attributes;
    attributes.options = options;
    const absl::Status put = remote.Put(kObject, "hello", attributes).status();
    EXPECT_TRUE(put.ok()) << put;
    const absl::Status parts = remote.PutParts("hello", attributes).status();
    EXPECT_TRUE(parts.ok()) << parts;
  }
}

TEST(OssFeaturesTest, ABucketWhoseRequestersPayNeedsTheirLeave) {
  Remote silent({"--requester-pays", kBucket});
  EXPECT_EQ(ErrorReason(silent.Put(kObject, "x").status()), kReasonDenied);
  Remote paying({"--requester-pays", kBucket}, {{"request_payer", "requester"}});
  EXPECT_TRUE(paying.Put(kObject, "x").ok());
}

}  // namespace
}  // namespace penstock
