// What is done with objects and buckets over HTTP besides storing bytes: lists, copies, versions,
// properties, and who pays.

#include <gmock/gmock.h>

#include "base/checksum.h"
#include "emulator/server_fixture.h"

namespace penstock::emulator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ObjectTest : public ServerFixture {
 protected:
  TestReply List(std::vector<std::pair<std::string, std::string>> query) const {
    return Send({.query = std::move(query)});
  }
  TestReply Copy(const std::string& source, std::map<std::string, std::string> headers = {}) const {
    headers["x-oss-copy-source"] = source;
    return Send({.method = "PUT", .key = "copy", .headers = headers});
  }
  TestReply DeleteMany(const std::string& xml) const {
    return Send({.method = "POST",
                 .query = {{"delete", ""}},
                 .headers = {{"content-md5", Base64(Md5Digest(xml))}},
                 .body = xml});
  }
};

TEST_F(ObjectTest, ListsHavePagesOfBothKinds) {
  for (const char* key : {"a", "b/1", "b/2", "c\x01"}) Put(key, "x");
  const TestReply first = List({{"delimiter", "/"}, {"max-keys", "2"}});
  EXPECT_EQ(first.Element("Key"), "a");
  EXPECT_EQ(first.Element("NextMarker"), "b/");
  EXPECT_THAT(first.body, HasSubstr("<CommonPrefixes>"));
  const TestReply second = List({{"delimiter", "/"}, {"marker", "b/"}, {"encoding-type", "url"}});
  EXPECT_EQ(second.Element("Key"), "c%01");
  EXPECT_EQ(second.Element("IsTruncated"), "false");
  EXPECT_EQ(second.Element("NextMarker"), "");

  const TestReply v2 = List({{"list-type", "2"}, {"max-keys", "3"}});
  EXPECT_EQ(v2.Element("KeyCount"), "3");
  EXPECT_THAT(v2.body, Not(HasSubstr("<Owner>")));
  const TestReply rest = List({{"list-type", "2"},
                               {"continuation-token", v2.Element("NextContinuationToken")},
                               {"encoding-type", "url"},
                               {"fetch-owner", "true"}});
  EXPECT_EQ(rest.Element("Key"), "c%01");
  EXPECT_THAT(rest.body, HasSubstr("<Owner>"));
  EXPECT_EQ(List({{"list-type", "2"}, {"start-after", "b/1"}}).Element("Key"), "b/2");
}

TEST_F(ObjectTest, ListsRefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(List({{"max-keys", "1001"}}).Element("ArgumentName"), "max-keys");
  EXPECT_EQ(List({{"list-type", "3"}}).Element("ArgumentName"), "list-type");
  EXPECT_EQ(List({{"list-type", "2"}, {"continuation-token", "!"}}).status, 400);
  EXPECT_EQ(List({{"encoding-type", "base64"}}).status, 400);
  EXPECT_THAT(List({{"lifecycle", ""}}).Element("Message"), HasSubstr("lifecycle"));
  EXPECT_EQ(List({{"lifecycle", ""}}).status, 501);
}

TEST_F(ObjectTest, TimesInXmlHaveWholeSeconds) {
  Put("a", "x");
  EXPECT_TRUE(List({}).Element("LastModified").ends_with(".000Z"));
}

TEST_F(ObjectTest, CopiesTakeTheBytesAndWhatTheyAreToldTo) {
  Send({.method = "PUT",
        .key = "a +",
        .headers = {{"x-oss-meta-color", "red"}, {"x-oss-tagging", "a=b"}},
        .body = "hello"});
  EXPECT_EQ(Copy("/bucket/a%20%2B").Element("ETag"), "\"5D41402ABC4B2A76B9719D911017C592\"");
  EXPECT_EQ(Head("copy").Header("x-oss-meta-color"), "red");
  EXPECT_EQ(Head("copy").Header("x-oss-tagging-count"), "1");
  Copy("/bucket/a%20%2B", {{"x-oss-metadata-directive", "REPLACE"},
                           {"x-oss-tagging-directive", "Replace"},
                           {"x-oss-meta-size", "big"}});
  EXPECT_EQ(Head("copy").Header("x-oss-meta-color"), "");
  EXPECT_EQ(Head("copy").Header("x-oss-meta-size"), "big");
  EXPECT_EQ(Head("copy").Header("x-oss-tagging-count"), "");
  Send({.method = "DELETE", .key = "a +"});
  EXPECT_EQ(Get("copy").body, "hello");
  Start({});
  EXPECT_EQ(Get("copy").body, "hello");
}

