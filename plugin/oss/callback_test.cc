#include "plugin/oss/callback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::oss {
namespace {

using Options = std::map<std::string, std::string>;
using testing::HasSubstr;

constexpr char kGood[] = R"({"callbackUrl":"https://a.example/","callbackBody":"key=${object}"})";

std::string Problem(const Options& options) {
  const absl::Status status = CheckCallback(options);
  if (status.ok()) return "";
  EXPECT_EQ(ErrorReason(status), "BAD_BACKEND_OPTION");
  return std::string(status.message());
}

TEST(CallbackTest, TakesWhatOssDocuments) {
  EXPECT_EQ(Problem({}), "");
  EXPECT_EQ(Problem({{"callback", kGood}}), "");
  EXPECT_EQ(Problem({{"callback", kGood}, {"callback_var", R"({"x:a":"1","x:b":""})"}}), "");
  EXPECT_EQ(Problem({{"callback",
                      R"({"callbackUrl":"a;b;c;d;e","callbackHost":"h","callbackBody":"{}",
                          "callbackBodyType":"application/json","callbackSNI":true})"}}),
            "");
}

TEST(CallbackTest, SaysWhatIsWrong) {
  EXPECT_THAT(Problem({{"callback", "eyJjYWxsYmFja1VybCI6IiJ9"}}), HasSubstr("base64"));
  EXPECT_THAT(Problem({{"callback", "[]"}}), HasSubstr("JSON object"));
  EXPECT_THAT(Problem({{"callback", R"({"callbackBody":"b"})"}}), HasSubstr("callbackUrl"));
  EXPECT_THAT(Problem({{"callback", R"({"callbackUrl":"a","callbackBody":7})"}}),
              HasSubstr("callbackBody"));
  EXPECT_THAT(Problem({{"callback", R"({"callbackUrl":"a;b;c;d;e;f","callbackBody":"b"})"}}),
              HasSubstr("5 URLs, 6 came"));
  EXPECT_THAT(
      Problem({{"callback",
                R"({"callbackUrl":"a","callbackBody":"b","callbackBodyType":"text/xml"})"}}),
      HasSubstr("callbackBodyType"));
  EXPECT_THAT(Problem({{"callback_var", "{}"}}), HasSubstr("needs the option callback"));
  EXPECT_THAT(Problem({{"callback", kGood}, {"callback_var", R"({"a":"1"})"}}),
              HasSubstr("begin with x:"));
  EXPECT_THAT(Problem({{"callback", kGood}, {"callback_var", R"({"x:a":1})"}}), HasSubstr("x:a"));
}

TEST(CallbackTest, KeepsToTheLimitOfTheEncodedText) {
  const std::string begin = R"({"callbackUrl":"a","callbackBody":")";
  const std::string end = R"("})";
  const std::string body(3840 - begin.size() - end.size(), 'b');  // 5120 bytes in base64
  EXPECT_EQ(Problem({{"callback", begin + body + end}}), "");
  EXPECT_THAT(Problem({{"callback", begin + body + "b" + end}}), HasSubstr("5120"));
}

TEST(CallbackTest, HeadersCarryBase64) {
  EXPECT_EQ(CallbackHeaders({{"acl", "private"}}), Headers());
  EXPECT_EQ(
      CallbackHeaders({{"callback", "{}"}, {"callback_var", R"({"x:a":"\u00e4"})"}}),
      (Headers{{"x-oss-callback", "e30="}, {"x-oss-callback-var", "eyJ4OmEiOiJcdTAwZTQifQ=="}}));
  EXPECT_TRUE(AsksForCallback({{"callback_var", "{}"}}));
  EXPECT_FALSE(AsksForCallback({{"acl", "private"}}));
}

}  // namespace
}  // namespace penstock::oss
