#include "plugin/oss/endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::oss {
namespace {

struct Row {
  OptionValues values;
  const char* url;  // of bucket "bkt" and key "a/b c"
};

TEST(EndpointTest, BuildsUrls) {
  const Row rows[] = {
      {{{"region", "cn-hangzhou"}}, "https://bkt.oss-cn-hangzhou.aliyuncs.com/a/b%20c"},
      {{{"region", "cn-hangzhou"}, {"endpoint", "oss-cn-hangzhou-internal.aliyuncs.com"}},
       "https://bkt.oss-cn-hangzhou-internal.aliyuncs.com/a/b%20c"},
      {{{"region", "cn-hangzhou"}, {"endpoint_type", "public"}},
       "https://bkt.oss-cn-hangzhou.aliyuncs.com/a/b%20c"},
      {{{"region", "cn-hangzhou"}, {"endpoint_type", "internal"}},
       "https://bkt.oss-cn-hangzhou-internal.aliyuncs.com/a/b%20c"},
      {{{"region", "cn-hangzhou"}, {"endpoint_type", "dual-stack"}},
       "https://bkt.cn-hangzhou.oss.aliyuncs.com/a/b%20c"},
      {{{"region", "cn-hangzhou"}, {"endpoint_type", "accelerate"}},
       "https://bkt.oss-accelerate.aliyuncs.com/a/b%20c"},
      {{{"region", "us-west-1"}, {"endpoint_type", "accelerate-overseas"}},
       "https://bkt.oss-accelerate-overseas.aliyuncs.com/a/b%20c"},
      {{{"region", "cn-shanghai-finance-1"},
        {"endpoint", "oss-cn-shanghai-finance-1-internal.aliyuncs.com"}},
       "https://bkt.oss-cn-shanghai-finance-1-internal.aliyuncs.com/a/b%20c"},
      {{{"region", "cb-123"}, {"endpoint", "cb-123.cn-hangzhou.oss-cloudbox.aliyuncs.com"}},
       "https://bkt.cb-123.cn-hangzhou.oss-cloudbox.aliyuncs.com/a/b%20c"},
      {{{"region", "cn-hangzhou"},
        {"endpoint", "bkt.oss-cn-hangzhou.aliyuncs.com"},
        {"addressing", "cname"},
        {"buckets", "bkt"}},
       "https://bkt.oss-cn-hangzhou.aliyuncs.com/a/b%20c"},
      {{{"region", "r1"}, {"endpoint", "HTTP://Host.Example:8080/"}},
       "http://bkt.host.example:8080/a/b%20c"},
      {{{"region", "r1"}, {"endpoint", "http://127.0.0.1:9000"}},
       "http://127.0.0.1:9000/bkt/a/b%20c"},
      {{{"region", "r1"}, {"endpoint", "http://[::1]:9000"}}, "http://[::1]:9000/bkt/a/b%20c"},
      {{{"region", "r1"}, {"endpoint", "localhost:1"}}, "https://localhost:1/bkt/a/b%20c"},
      {{{"region", "r1"}, {"endpoint", "localhost:1"}, {"addressing", "virtual"}},
       "https://bkt.localhost:1/a/b%20c"},
      {{{"region", "r1"}, {"endpoint", "proxy.example"}, {"addressing", "path"}},
       "https://proxy.example/bkt/a/b%20c"},
      {{{"region", "r1"},
        {"endpoint", "files.example.com"},
        {"addressing", "cname"},
        {"buckets", "bkt"}},
       "https://files.example.com/a/b%20c"}};
  for (const Row& row : rows) {
    const absl::StatusOr<Endpoint> endpoint = Endpoint::Create(row.values);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->Url("bkt", "a/b c", {}), row.url);
  }
}

TEST(EndpointTest, AddsTheQueryAndNamesTheBucketAlone) {
  const absl::StatusOr<Endpoint> endpoint =
      Endpoint::Create({{"region", "r1"}, {"endpoint", "http://127.0.0.1:9000"}});
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->Url("bkt", "", {{"uploads", ""}, {"prefix", "a/b"}}),
            "http://127.0.0.1:9000/bkt/?prefix=a%2Fb&uploads");
}

