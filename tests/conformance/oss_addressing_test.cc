// The oss backend signs and addresses its requests in every way that it knows so that the emulator,
// which shares no code with it, takes them; and says what to configure where it does not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/executor.h"
#include "base/http/http_loop.h"
#include "base/random.h"
#include "plugin/oss/client_options.h"
#include "plugin/oss/oss.h"
#include "plugin/oss/signer.h"
#include "plugin/registry.h"
#include "tests/support/backend_calls.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

using testing_support::ChildProcess;

constexpr char kBucket[] = "addressing";
constexpr char kKeyId[] = "addressing-key-id";
constexpr char kSecret[] = "not-a-secret-but-for-tests";
constexpr char kToken[] = "a-token/of+some=kind";
constexpr char kDomain[] = "files.localhost";  // libcurl resolves all of localhost by itself

// A name that is not the same in a URL, in a signature's text, and as it is.
const ObjectName kObject = {kBucket, "dir/a b+c%20?d&e=f/\xc3\xa4~'(1)*.txt"};

class WrongClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now() + wrong_by; }

  absl::Duration wrong_by;
};

struct Way {
  const char* name;
  const char* host;  // of the endpoint; its port is the emulator's
  OptionValues options;
  bool temporary = false;  // credentials
};

void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class OssAddressing : protected testing_support::BackendCalls {
 protected:
  explicit OssAddressing(bool temporary = false) : executor_(MakeThreadPool(2)) {
    testing_support::WriteFile(directory_.File("secret"), kSecret);
    testing_support::WriteFile(directory_.File("token"), kToken);
    std::filesystem::create_directory(directory_.File("data"));
    std::vector<std::string> command = {OSS_EMULATOR_PATH,
                                        "--listen",
                                        "127.0.0.1:0",
                                        "--data",
                                        directory_.File("data"),
                                        "--bucket",
                                        kBucket,
                                        "--access-key-id",
                                        kKeyId,
                                        "--access-key-secret-file",
                                        directory_.File("secret"),
                                        "--region",
                                        "cn-hangzhou",
                                        "--cname",
                                        absl::StrCat(kDomain, "=", kBucket)};
    if (temporary) {
      command.insert(command.end(), {"--security-token-file", directory_.File("token")});
    }
    emulator_ = ChildProcess::Start(command).value();
    address_ = emulator_->ReadLine().value();
  }

  void MakeBackend(const std::string& host, const OptionValues& more) {
    OptionValues values = {{"endpoint", absl::StrReplaceAll(address_, {{"127.0.0.1", host}})},
                           {"region", "cn-hangzhou"},
                           {"access_key_id", kKeyId},
                           {"access_key_secret_file", directory_.File("secret")}};
    for (const auto& [name, value] : more) values[name] = value;
    BackendEnvironment environment;
    environment.http = &http_;
    environment.executor = executor_.get();
    environment.blocking = executor_.get();
    environment.clock = &clock_;
    environment.random = &SecureRandom();
    Registry registry;
    registry.Add(OssBackendInfo());
    backend_ = registry.Create("oss", values, environment).value();
  }

  Backend& backend() override { return *backend_; }

  const testing_support::TempDir directory_;
  std::unique_ptr<ChildProcess> emulator_;
  std::string address_;
  WrongClock clock_;                          // right, unless a test sets it
  const std::unique_ptr<Executor> executor_;  // goes after the backend
  HttpLoop http_;                             // so does this
  std::unique_ptr<Backend> backend_;
};

class OssWaysTest : public testing::TestWithParam<Way>, protected OssAddressing {
 protected:
  OssWaysTest() : OssAddressing(GetParam().temporary) { MakeBackend(); }

  void MakeBackend() {
    OptionValues options = GetParam().options;
    if (GetParam().temporary) options["security_token_file"] = directory_.File("token");
    OssAddressing::MakeBackend(GetParam().host, options);
  }
};

TEST_P(OssWaysTest, EveryOperationIsTaken) {
  ObjectAttributes attributes;
  attributes.content_type = "text/plain";
  attributes.metadata = {{"author", "a  b"}};
  const std::string id = Initiate(kObject, attributes).value();
  const std::string bytes(backend().capabilities().min_part_size, 'x');
  const std::string etag = Upload(kObject, id, 1, bytes).value();
  EXPECT_EQ(ListParts(kObject, id)->size(), 1u);
  EXPECT_EQ(ListUploads(kBucket, "dir/a b+c%")->uploads.size(), 1u);
  const absl::StatusOr<ObjectStat> completed = Complete(kObject, id, {{1, etag}}, attributes);
  ASSERT_TRUE(completed.ok()) << completed.status();
  EXPECT_EQ(completed->size, static_cast<int64_t>(bytes.size()));
  const std::string other = Initiate(kObject).value();
  EXPECT_TRUE(Abort(kObject, other).ok());
  const absl::StatusOr<ObjectStat> put = Put(kObject, "small", attributes);
  ASSERT_TRUE(put.ok()) << put.status();
  EXPECT_EQ(Stat(kObject)->size, 5);
  EXPECT_TRUE(Delete(kObject).ok());
}

