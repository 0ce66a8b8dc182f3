#include "plugin/oss/object_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::oss {
namespace {

ObjectAttributes Forbidding() {
  ObjectAttributes attributes;
  attributes.forbid_overwrite = true;
  return attributes;
}

ObjectAttributes Calling() {
  ObjectAttributes attributes;
  attributes.options = {{"callback", "{}"}};
  return attributes;
}

TEST(ObjectPolicyTest, AddsNothingByItself) {
  const ObjectPolicy policy = ObjectPolicy::Create({}).value();
  EXPECT_EQ(policy.versioning(), ObjectPolicy::Versioning::kAsk);
  EXPECT_EQ(policy.request_headers(), Headers());
  EXPECT_EQ(policy.body_headers(), Headers());
  EXPECT_TRUE(policy.Check(Forbidding()).ok());
}

TEST(ObjectPolicyTest, OptionsBecomeHeaders) {
  const ObjectPolicy policy =
      ObjectPolicy::Create({{"traffic_limit", "819200"}, {"request_payer", "requester"}}).value();
  EXPECT_EQ(policy.request_headers(), (Headers{{"x-oss-request-payer", "requester"}}));
  EXPECT_EQ(policy.body_headers(), (Headers{{"x-oss-traffic-limit", "819200"}}));
  EXPECT_TRUE(ObjectPolicy::Create({{"traffic_limit", "838860800"}}).ok());
}

TEST(ObjectPolicyTest, RefusesOptionsThatOssWouldRefuse) {
  const std::pair<const char*, const char*> bad[] = {
      {"traffic_limit", "819199"},     {"traffic_limit", "838860801"}, {"traffic_limit", "1M"},
      {"traffic_limit", "-819200"},    {"request_payer", "owner"},     {"allow_callback", "yes"},
      {"bucket_versioning", "Enabled"}};
  for (const auto& [name, value] : bad) {
    const absl::Status status = ObjectPolicy::Create({{name, value}}).status();
    EXPECT_EQ(ErrorReason(status), "BAD_REMOTE_OPTION") << name << " " << value;
    EXPECT_EQ(ErrorMetadataOf(status).at("option"), name);
  }
}

TEST(ObjectPolicyTest, CallbacksNeedTheRemotesLeave) {
  const absl::Status refused = ObjectPolicy::Create({})->Check(Calling());
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorReason(refused), "CALLBACK_NOT_ALLOWED");
  EXPECT_FALSE(ObjectPolicy::Create({{"allow_callback", "false"}})->Check(Calling()).ok());
  EXPECT_TRUE(ObjectPolicy::Create({{"allow_callback", "true"}})->Check(Calling()).ok());
}

TEST(ObjectPolicyTest, VersioningThatIsOnMakesForbidOverwriteNoPromise) {
  const ObjectPolicy policy = ObjectPolicy::Create({{"bucket_versioning", "on"}}).value();
  const absl::Status refused = policy.Check(Forbidding());
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(refused), "CONDITION_UNSUPPORTED");
  EXPECT_TRUE(policy.Check({}).ok());
  EXPECT_TRUE(ObjectPolicy::Create({{"bucket_versioning", "off"}})->Check(Forbidding()).ok());
}

}  // namespace
}  // namespace penstock::oss