TEST(EndpointTest, SignsForTheCloudBoxOfTheRegion) {
  const absl::StatusOr<Endpoint> box =
      Endpoint::Create({{"region", "cb-1"}, {"endpoint", "cb-1.r.oss-cloudbox.aliyuncs.com"}});
  ASSERT_TRUE(box.ok());
  EXPECT_EQ(box->scope().product, "oss-cloudbox");
  EXPECT_EQ(Endpoint::Create({{"region", "cn-a"}})->scope().product, "oss");
}

TEST(EndpointTest, SaysWhatToWriteForARegionWithOssBeforeIt) {
  const absl::Status status = Endpoint::Create({{"region", "oss-cn-hangzhou"}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorMetadataOf(status).at("option"), "region");
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("write \"cn-hangzhou\""));
}

TEST(EndpointTest, SaysWhatToWriteForAnEndpointWithTheBucketBeforeIt) {
  for (const char* host : {"bkt.oss-cn-hangzhou.aliyuncs.com", "s3.oss-cn-hangzhou.aliyuncs.com"}) {
    const absl::Status status =
        Endpoint::Create({{"region", "cn-hangzhou"}, {"endpoint", host}}).status();
    EXPECT_THAT(std::string(status.message()),
                testing::HasSubstr("write \"oss-cn-hangzhou.aliyuncs.com\""))
        << host;
  }
}

TEST(EndpointTest, RefusesWhatItCannotUse) {
  const std::pair<OptionValues, const char*> rows[] = {
      {{}, "region"},
      {{{"region", "CN"}}, "region"},
      {{{"region", "a/b"}}, "region"},
      {{{"region", "cb-1"}}, "endpoint"},
      {{{"region", "cn-shanghai-finance-1"}}, "endpoint"},
      {{{"region", "cn-hangzhou"}, {"endpoint_type", "private"}}, "endpoint_type"},
      {{{"region", "r"}, {"endpoint", "host"}, {"endpoint_type", "internal"}}, "endpoint_type"},
      {{{"region", "r"}, {"endpoint", "bkt.oss-cn-hangzhou.aliyuncs.com"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "s3.oss-cn-hangzhou.aliyuncs.com"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "ftp://host"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "host/path"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "user@host"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "host:0"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "host:99999"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "host?x"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "https://"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "[::1"}}, "endpoint"},
      {{{"region", "r"}, {"endpoint", "127.0.0.1"}, {"addressing", "virtual"}}, "addressing"},
      {{{"region", "r"}, {"addressing", "dns"}}, "addressing"},
      {{{"region", "r"}, {"endpoint", "e.example"}, {"addressing", "cname"}}, "buckets"},
      {{{"region", "r"}, {"addressing", "cname"}, {"buckets", "one,two"}}, "buckets"}};
  for (const auto& [values, option] : rows) {
    const absl::Status status = Endpoint::Create(values).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << testing::PrintToString(values);
    EXPECT_EQ(ErrorMetadataOf(status).at("option"), option) << testing::PrintToString(values);
  }
}

TEST(EndpointTest, TheServiceHasNoBucketInItsUrl) {
  const Endpoint host = Endpoint::Create({{"region", "cn-hangzhou"}}).value();
  EXPECT_EQ(host.ServiceUrl({{"max-keys", "10"}}),
            "https://oss-cn-hangzhou.aliyuncs.com/?max-keys=10");
  EXPECT_TRUE(host.reaches_service());
  const Endpoint path =
      Endpoint::Create({{"region", "cn-hangzhou"}, {"endpoint", "http://127.0.0.1:9000"}}).value();
  EXPECT_EQ(path.ServiceUrl({}), "http://127.0.0.1:9000/");
  const Endpoint domain = Endpoint::Create({{"region", "cn-hangzhou"},
                                            {"endpoint", "objects.example.com"},
                                            {"addressing", "cname"},
                                            {"buckets", "photos"}})
                              .value();
  EXPECT_FALSE(domain.reaches_service());
}

}  // namespace
}  // namespace penstock::oss
