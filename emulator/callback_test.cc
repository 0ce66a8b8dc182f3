// What callbacks ask for; that they are made is for tests/interop/test_callback.py.

#include "emulator/callback.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

using nlohmann::json;

constexpr char kUrl[] = "http://127.0.0.1:8080/a?b=c";

Request With(const json& callback, const json& variables = nullptr) {
  Request request;
  request.headers["x-oss-callback"] = Base64(callback.dump());
  if (!variables.is_null()) request.headers["x-oss-callback-var"] = Base64(variables.dump());
  return request;
}

Object SomeObject() {
  Object object;
  object.key = "a b&\xC3\xBC";
  object.etag = "E";
  object.size = 12;
  object.crc64 = 7;
  return object;
}

TEST(CallbackTest, NothingIsAskedFor) { EXPECT_FALSE(ReadCallback(Request()).value()); }

TEST(CallbackTest, UrlsAreOfThisMachine) {
  const auto callback = *ReadCallback(With({{"callbackUrl", std::string(kUrl) + ";localhost/x"},
                                            {"callbackBody", "x"}}))
                             .value();
  ASSERT_EQ(callback.urls.size(), 2u);
  EXPECT_EQ(callback.urls[0].port, 8080);
  EXPECT_EQ(callback.urls[0].target, "/a?b=c");
  EXPECT_EQ(callback.urls[1].host, "127.0.0.1");
  EXPECT_EQ(callback.urls[1].port, 80);
  for (const char* url : {"http://192.0.2.1/", "http://example.com/", "https://127.0.0.1/"}) {
    EXPECT_EQ(ReadCallback(With({{"callbackUrl", url}, {"callbackBody", "x"}})).error().code,
              "NotImplemented")
        << url;
  }
}

TEST(CallbackTest, FormsAndJsonEncodeValues) {
  json callback = {{"callbackUrl", kUrl},
                   {"callbackBody", "k=${object}&s=${size}&c=${crc64}&v=${x:v}&n=${x:none}"}};
  const json variables = {{"x:v", "\"q\""}};
  EXPECT_EQ(RenderCallback(*ReadCallback(With(callback, variables)).value(), "b", SomeObject()),
            "k=a%20b%26%C3%BC&s=12&c=7&v=%22q%22&n=");
  callback["callbackBody"] = "[${bucket},${object},${size},${mimeType},${x:v}]";
  callback["callbackBodyType"] = "application/json";
  EXPECT_EQ(json::parse(RenderCallback(*ReadCallback(With(callback, variables)).value(), "b",
                                       SomeObject())),
            json({"b", "a b&\xC3\xBC", 12, "application/octet-stream", "\"q\""}));
}

TEST(CallbackTest, RefusesWhatIsMalformed) {
  const json good = {{"callbackUrl", kUrl}, {"callbackBody", "x"}};
  Request twice = With(good);
  twice.query = {{"callback", twice.headers["x-oss-callback"]}};
  Request large = With({{"callbackUrl", kUrl}, {"callbackBody", std::string(5 << 10, 'x')}});
  Request no_base64 = With(good);
  no_base64.headers["x-oss-callback"] = "{}";
  const Request bad[] = {twice,
                         large,
                         no_base64,
                         With(json::array()),
                         With({{"callbackUrl", kUrl}}),
                         With({{"callbackBody", "x"}}),
                         With({{"callbackUrl", "127.0.0.1:x/"}, {"callbackBody", "x"}}),
                         With(good, {{"v", "x"}}),
                         With({{"callbackUrl", kUrl}, {"callbackBody", "x"}, {"callbackHost", 1}})};
  for (const Request& request : bad) {
    const auto callback = ReadCallback(request);
    ASSERT_FALSE(callback.ok());
    EXPECT_EQ(callback.error().code, "InvalidArgument");
  }
  const auto unknown =
      ReadCallback(With({{"callbackUrl", kUrl}, {"callbackBody", "${imageInfo.width}"}}));
  EXPECT_EQ(unknown.error().code, "NotImplemented");
}

}  // namespace
}  // namespace penstock::emulator
