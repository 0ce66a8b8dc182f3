// The main operations over HTTP.

#include "emulator/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "base/checksum.h"
#include "emulator/server_fixture.h"
#include "emulator/socket_stream.h"

namespace penstock::emulator {
namespace {

using ServerTest = ServerFixture;

TEST_F(ServerTest, PutsHeadsGetsAndDeletesAnObject) {
  const TestReply put = Send({.method = "PUT",
                              .key = "a/b c+\xC3\xBC",
                              .headers = {{"content-type", "text/plain"},
                                          {"x-oss-meta-color", "red"},
                                          {"x-oss-tagging", "a=1&b=2"},
                                          {"content-md5", "XUFAKrxLKna5cZ2REBfFkg=="}},
                              .body = "hello"});
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(put.Header("etag"), "\"5D41402ABC4B2A76B9719D911017C592\"");
  EXPECT_EQ(put.Header("content-md5"), "XUFAKrxLKna5cZ2REBfFkg==");
  EXPECT_EQ(put.Header("x-oss-hash-crc64ecma"), "11177612005948864433");
  EXPECT_EQ(put.Header("x-oss-request-id").size(), 24u);
  EXPECT_EQ(put.Header("server"), "AliyunOSS");
  EXPECT_FALSE(put.Header("x-oss-server-time").empty());

  const TestReply head = Head("a/b c+\xC3\xBC");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), "5");
  EXPECT_EQ(head.Header("content-type"), "text/plain");
  EXPECT_EQ(head.Header("x-oss-meta-color"), "red");
  EXPECT_EQ(head.Header("x-oss-tagging-count"), "2");
  EXPECT_EQ(head.Header("x-oss-object-type"), "Normal");
  EXPECT_EQ(head.Header("x-oss-storage-class"), "Standard");
  EXPECT_EQ(head.Header("x-oss-hash-crc64ecma"), "11177612005948864433");

  const TestReply range = Send({.key = "a/b c+\xC3\xBC", .headers = {{"range", "bytes=1-3"}}});
  EXPECT_EQ(range.status, 206);
  EXPECT_EQ(range.body, "ell");
  EXPECT_EQ(range.Header("content-range"), "bytes 1-3/5");
  EXPECT_EQ(range.Header("x-oss-hash-crc64ecma"), "11177612005948864433");

  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Send({.method = "DELETE", .key = "a/b c+\xC3\xBC"}).status, 204);
  }
  EXPECT_EQ(Get("a/b c+\xC3\xBC").status, 404);
}

TEST_F(ServerTest, ErrorsOfHeadTravelInAHeader) {
  const TestReply head = Head("absent");
  EXPECT_EQ(head.status, 404);
  EXPECT_EQ(head.Header("x-oss-ec"), "0026-00000001");
  TestReply decoded;
  decoded.body = Base64Decode(head.Header("x-oss-err")).value_or("");
  EXPECT_EQ(decoded.Element("Code"), "NoSuchKey");
  EXPECT_EQ(decoded.Element("Key"), "absent");
  EXPECT_EQ(decoded.Element("RequestId"), head.Header("x-oss-request-id"));
}

TEST_F(ServerTest, UploadsInParts) {
  const std::string first(200000, 'a');
  const std::string second(10, 'b');
  const std::string id = Initiate();
  EXPECT_EQ(id.size(), 32u);
  const TestReply part = UploadPart(id, 1, "replaced below");
  ASSERT_EQ(part.status, 200);
  const std::string etag1 = UploadPart(id, 1, first).Header("etag");
  EXPECT_NE(part.Header("etag"), etag1);
  const std::string etag2 = UploadPart(id, 2, second).Header("etag");
  const TestReply list = Send({.key = "key", .query = {{"uploadId", id}, {"max-parts", "1"}}});
  EXPECT_EQ(list.Element("ETag"), etag1);
  EXPECT_EQ(list.Element("HashCrc64ecma"), std::to_string(Crc64(first)));
  EXPECT_EQ(list.Element("IsTruncated"), "true");
  EXPECT_EQ(list.Element("NextPartNumberMarker"), "1");

  EXPECT_EQ(Complete(id, {part.Header("etag"), etag2}).Element("Code"), "InvalidPart");
  const TestReply done = Complete(id, {etag1, etag2});
  ASSERT_EQ(done.status, 200);
  EXPECT_EQ(done.Header("x-oss-hash-crc64ecma"), std::to_string(Crc64(first + second)));
  EXPECT_EQ(done.Element("ETag"), done.Header("etag"));
  EXPECT_TRUE(done.Header("etag").ends_with("-2\""));
  const TestReply again = Complete(id, {etag1, etag2});
  EXPECT_EQ(again.status, 404);
  EXPECT_EQ(again.Element("Code"), "NoSuchUpload");
  EXPECT_EQ(again.Element("EC"), "0042-00000203");
  EXPECT_EQ(again.Element("UploadId"), id);

  EXPECT_EQ(Head("key").Header("x-oss-object-type"), "Multipart");
  EXPECT_EQ(Get("key").body, first + second);
  const TestReply middle = Send({.key = "key", .headers = {{"range", "bytes=199999-200001"}}});
  EXPECT_EQ(middle.body, "abb");
}