TEST_P(OssWaysTest, AWrongClockIsCorrected) {
  for (const absl::Duration wrong_by : {absl::Hours(30), -absl::Hours(30)}) {
    clock_.wrong_by = wrong_by;
    MakeBackend();  // one that has learnt nothing yet
    // HEAD tells its errors in a header.
    EXPECT_EQ(Stat(kObject).status().code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(Put(kObject, "signed by the corrected clock").ok());
    EXPECT_TRUE(Delete(kObject).ok());
  }
}

// What nobody but the signer's tests makes yet: URLs that carry their signature.
TEST_P(OssWaysTest, PresignedUrlsAreTaken) {
  OptionValues values = GetParam().options;
  values.insert({{"endpoint", absl::StrReplaceAll(address_, {{"127.0.0.1", GetParam().host}})},
                 {"region", "cn-hangzhou"}});
  const oss::ClientOptions options = oss::ClientOptions::Create(values).value();
  oss::Signer signer(options.signature, options.endpoint.scope());
  const oss::Credentials credentials = {kKeyId, kSecret, GetParam().temporary ? kToken : ""};
  const auto send = [&](const std::string& method, const oss::Headers& headers,
                        std::shared_ptr<const Buffer> body, const std::string& tamper) {
    oss::SigningInput input{method,  kBucket, kObject.key, {{"response-content-type", "x/y z"}},
                            headers, {"zabc"}};
    if (method == "PUT") input.query.clear();
    signer.SignQuery(input, credentials, absl::Now(), absl::Minutes(1));
    HttpRequest request;
    request.method = method;
    request.url = options.endpoint.Url(kBucket, kObject.key + tamper, input.query);
    for (const auto& [name, value] : headers) request.headers.push_back(name + ": " + value);
    request.body = std::move(body);
    std::promise<absl::StatusOr<HttpResponse>> answer;
    http_.Send(std::move(request), [&answer](auto got) { answer.set_value(std::move(got)); });
    return answer.get_future().get().value();
  };
  const oss::Headers headers = {
      {"content-type", "text/plain"}, {"x-oss-meta-author", "ada"}, {"zabc", "signed by V4"}};
  EXPECT_EQ(send("PUT", headers, MakeBuffer("hello"), "").status, 200);
  const HttpResponse read = send("GET", {}, nullptr, "");
  EXPECT_EQ(read.body, "hello");
  EXPECT_EQ(read.Header("content-type"), "x/y z");
  EXPECT_EQ(send("GET", {}, nullptr, "x").status, 403);
}

INSTANTIATE_TEST_SUITE_P(
    All, OssWaysTest,
    testing::Values(
        Way{"PathV4", "127.0.0.1", {}}, Way{"PathV1", "127.0.0.1", {{"signature", "v1"}}},
        Way{"PathV4Temporary", "127.0.0.1", {}, true},
        Way{"PathV1Temporary", "127.0.0.1", {{"signature", "v1"}}, true},
        Way{"VirtualHostV4", "localhost", {{"addressing", "virtual"}}},
        Way{"VirtualHostV1", "localhost", {{"addressing", "virtual"}, {"signature", "v1"}}},
        Way{"CnameV4", kDomain, {{"addressing", "cname"}, {"buckets", kBucket}}},
        Way{"CnameV1",
            kDomain,
            {{"addressing", "cname"}, {"buckets", kBucket}, {"signature", "v1"}}}),
    [](const auto& info) { return info.param.name; });

// Where a host of OSS is needed, the emulator plays the proxy on the way to it and the host itself.
class OssMisconfiguredTest : public testing::Test, protected OssAddressing {
 protected:
  // What the remote says of itself when it is used.
  std::string Complaint() {
    const absl::Status status = Stat(kObject).status();
    EXPECT_FALSE(RetryDelay(status).has_value()) << status;
    EXPECT_NE(ErrorMetadataOf(status)["oss_code"], "");
    EXPECT_NE(ErrorMetadataOf(status)["oss_request_id"], "");
    return std::string(status.message());
  }
};

TEST_F(OssMisconfiguredTest, AnotherRegionIsToldToBeChecked) {
  MakeBackend("127.0.0.1", {{"region", "cn-beijing"}});
  EXPECT_THAT(Complaint(), testing::HasSubstr("set the remote's region"));
}

TEST_F(OssMisconfiguredTest, TheEndpointOfAnotherRegionIsToldToBeReplaced) {
  MakeBackend("127.0.0.1", {{"endpoint", "http://oss-cn-beijing.aliyuncs.com"},
                            {"region", "cn-beijing"},
                            {"proxy", address_}});
  EXPECT_THAT(Complaint(),
              testing::HasSubstr("set the remote's endpoint = oss-cn-hangzhou.aliyuncs.com "
                                 "and region = cn-hangzhou"));
}

TEST_F(OssMisconfiguredTest, PathStyleIsToldToBecomeVirtual) {
  MakeBackend("127.0.0.1", {{"endpoint", "http://oss-cn-hangzhou.aliyuncs.com"},
                            {"addressing", "path"},
                            {"proxy", address_}});
  EXPECT_THAT(Complaint(), testing::HasSubstr("addressing = virtual"));
}

TEST_F(OssMisconfiguredTest, AnotherSecretIsToldToBeChecked) {
  testing_support::WriteFile(directory_.File("other"), "another-secret");
  MakeBackend("127.0.0.1", {{"access_key_secret_file", directory_.File("other")}});
  EXPECT_THAT(Complaint(), testing::HasSubstr("check the access key's secret"));
}

TEST_F(OssMisconfiguredTest, AnotherKeyIdIsToldToBeChecked) {
  MakeBackend("127.0.0.1", {{"access_key_id", "somebody-else"}});
  EXPECT_THAT(Complaint(), testing::HasSubstr("check the access key's id"));
}

}  // namespace
}  // namespace penstock