TEST_F(ObjectTest, CopiesRefuse) {
  Put("a", "hello");
  Put("copy", "there");
  EXPECT_EQ(Copy("/bucket/absent").Element("Code"), "NoSuchKey");
  EXPECT_EQ(Copy("/nobody/a").Element("Code"), "NoSuchBucket");
  EXPECT_EQ(Copy("bucket/a").Element("ArgumentName"), "x-oss-copy-source");
  EXPECT_EQ(Copy("/bucket/").status, 400);
  EXPECT_EQ(Copy("/bucket/a?x=y").status, 400);
  EXPECT_EQ(Copy("/bucket/a", {{"x-oss-forbid-overwrite", "true"}}).Element("Code"),
            "FileAlreadyExists");
  EXPECT_EQ(Copy("/bucket/a", {{"x-oss-copy-source-if-match", "\"other\""}}).status, 412);
  EXPECT_EQ(Copy("/bucket/a", {{"x-oss-copy-source-if-none-match", "*"}}).status, 304);
  EXPECT_EQ(Copy("/bucket/a", {{"x-oss-metadata-directive", "KEEP"}}).status, 400);
  EXPECT_EQ(Get("copy").body, "there");
}

TEST_F(ObjectTest, ArchivedObjectsAreNeitherReadNorCopied) {
  const std::string id = Initiate();
  for (const char* storage_class : {"Archive", "ColdArchive", "DeepColdArchive"}) {
    Send({.method = "PUT",
          .key = "copy",
          .headers = {{"x-oss-storage-class", storage_class}, {"x-oss-meta-old", "1"}},
          .body = "hello"});
    EXPECT_EQ(Get("copy").Element("Code"), "InvalidObjectState");
    // Onto itself, to change what it carries.
    const TestReply copy = Copy("/bucket/copy", {{"x-oss-metadata-directive", "REPLACE"}});
    EXPECT_EQ(copy.status, 403);
    EXPECT_EQ(copy.Element("Code"), "InvalidObjectState");
    EXPECT_EQ(Head("copy").Header("x-oss-meta-old"), "1");
    EXPECT_EQ(Head("copy").Header("x-oss-storage-class"), storage_class);
    TestRequest part = PartRequest(id, 1, "");
    part.headers = {{"x-oss-copy-source", "/bucket/copy"}};
    EXPECT_EQ(Send(part).Element("Code"), "InvalidObjectState");
    part.headers["x-oss-copy-source-if-match"] = "\"other\"";
    EXPECT_EQ(Send(part).Element("Code"), "PreconditionFailed") << "this is looked at first";
  }
  EXPECT_EQ(Send({.key = "key", .query = {{"uploadId", id}}}).Element("PartNumber"), "");
}

TEST_F(ObjectTest, CopiesHaveALimit) {
  ReplyOptions options;
  options.max_copy_bytes = 5;
  Start(options);
  Put("a", "hello");
  Put("b", "hello!");
  EXPECT_EQ(Copy("/bucket/a").status, 200);
  EXPECT_EQ(Copy("/bucket/b").Element("Code"), "EntityTooLarge");
}