TEST_F(ServerTest, CompletesAllPartsWithoutAList) {
  const std::string id = Initiate();
  UploadPart(id, 3, "x");
  TestRequest request = CompleteRequest(id, {"\"A\""});
  request.headers["x-oss-complete-all"] = "yes";
  EXPECT_EQ(Send(request).Element("EC"), "0042-00000216");
  request.body.clear();
  EXPECT_EQ(Send(request).status, 200);
  EXPECT_EQ(Get("key").body, "x");
}

TEST_F(ServerTest, AbortsOnce) {
  const std::string id = Initiate();
  const TestRequest abort = {.method = "DELETE", .key = "key", .query = {{"uploadId", id}}};
  EXPECT_EQ(Send(abort).status, 204);
  EXPECT_EQ(Send(abort).Element("EC"), "0042-00000002");
  EXPECT_EQ(UploadPart(id, 1, "x").Element("EC"), "0017-00000244");
}

TEST_F(ServerTest, ForbidOverwriteHoldsAtEveryEnd) {
  Put("key", "old");
  const std::string id = Initiate();
  const std::string etag = UploadPart(id, 1, "x").Header("etag");
  TestRequest complete = CompleteRequest(id, {etag});
  complete.headers["x-oss-forbid-overwrite"] = "true";
  EXPECT_EQ(Send(complete).status, 409);
  EXPECT_EQ(Send(complete).Element("EC"), "0042-00000214");
  TestRequest put = {.method = "PUT", .key = "key", .body = "new"};
  put.headers["x-oss-forbid-overwrite"] = "true";
  EXPECT_EQ(Send(put).Element("Code"), "FileAlreadyExists");
  put.headers["x-oss-forbid-overwrite"] = "perhaps";
  EXPECT_EQ(Send(put).Element("Code"), "InvalidArgument");
  EXPECT_EQ(Get("key").body, "old");
}

TEST_F(ServerTest, RefusesBadRequests) {
  const std::string id = Initiate();
  EXPECT_EQ(UploadPart(id, 10001, "x").Element("EC"), "0017-00000220");
  EXPECT_EQ(UploadPart(id, 0, "x").Element("ArgumentName"), "PartNumber");
  TestRequest digest = PartRequest(id, 1, "x");
  digest.headers["content-md5"] = "XUFAKrxLKna5cZ2REBfFkg==";
  EXPECT_EQ(Send(digest).Element("Code"), "InvalidDigest");
  TestRequest encrypted = PartRequest(id, 1, "x");
  encrypted.headers["x-oss-server-side-encryption"] = "AES256";
  EXPECT_EQ(Send(encrypted).Element("Code"), "InvalidArgument");
  TestRequest no_length = PartRequest(id, 1, "");
  no_length.send_length = false;
  EXPECT_EQ(Send(no_length).status, 411);
  TestRequest storage = {.method = "PUT", .key = "key", .body = "x"};
  storage.headers["x-oss-storage-class"] = "Cheap";
  EXPECT_EQ(Send(storage).Element("ArgumentName"), "x-oss-storage-class");
  EXPECT_EQ(Send({.bucket = "nobody", .key = "key"}).Element("Code"), "NoSuchBucket");
  EXPECT_EQ(Send({.key = "key", .secret = "other"}).Element("Code"), "SignatureDoesNotMatch");
  EXPECT_EQ(Send({.key = "key", .clock_offset = absl::Minutes(16)}).Element("Code"),
            "RequestTimeTooSkewed");
  TestRequest malformed = CompleteRequest(id, {});
  EXPECT_EQ(Send(malformed).Element("EC"), "0042-00000205");
}

