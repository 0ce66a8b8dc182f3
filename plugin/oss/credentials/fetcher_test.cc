#include "plugin/oss/credentials/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/error.h"
#include "plugin/oss/credentials/fake_cloud.h"

namespace penstock::oss {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kToken[] = "PUT /latest/api/token";
constexpr char kRoles[] = "GET /latest/meta-data/ram/security-credentials/";
constexpr char kOfRole[] = "GET /latest/meta-data/ram/security-credentials/uploads";

class CredentialFetcherTest : public testing::Test {
 protected:
  ~CredentialFetcherTest() override { EXPECT_THAT(cloud_.complaints(), IsEmpty()); }

  absl::StatusOr<IssuedCredentials> Fetch(const SourceSpec& spec) {
    return Fetch([spec] { return absl::StatusOr<SourceSpec>(spec); });
  }
  absl::StatusOr<IssuedCredentials> Fetch(SourceReader read) {
    BackendEnvironment environment;
    environment.executor = executor_.get();
    environment.blocking = executor_.get();
    environment.clock = &clock_;
    environment.random = &SecureRandom();
    FetcherSettings settings;
    settings.metadata.url = metadata_url_.empty() ? cloud_.url() : metadata_url_;
    settings.metadata.plain_allowed = plain_allowed_;
    settings.sts_url = sts_url_.empty() ? cloud_.url() : sts_url_;
    settings.remedy = remedy_;
    CredentialFetcher fetcher(std::move(read), settings, environment);
    std::promise<absl::StatusOr<IssuedCredentials>> promise;
    fetcher.Fetch([&promise](absl::StatusOr<IssuedCredentials> issued) {
      promise.set_value(std::move(issued));
    });
    absl::StatusOr<IssuedCredentials> issued = promise.get_future().get();
    fetcher.Cancel();  // waits for the callback to return
    return issued;
  }

  static RamRole Role() {
    RamRole role;
    role.arn = "acs:ram::1:role/r";
    return role;
  }
  static SourceSpec Assumed(const Credentials& origin, const RamRole& role) {
    return {origin, {role}};
  }