TEST_F(ObjectTest, CopiesOntoThemselvesChangeWhatTheyCarry) {
  Send({.method = "PUT",
        .key = "copy",
        .headers = {{"x-oss-meta-old", "1"}, {"x-oss-tagging", "k=v"}},
        .body = "hello"});
  EXPECT_EQ(Copy("/bucket/copy", {{"x-oss-metadata-directive", "REPLACE"}, {"x-oss-meta-new", "1"}})
                .status,
            200);
  EXPECT_EQ(Head("copy").Header("x-oss-meta-old"), "");
  EXPECT_EQ(Head("copy").Header("x-oss-meta-new"), "1");
  EXPECT_EQ(Head("copy").Header("x-oss-tagging-count"), "1");
  EXPECT_EQ(Get("copy").body, "hello");
}

TEST_F(ObjectTest, CopiedPartsHaveNoCrc) {
  Put("source", std::string(102400, 'a') + "tail");
  const std::string id = Initiate();
  const auto copy = [&](int number, const std::string& range) {
    TestRequest request = PartRequest(id, number, "");
    request.headers = {{"x-oss-copy-source", "/bucket/source"}, {"x-oss-copy-source-range", range}};
    return Send(request);
  };
  const TestReply first = copy(1, "bytes=0-102399");
  const TestReply second = copy(2, "bytes=102400-102403");
  EXPECT_EQ(second.Element("ETag"), Put("x", "tail").Header("etag"));
  EXPECT_EQ(second.Header("etag"), second.Element("ETag"));
  EXPECT_EQ(second.Header("x-oss-hash-crc64ecma"), "");
  EXPECT_EQ(second.Header("content-range"), "bytes 102400-102403/102404");
  EXPECT_EQ(copy(3, "bytes=0-102404").Header("content-range"), "") << "all of it was copied";
  const TestReply done = Complete(id, {first.Header("etag"), second.Header("etag")});
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.Header("x-oss-hash-crc64ecma"), "");
  EXPECT_EQ(Get("key").body, std::string(102400, 'a') + "tail");
}

TEST_F(ObjectTest, DeletesMany) {
  for (const char* key : {"a", "b", " "}) Put(key, "x");
  const TestReply deleted = DeleteMany(
      "<Delete><Object><Key>a</Key></Object><Object><Key> </Key></Object>"
      "<Object><Key>absent</Key></Object></Delete>");
  EXPECT_EQ(deleted.status, 200);
  EXPECT_THAT(deleted.body, HasSubstr("absent"));
  EXPECT_EQ(List({}).Element("Key"), "b");
  const TestReply quiet =
      DeleteMany("<Delete><Quiet>true</Quiet><Object><Key>b</Key></Object></Delete>");
  EXPECT_EQ(quiet.body, "");
  EXPECT_EQ(Get("b").status, 404);
}

TEST_F(ObjectTest, DeletesOfManyAreChecked) {
  std::string many = "<Delete>";
  for (int i = 0; i < 1001; ++i) many += "<Object><Key>" + std::to_string(i) + "</Key></Object>";
  for (const std::string& xml :
       {many + "</Delete>", std::string("<Delete/>"), std::string("<Remove/>"),
        std::string("<Delete><Object/></Delete>"),
        std::string("<Delete><Object><Key>a\x01</Key></Object></Delete>"),
        std::string("<Delete><Object><Key>a&#1;</Key></Object></Delete>")}) {
    EXPECT_EQ(DeleteMany(xml).Element("Code"), "MalformedXML") << xml.substr(0, 50);
  }
  const TestReply no_md5 = Send({.method = "POST", .query = {{"delete", ""}}, .body = "<Delete/>"});
  EXPECT_EQ(no_md5.Element("Code"), "MissingArgument");
}

TEST_F(ObjectTest, BodiesAbove5GiBAreRefusedUnread) {
  TestRequest part = PartRequest(Initiate(), 1, "");
  TestRequest put = {.method = "PUT", .key = "key"};
  for (TestRequest* request : {&part, &put}) {
    request->send_length = false;
    request->headers["content-length"] = std::to_string((int64_t{5} << 30) + 1);
  }
  EXPECT_EQ(Send(part).Element("Code"), "EntityTooLarge");
  EXPECT_EQ(Send(put).Element("Code"), "InvalidArgument");
}