TEST_F(ServerTest, NamesWhatItDoesNotImplement) {
  const TestReply symlink = Send({.method = "PUT", .key = "key", .query = {{"symlink", ""}}});
  EXPECT_EQ(symlink.status, 501);
  EXPECT_NE(symlink.Element("Message").find("symlink"), std::string::npos);
  TestRequest process = {.method = "PUT", .key = "key", .body = "x"};
  process.headers["x-oss-process"] = "image/info";
  EXPECT_NE(Send(process).Element("Message").find("x-oss-process"), std::string::npos);
  EXPECT_EQ(Get("key").status, 404);
}

TEST_F(ServerTest, TakesChunkedBodies) {
  const std::string body(300000, 'c');
  EXPECT_EQ(Send({.method = "PUT", .key = "key", .body = body, .chunked = true}).status, 200);
  EXPECT_EQ(Get("key").body, body);
}

TEST_F(ServerTest, ShortBodyStoresNothing) {
  const std::string id = Initiate();
  TestRequest request = PartRequest(id, 1, std::string(1000, 'x'));
  request.send_only = 500;
  const TestReply reply = Send(request);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.Element("Code"), "IncompleteBody");
  EXPECT_EQ(Send({.key = "key", .query = {{"uploadId", id}}}).Element("Part"), "");
}

TEST_F(ServerTest, StalledBodyTimesOut) {
  Start({}, {}, {.body = std::chrono::milliseconds(200)});
  TestRequest request = {.method = "PUT", .key = "key", .body = std::string(1000, 'x')};
  request.send_only = 500;
  const int fd = client_->Connect();
  SocketStream stream(fd);
  ASSERT_TRUE(stream.Write(client_->Format(request)));
  std::string reply(4096, '\0');
  boost::beast::error_code error;
  reply.resize(stream.Read(reply.data(), reply.size(), error));
  ::close(fd);
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 400")) << reply;
  EXPECT_NE(reply.find("RequestTimeout"), std::string::npos) << reply;
}

TEST_F(ServerTest, ContinuesWhenAsked) {
  TestRequest request = {.method = "PUT", .key = "key", .body = "hello"};
  request.headers["expect"] = "100-continue";
  const std::string text = client_->Format(request);
  const int fd = client_->Connect();
  SocketStream stream(fd);
  ASSERT_TRUE(stream.Write(std::string_view(text).substr(0, text.size() - 5)));
  std::string interim(25, '\0');
  boost::beast::error_code error;
  interim.resize(stream.Read(interim.data(), interim.size(), error));
  EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(stream.Write("hello"));
  std::string reply(17, '\0');
  reply.resize(stream.Read(reply.data(), reply.size(), error));
  ::close(fd);
  EXPECT_EQ(reply, "HTTP/1.1 200 OK\r\n");
}

TEST_F(ServerTest, VirtualHostReachesTheSameBucket) {
  Put("key", "hello");
  EXPECT_EQ(Send({.key = "key", .host = "bucket.oss-cn-hangzhou.aliyuncs.com"}).body, "hello");
  EXPECT_EQ(Send({.bucket = "", .key = "bucket/key", .host = "oss-cn-hangzhou.aliyuncs.com"})
                .Element("Code"),
            "SecondLevelDomainForbidden");
}