  const std::unique_ptr<Executor> executor_ = MakeThreadPool(1);
  SettableClock clock_;
  FakeCloud cloud_{clock_};
  std::string metadata_url_;
  std::string sts_url_;
  std::string remedy_;
  bool plain_allowed_ = true;
};

// An address where nobody listens: a server that was there, and is gone.
std::string DeadUrl() {
  const FakeHttpServer server([](FakeExchange&) {});
  return server.url();
}

const Credentials kSource = {"source-id", "source-secret", ""};

TEST_F(CredentialFetcherTest, FixedCredentialsDoNotEnd) {
  const auto issued = Fetch({kSource, {}});
  EXPECT_EQ(issued.value().credentials, kSource);
  EXPECT_EQ(issued->expiration, absl::InfiniteFuture());
  EXPECT_THAT(cloud_.requests(), IsEmpty());
}

TEST_F(CredentialFetcherTest, EcsAsksForTokenRoleAndCredentials) {
  const auto issued = Fetch({EcsRamRole{}, {}});
  EXPECT_EQ(issued.value().credentials, (Credentials{"STS.1", "s1", "t1"}));
  EXPECT_EQ(issued->expiration, kCloudNow + absl::Hours(1));
  EXPECT_THAT(cloud_.requests(), ElementsAre(kToken, kRoles, kOfRole));
}

TEST_F(CredentialFetcherTest, EcsWithARoleNameDoesNotAskForIt) {
  FakeCloud::Behaviour hardened;
  hardened.needs_token = true;
  cloud_.Behave(hardened);
  EXPECT_TRUE(Fetch({EcsRamRole{"uploads"}, {}}).ok());
  EXPECT_THAT(cloud_.requests(), ElementsAre(kToken, kOfRole));
}

TEST_F(CredentialFetcherTest, EcsGoesOnWithoutATokenWhereNoneIsGiven) {
  for (const int status : {400, 403, 404, 405, 500}) {
    FakeCloud::Behaviour behaviour;
    behaviour.token_status = status;
    cloud_.Behave(behaviour);
    EXPECT_TRUE(Fetch({EcsRamRole{"uploads"}, {}}).ok()) << status;
  }
}

TEST_F(CredentialFetcherTest, EcsNeverGoesWithoutATokenWhereThatIsForbidden) {
  plain_allowed_ = false;
  FakeCloud::Behaviour behaviour;
  behaviour.token_status = 404;
  cloud_.Behave(behaviour);
  const absl::Status refused = Fetch({EcsRamRole{"uploads"}, {}}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("HTTP 404"), HasSubstr("ALIBABA_CLOUD_IMDSV1_DISABLED")));
  behaviour.token_status = 503;
  cloud_.Behave(behaviour);
  EXPECT_EQ(Fetch({EcsRamRole{"uploads"}, {}}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(cloud_.requests(), ElementsAre(kToken, kToken));
}

TEST_F(CredentialFetcherTest, EcsOfAHardenedInstanceThatGivesNoTokenSaysSo) {
  FakeCloud::Behaviour behaviour;
  behaviour.token_status = 500;
  behaviour.needs_token = true;
  cloud_.Behave(behaviour);
  const absl::Status status = Fetch({EcsRamRole{}, {}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("HTTP 500"), HasSubstr("hardened")));
}

TEST_F(CredentialFetcherTest, EcsWithoutARoleSaysWhatToDo) {
  FakeCloud::Behaviour behaviour;
  behaviour.role = "";
  cloud_.Behave(behaviour);
  const absl::Status none = Fetch({EcsRamRole{}, {}}).status();
  EXPECT_EQ(ErrorReason(none), kReasonDenied);
  EXPECT_THAT(std::string(none.message()), HasSubstr("no RAM role is attached"));
  const absl::Status other = Fetch({EcsRamRole{"other"}, {}}).status();
  EXPECT_EQ(ErrorReason(other), kReasonDenied);
  EXPECT_THAT(std::string(other.message()), HasSubstr("no RAM role \"other\""));
}

TEST_F(CredentialFetcherTest, EcsTellsAnUnreachableServiceAndWhyItWasAsked) {
  metadata_url_ = DeadUrl();
  remedy_ = "nobody asked for it";
  const absl::Status status = Fetch({EcsRamRole{}, {}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(metadata_url_), HasSubstr("nobody asked for it")));
}

TEST_F(CredentialFetcherTest, EcsTellsNonsenseFromARefusal) {
  struct Row {
    std::string role;
    std::string reply;
    int status;
    absl::StatusCode code;
  };
  const auto unavailable = absl::StatusCode::kUnavailable;
  const auto denied = absl::StatusCode::kPermissionDenied;
  const Row rows[] = {{"uploads", "<html>", 200, unavailable},
                      {"uploads", R"({"Code": "Success"})", 200, unavailable},
                      {"../x", "", 200, unavailable},
                      {"uploads", "x", 500, unavailable},
                      {"uploads", "x", 429, unavailable},
                      {"uploads", "x", 403, denied},
                      {"uploads", R"({"Code": "AssumeRoleFailed"})", 200, denied}};
  for (const auto& [role, reply, http_status, code] : rows) {
    FakeCloud::Behaviour behaviour;
    behaviour.role = role;
    behaviour.metadata_reply = reply;
    behaviour.metadata_status = http_status;
    cloud_.Behave(behaviour);
    const absl::Status status = Fetch({EcsRamRole{}, {}}).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(RetryDelay(status).has_value(), code == absl::StatusCode::kUnavailable) << status;
  }
}

TEST(StsSignatureTest, IsTheOneOfTheDocumentation) {
  const Query parameters = {{"AccessKeyId", "testid"},
                            {"Action", "DescribeRegions"},
                            {"Format", "XML"},
                            {"SignatureMethod", "HMAC-SHA1"},
                            {"SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"},
                            {"SignatureVersion", "1.0"},
                            {"Timestamp", "2016-02-23T12:46:24Z"},
                            {"Version", "2014-05-26"}};
  EXPECT_EQ(StsSignature("GET", parameters, "testsecret"), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
}

TEST(StsSignatureTest, IsTheOneThatAnotherImplementationComputed) {
  // By Python's hmac and urllib.parse.quote.
  Query parameters = {{"Action", "AssumeRole"},
                      {"Version", "2015-04-01"},
                      {"Format", "JSON"},
                      {"Timestamp", "2026-11-27T17:00:00Z"},
                      {"SignatureMethod", "HMAC-SHA1"},
                      {"SignatureVersion", "1.0"},
                      {"SignatureNonce", "0123456789abcdef"},
                      {"AccessKeyId", "LTAItest"},
                      {"RoleArn", "acs:ram::123456789012:role/uploads"},
                      {"RoleSessionName", "penstock"},
                      {"DurationSeconds", "3600"}};
  EXPECT_EQ(StsSignature("POST", parameters, "testsecret"), "6xc4ik01wOZiSy6z5D354fFX7Uk=");
  parameters["SecurityToken"] = "CAIS+/=~ *x";
  parameters["ExternalId"] = "a b*c~d/\xc3\xa9";
  parameters["Policy"] = R"({"Version": "1"})";
  EXPECT_EQ(StsSignature("POST", parameters, "testsecret"), "BPXBaljzu8Leuxdri7OZMQrCjGU=");
}

TEST_F(CredentialFetcherTest, AssumeRoleIsSignedAndSaysAllThatWasConfigured) {
  RamRole role = Role();
  role.session_name = "night shift@1";
  role.external_id = "a b*c~/";
  role.policy = R"({"Version": "1"})";
  role.duration_seconds = 900;
  const auto issued = Fetch(Assumed({"source-id", "source-secret", "tok+en/="}, role));
  EXPECT_EQ(issued.value().credentials, (Credentials{"STS.1", "s1", "t1"}));
  EXPECT_EQ(issued->expiration, kCloudNow + absl::Hours(1));
  FakeCloud::Fields fields = cloud_.sts_fields();
  EXPECT_EQ(fields["AccessKeyId"], "source-id");
  EXPECT_EQ(fields["SecurityToken"], "tok+en/=");
  EXPECT_EQ(fields["RoleArn"], role.arn);
  EXPECT_EQ(fields["RoleSessionName"], role.session_name);
  EXPECT_EQ(fields["ExternalId"], role.external_id);
  EXPECT_EQ(fields["Policy"], role.policy);
  EXPECT_EQ(fields["DurationSeconds"], "900");
}

TEST_F(CredentialFetcherTest, AssumeRoleLeavesOutWhatWasNotSaid) {
  ASSERT_TRUE(Fetch(Assumed(kSource, Role())).ok());
  FakeCloud::Fields fields = cloud_.sts_fields();
  const std::string nonce = fields["SignatureNonce"];
  for (const char* name : {"SecurityToken", "ExternalId", "Policy"}) {
    EXPECT_FALSE(fields.contains(name)) << name;
  }
  ASSERT_TRUE(Fetch(Assumed(kSource, Role())).ok());
  EXPECT_NE(cloud_.sts_fields()["SignatureNonce"], nonce);
}

TEST_F(CredentialFetcherTest, RolesAreAssumedOneWithTheOther) {
  FakeCloud::Behaviour behaviour;
  behaviour.sts_secret = "s1";  // of the credentials that the metadata service gives
  cloud_.Behave(behaviour);
  ASSERT_TRUE(Fetch({EcsRamRole{}, {Role()}}).ok());
  EXPECT_EQ(cloud_.sts_fields()["SecurityToken"], "t1");
  // The second role is assumed with the first one's: signed with s3, and refused.
  behaviour.sts_secret = "source-secret";
  cloud_.Behave(behaviour);
  const absl::Status status = Fetch({kSource, {Role(), Role()}}).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("SignatureDoesNotMatch"));
  EXPECT_EQ(cloud_.sts_fields()["AccessKeyId"], "STS.3");
}

TEST_F(CredentialFetcherTest, AWrongSecretIsRefusedWithoutShowingWhatWasSigned) {
  const absl::Status status = Fetch(Assumed({"id", "other-secret", ""}, Role())).status();
  EXPECT_EQ(ErrorReason(status), kReasonDenied);
  EXPECT_EQ(RetryDelay(status), std::nullopt);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("SignatureDoesNotMatch"), HasSubstr("R9"), HasSubstr("access key"),
                    HasSubstr("acs:ram::1:role/r"), Not(HasSubstr("string to sign"))));
}