TEST_F(ObjectTest, TagsAndAclsAreChangedAndRead) {
  Put("key", "x");
  const auto property = [&](const std::string& method, const std::string& name,
                            const std::string& body = "") {
    return Send({.method = method, .key = "key", .query = {{name, ""}}, .body = body});
  };
  EXPECT_EQ(property("PUT", "tagging",
                     "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>")
                .status,
            200);
  EXPECT_EQ(property("GET", "tagging").Element("Value"), "v");
  EXPECT_EQ(property("DELETE", "tagging").status, 204);
  EXPECT_EQ(property("GET", "tagging").Element("Value"), "");
  EXPECT_EQ(property("GET", "acl").Element("Grant"), "default");
  EXPECT_EQ(property("PUT", "acl").Element("Code"), "MissingArgument");
  Send({.method = "PUT",
        .key = "key",
        .query = {{"acl", ""}},
        .headers = {{"x-oss-object-acl", "private"}}});
  EXPECT_EQ(property("GET", "acl").Element("Grant"), "private");
  EXPECT_EQ(Get("key").body, "x");
}

TEST_F(ObjectTest, AppendsTellTheNextPosition) {
  const auto append = [&](const std::string& position, const std::string& body) {
    return Send({.method = "POST",
                 .key = "key",
                 .query = {{"append", ""}, {"position", position}},
                 .body = body});
  };
  EXPECT_EQ(append("0", "abc").Header("x-oss-next-append-position"), "3");
  const TestReply second = append("3", "de");
  EXPECT_EQ(second.Header("x-oss-hash-crc64ecma"), std::to_string(Crc64("abcde")));
  EXPECT_EQ(Get("key").body, "abcde");
  EXPECT_EQ(Head("key").Header("x-oss-object-type"), "Appendable");
  const TestReply refused = append("3", "x");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.Header("x-oss-next-append-position"), "5");
}

TEST_F(ObjectTest, EncryptionByKmsIsToldWithItsKey) {
  TestRequest request = {.method = "PUT", .key = "key", .body = "x"};
  request.headers = {{"x-oss-server-side-encryption", "KMS"},
                     {"x-oss-server-side-encryption-key-id", "k1"},
                     {"x-oss-server-side-data-encryption", "SM4"}};
  EXPECT_EQ(Send(request).Header("x-oss-server-side-encryption-key-id"), "k1");
  EXPECT_EQ(Head("key").Header("x-oss-server-side-data-encryption"), "SM4");
  request.headers["x-oss-server-side-encryption"] = "AES256";
  EXPECT_EQ(Send(request).Element("Code"), "InvalidArgument");
  request.headers = {{"x-oss-server-side-encryption", "ROT13"}};
  EXPECT_EQ(Send(request).Element("Code"), "InvalidEncryptionAlgorithmError");
}

TEST_F(ObjectTest, TrafficLimitsHaveBounds) {
  const auto put = [&](const std::string& header, const std::string& parameter) {
    TestRequest request = {.method = "PUT", .key = "key", .body = "x"};
    if (!header.empty()) request.headers["x-oss-traffic-limit"] = header;
    if (!parameter.empty()) request.query = {{"x-oss-traffic-limit", parameter}};
    return Send(request);
  };
  EXPECT_EQ(put("819200", "").status, 200);
  EXPECT_EQ(put("", "838860800").status, 200);
  EXPECT_EQ(put("819199", "").Element("EC"), "0004-00000502");
  EXPECT_EQ(put("", "838860801").Element("EC"), "0004-00000502");
  EXPECT_EQ(put("1m", "").Element("EC"), "0004-00000502");
  EXPECT_EQ(put("819200", "819200").Element("EC"), "0004-00000501");
}