TEST_F(ServerTest, ListsUploadsInPages) {
  std::vector<std::string> a = {Initiate("a"), Initiate("a")};
  std::sort(a.begin(), a.end());
  const std::string b = Initiate("dir/b b");
  Initiate("dir/c");
  const auto list = [&](std::vector<std::pair<std::string, std::string>> query) {
    query.insert(query.begin(), {"uploads", ""});
    return Send({.query = query});
  };
  const TestReply first = list({{"max-uploads", "1"}});
  EXPECT_EQ(first.Element("UploadId"), a[0]);
  EXPECT_EQ(first.Element("IsTruncated"), "true");
  EXPECT_EQ(first.Element("NextKeyMarker"), "a");
  EXPECT_EQ(first.Element("NextUploadIdMarker"), a[0]);
  const TestReply second =
      list({{"max-uploads", "1"}, {"key-marker", "a"}, {"upload-id-marker", a[0]}});
  EXPECT_EQ(second.Element("UploadId"), a[1]);
  const TestReply third = list({{"key-marker", "a"}, {"encoding-type", "url"}});
  EXPECT_EQ(third.Element("UploadId"), b);
  EXPECT_EQ(third.Element("Key"), "dir%2Fb%20b");
  EXPECT_EQ(third.Element("IsTruncated"), "false");
  const TestReply grouped = list({{"delimiter", "/"}, {"key-marker", "a"}});
  EXPECT_EQ(grouped.Element("UploadId"), "");
  EXPECT_NE(grouped.body.find("<CommonPrefixes>"), std::string::npos);
  EXPECT_EQ(list({{"prefix", "dir/c"}}).Element("Key"), "dir/c");
}

TEST_F(ServerTest, PagesOfPartsHoldAThousand) {
  const std::string id = Initiate();
  for (int number = 1; number <= 1001; ++number) {
    ASSERT_FALSE(service_->FindBucket("bucket")->BeginPart("key", id, ""));
    Part part;
    part.number = number;
    part.etag = "E";
    ASSERT_FALSE(service_->FindBucket("bucket")->FinishPart("key", id, "", part));
  }
  const TestReply first = Send({.key = "key", .query = {{"uploadId", id}}});
  EXPECT_EQ(first.Element("IsTruncated"), "true");
  EXPECT_EQ(first.Element("NextPartNumberMarker"), "1000");
  const TestReply rest =
      Send({.key = "key", .query = {{"uploadId", id}, {"part-number-marker", "1000"}}});
  EXPECT_EQ(rest.Element("IsTruncated"), "false");
  EXPECT_EQ(rest.Element("PartNumber"), "1001");
  EXPECT_EQ(Send({.key = "key", .query = {{"uploadId", id}, {"max-parts", "1001"}}}).status, 400);
}

TEST_F(ServerTest, EverythingSurvivesARestart) {
  Put("object", "hello");
  const std::string id = Initiate();
  const std::string etag = UploadPart(id, 1, "x").Header("etag");
  Start({});
  EXPECT_EQ(Get("object").body, "hello");
  EXPECT_EQ(Complete(id, {etag}).status, 200);
}

TEST_F(ServerTest, LeavesOutDigestsWhenTold) {
  Start({.region = "", .md5 = false, .crc64 = false});
  const TestReply first = Put("key", "hello");
  EXPECT_EQ(first.Header("etag").size(), 34u);
  EXPECT_NE(first.Header("etag"), Put("key", "hello").Header("etag"));
  EXPECT_EQ(first.Header("content-md5"), "");
  EXPECT_EQ(first.Header("x-oss-hash-crc64ecma"), "");
  const std::string id = Initiate();
  TestRequest part = PartRequest(id, 1, "x");
  part.headers["content-md5"] = "XUFAKrxLKna5cZ2REBfFkg==";
  EXPECT_EQ(Send(part).Element("Code"), "InvalidDigest");
}

TEST_F(ServerTest, SecondOnTheSameDataIsRefusedBeforeItChangesAnything) {
  const std::filesystem::path received = data_ / "bucket" / "blobs" / "A-BODY-ON-ITS-WAY";
  std::ofstream(received) << "half of it";
  ServiceOptions options = service_->options();
  options.patience = absl::ZeroDuration();
  EXPECT_THROW(Service{options}, std::exception);
  EXPECT_TRUE(std::filesystem::exists(received));
}

TEST_F(ServerTest, ListensOnLoopbackOnly) {
  for (const char* listen :
       {"0.0.0.0:0", "10.0.0.1:80", "127.0.0.1", "example.com:80", "127.1:0"}) {
    EXPECT_EQ(Server::Start(listen, *service_, {}).status().code(),
              absl::StatusCode::kInvalidArgument)
        << listen;
  }
}

}  // namespace
}  // namespace penstock::emulator