TEST_F(CredentialFetcherTest, OidcSendsItsTokenUnsigned) {
  const OidcRole oidc = {Role(), "acs:ram::1:oidc-provider/p", "ey.J0"};
  EXPECT_EQ(Fetch({oidc, {}}).value().credentials, (Credentials{"STS.1", "s1", "t1"}));
  FakeCloud::Fields fields = cloud_.sts_fields();
  EXPECT_EQ(fields["Action"], "AssumeRoleWithOIDC");
  EXPECT_EQ(fields["OIDCProviderArn"], oidc.provider_arn);
  EXPECT_EQ(fields["OIDCToken"], oidc.token);
  EXPECT_EQ(fields["RoleArn"], oidc.role.arn);
  EXPECT_EQ(fields["RoleSessionName"], "penstock");
  EXPECT_EQ(fields["DurationSeconds"], "3600");
  for (const char* name : {"Signature", "AccessKeyId", "SignatureNonce"}) {
    EXPECT_FALSE(fields.contains(name)) << name;
  }
}

TEST_F(CredentialFetcherTest, StsTellsTroubleFromARefusal) {
  const auto error = [](const std::string& code, const std::string& message = "m") {
    return absl::StrCat(R"({"Code": ")", code, R"(", "Message": ")", message,
                        R"(", "RequestId": "R7"})");
  };
  struct Row {
    int status;
    std::string reply;
    absl::StatusCode code;
    std::string says;
  };
  const auto unavailable = absl::StatusCode::kUnavailable;
  const auto denied = absl::StatusCode::kPermissionDenied;
  const Row rows[] = {
      {500, error("InternalError"), unavailable, "R7"},
      {503, "", unavailable, "HTTP 503"},
      {302, "", unavailable, "HTTP 302"},
      {403, "<html>proxy</html>", unavailable, "HTTP 403"},
      {400, error("Throttling.User"), unavailable, "Throttling.User"},
      {400, error("SignatureNonceUsed"), unavailable, "SignatureNonceUsed"},
      {200, "<html>", unavailable, "JSON"},
      {200, "{}", unavailable, "Credentials"},
      {200, R"({"Credentials": {"AccessKeyId": "a"}})", unavailable, "AccessKeySecret"},
      {403, error("NoPermission"), denied, "sts:AssumeRole"},
      {404, error("EntityNotExist.Role"), denied, "ARN"},
      {400, error("InvalidTimeStamp.Expired"), denied, "clock"},
      {404, error("InvalidAccessKeyId.NotFound"), denied, "access key"},
      {400, error("AuthenticationFail.OIDCToken.Expired"), denied, "identity provider"},
  };
  for (const Row& row : rows) {
    FakeCloud::Behaviour behaviour;
    behaviour.sts_status = row.status;
    behaviour.sts_reply = row.reply.empty() ? " " : row.reply;
    cloud_.Behave(behaviour);
    const absl::Status status = Fetch(Assumed(kSource, Role())).status();
    EXPECT_EQ(status.code(), row.code) << status;
    EXPECT_EQ(RetryDelay(status).has_value(), row.code == unavailable) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.says));
  }
}