TEST_F(ObjectTest, RequestersMustAgreeToPay) {
  Start({}, {.requester_pays = true});
  TestRequest request = {.method = "PUT", .key = "key", .body = "x"};
  EXPECT_EQ(Send(request).Element("Code"), "AccessDenied");
  request.headers["x-oss-request-payer"] = "owner";
  EXPECT_EQ(Send(request).Element("Code"), "InvalidArgument");
  request.headers["x-oss-request-payer"] = "requester";
  EXPECT_EQ(Send(request).Header("x-oss-request-charged"), "requester");
  EXPECT_EQ(Send({.method = "PUT", .bucket = "other", .key = "key", .body = "x"}).status, 200);
}

TEST_F(ObjectTest, BucketsTellAboutThemselves) {
  const TestReply info = List({{"bucketInfo", ""}});
  EXPECT_EQ(info.Element("Name"), "bucket");
  EXPECT_EQ(info.Element("ExtranetEndpoint"), "oss-cn-hangzhou.aliyuncs.com");
  EXPECT_EQ(info.Element("Versioning"), "");
  EXPECT_EQ(List({{"location", ""}}).Element("LocationConstraint"), "oss-cn-hangzhou");
  EXPECT_EQ(List({{"acl", ""}}).Element("Grant"), "private");
  EXPECT_EQ(List({{"versioning", ""}}).Element("Status"), "");
  const TestReply all = Send({.bucket = ""});
  EXPECT_EQ(all.Element("Name"), "bucket");
  EXPECT_EQ(Send({.bucket = "", .query = {{"prefix", "o"}}}).Element("Name"), "other");
  Start({}, {.versioning = true});
  EXPECT_EQ(List({{"versioning", ""}}).Element("Status"), "Enabled");
  EXPECT_EQ(List({{"bucketInfo", ""}}).Element("Versioning"), "Enabled");
}

TEST_F(ObjectTest, VersionsAreListedInPages) {
  Start({}, {.versioning = true});
  const std::string oldest = Put("a", "1").Header("x-oss-version-id");
  const std::string newer = Put("a", "2").Header("x-oss-version-id");
  const TestReply deleted = Send({.method = "DELETE", .key = "a"});
  EXPECT_EQ(deleted.Header("x-oss-delete-marker"), "true");
  Put("b", "3");
  const TestReply first = List({{"versions", ""}, {"max-keys", "1"}});
  EXPECT_THAT(first.body, HasSubstr("<DeleteMarker>"));
  EXPECT_EQ(first.Element("VersionId"), deleted.Header("x-oss-version-id"));
  EXPECT_EQ(first.Element("IsLatest"), "true");
  const TestReply second = List({{"versions", ""},
                                 {"max-keys", "1"},
                                 {"key-marker", first.Element("NextKeyMarker")},
                                 {"version-id-marker", first.Element("NextVersionIdMarker")}});
  EXPECT_EQ(second.Element("VersionId"), newer);
  EXPECT_EQ(second.Element("IsLatest"), "false");
  const TestReply third =
      List({{"versions", ""}, {"key-marker", "a"}, {"version-id-marker", newer}});
  EXPECT_EQ(third.Element("VersionId"), oldest);
  EXPECT_THAT(third.body, HasSubstr("<Key>b</Key>"));
  EXPECT_EQ(List({{"versions", ""}, {"key-marker", "a"}}).Element("Key"), "b");
}

TEST_F(ObjectTest, ReadsOfADeleteMarkerSaySo) {
  Start({}, {.versioning = true});
  Put("key", "x");
  const std::string marker = Send({.method = "DELETE", .key = "key"}).Header("x-oss-version-id");
  EXPECT_EQ(Get("key").Header("x-oss-delete-marker"), "true");
  EXPECT_EQ(Send({.key = "key", .query = {{"versionId", marker}}}).status, 405);
  EXPECT_EQ(Send({.key = "key", .query = {{"versionId", "none"}}}).Element("Code"),
            "NoSuchVersion");
}

}  // namespace
}  // namespace penstock::emulator