TEST_F(CredentialFetcherTest, AnErrorThatRepeatsASecretIsNotRepeated) {
  FakeCloud::Behaviour behaviour;
  behaviour.sts_status = 400;
  cloud_.Behave(behaviour);
  for (const std::string echo : {"to+ken", "to%2Bken"}) {
    behaviour.sts_reply = absl::StrCat(R"({"Code": "Odd", "Message": "got )", echo, "\"}");
    cloud_.Behave(behaviour);
    const OidcRole oidc = {Role(), "p", "to+ken"};
    const absl::Status status = Fetch({oidc, {}}).status();
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("Odd"), Not(HasSubstr(echo))));
  }
}

TEST_F(CredentialFetcherTest, AnUnreachableStsIsUnavailable) {
  sts_url_ = DeadUrl();
  const absl::Status status = Fetch(Assumed(kSource, Role())).status();
  EXPECT_EQ(ErrorReason(status), kReasonUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(sts_url_));
}

TEST_F(CredentialFetcherTest, WhatTheReaderSaysIsTheAnswer) {
  const absl::Status status =
      Fetch([] {
        return absl::StatusOr<SourceSpec>(absl::InvalidArgumentError("no file"));
      }).status();
  EXPECT_EQ(status.message(), "no file");
}

TEST_F(CredentialFetcherTest, CancelEndsAFetchThatGetsNoAnswer) {
  std::promise<void> asked;
  const FakeHttpServer silent([&asked](FakeExchange& exchange) {
    asked.set_value();
    exchange.WaitForClientToClose();
  });
  BackendEnvironment environment;
  environment.executor = executor_.get();
  environment.blocking = executor_.get();
  FetcherSettings settings;
  settings.metadata.url = silent.url();
  CredentialFetcher fetcher(
      [] {
        return absl::StatusOr<SourceSpec>(SourceSpec{EcsRamRole{}, {}});
      },
      settings, environment);
  std::promise<absl::StatusOr<IssuedCredentials>> promise;
  fetcher.Fetch([&promise](absl::StatusOr<IssuedCredentials> issued) {
    promise.set_value(std::move(issued));
  });
  asked.get_future().wait();
  fetcher.Cancel();
  EXPECT_EQ(promise.get_future().get().status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace penstock::oss
