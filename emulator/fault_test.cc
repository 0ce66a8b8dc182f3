// Every kind of fault over HTTP, and the rest of the control endpoint.

#include <thread>

#include "base/checksum.h"
#include "emulator/server_fixture.h"

namespace penstock::emulator {
namespace {

using nlohmann::json;

class FaultTest : public ServerFixture {
 protected:
  void AddFault(const json& fault) {
    ASSERT_TRUE(client_->Control("POST", "faults", fault).contains("id"));
  }
  json LastEntry() { return client_->Control("GET", "journal").at("entries").back(); }
  size_t CountParts(const std::string& id) {
    return service_->FindBucket("bucket")->FindUpload("key", id, "").value().parts.size();
  }
};

TEST_F(FaultTest, DropsTheReplyAfterTheEffect) {
  const std::string id = Initiate();
  const std::string etag = UploadPart(id, 1, "x").Header("etag");
  AddFault({{"operation", "CompleteMultipartUpload"}, {"kind", "drop_reply_after_effect"}});
  EXPECT_EQ(Complete(id, {etag}).status, 0);
  EXPECT_EQ(LastEntry()["status"], 200);
  EXPECT_EQ(LastEntry()["fault"], "drop_reply_after_effect");
  EXPECT_EQ(Complete(id, {etag}).Element("Code"), "NoSuchUpload");
  EXPECT_EQ(Get("key").body, "x");
}

TEST_F(FaultTest, ResetsBeforeTheEffect) {
  AddFault({{"operation", "PutObject"}, {"kind", "reset_before_effect"}});
  EXPECT_EQ(Put("key", "x").status, 0);
  EXPECT_EQ(LastEntry()["effect"], "none");
  EXPECT_EQ(Get("key").status, 404);
}

TEST_F(FaultTest, ResetsInTheMiddleOfTheBody) {
  const std::string id = Initiate();
  AddFault({{"operation", "UploadPart"}, {"kind", "reset_mid_body"}});
  EXPECT_EQ(UploadPart(id, 1, std::string(1000, 'x')).status, 0);
  EXPECT_EQ(LastEntry()["bytes"], 500);
  EXPECT_EQ(CountParts(id), 0u);
}

TEST_F(FaultTest, AnswersErrorsWithAndWithoutXml) {
  AddFault({{"kind", "error"}, {"status", 503}, {"code", "ServiceUnavailable"}});
  AddFault({{"kind", "error"}, {"status", 502}, {"xml", false}});
  const TestReply oss = Put("key", "x");
  EXPECT_EQ(oss.status, 503);
  EXPECT_EQ(oss.Element("Code"), "ServiceUnavailable");
  const TestReply proxy = Put("key", "x");
  EXPECT_EQ(proxy.status, 502);
  EXPECT_EQ(proxy.Header("x-oss-request-id"), "");
  EXPECT_TRUE(proxy.body.starts_with("<html>"));
  EXPECT_EQ(Get("key").status, 404);
}

TEST_F(FaultTest, SkipsAndCounts) {
  AddFault({{"kind", "error"}, {"operation", "PutObject"}, {"skip", 1}, {"count", 2}});
  std::vector<int> statuses;
  for (int i = 0; i < 4; ++i) statuses.push_back(Put("key", "x").status);
  EXPECT_EQ(statuses, std::vector<int>({200, 500, 500, 200}));
  const json listed = client_->Control("GET", "faults").at("faults");
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["fired"], 2);
  client_->Control("DELETE", "faults");
  EXPECT_TRUE(client_->Control("GET", "faults").at("faults").empty());
}

TEST_F(FaultTest, FiltersByKeyAndPartNumber) {
  const std::string id = Initiate();
  AddFault({{"kind", "error"}, {"key", "key"}, {"part_number", 2}});
  EXPECT_EQ(UploadPart(id, 1, "x").status, 200);
  EXPECT_EQ(UploadPart(id, 2, "x").status, 500);
}

TEST_F(FaultTest, LiesAboutChecksumsAndETags) {
  AddFault({{"kind", "wrong_crc"}});
  AddFault({{"kind", "wrong_etag"}});
  const std::string crc64 = std::to_string(Crc64("hello"));
  const std::string etag = "\"5D41402ABC4B2A76B9719D911017C592\"";
  const TestReply first = Put("key", "hello");
  EXPECT_EQ(first.status, 200);
  EXPECT_NE(first.Header("x-oss-hash-crc64ecma"), crc64);
  EXPECT_EQ(first.Header("etag"), etag);
  const TestReply second = Put("key", "hello");
  EXPECT_EQ(second.Header("x-oss-hash-crc64ecma"), crc64);
  EXPECT_NE(second.Header("etag"), etag);
  EXPECT_EQ(second.Header("etag").size(), etag.size());
  EXPECT_EQ(Head("key").Header("etag"), etag);
}

TEST_F(FaultTest, TruncatesXml) {
  AddFault({{"kind", "truncated_xml"}});
  const TestReply reply = Send({.method = "POST", .key = "key", .query = {{"uploads", ""}}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.find("</InitiateMultipartUploadResult>"), std::string::npos);
  EXPECT_EQ(client_->Control("GET", "state").at("uploads"), 1);
}

TEST_F(FaultTest, DelaysAndSaysSo) {
  AddFault({{"kind", "qos_delay"}, {"delay_ms", 30}});
  AddFault({{"kind", "delay"}, {"delay_ms", 30}});
  for (const char* told : {"30", ""}) {
    const absl::Time start = absl::Now();
    EXPECT_EQ(Put("key", "x").Header("x-oss-qos-delay-time"), told);
    EXPECT_GE(absl::Now() - start, absl::Milliseconds(30));
  }
}

TEST_F(FaultTest, MovesTheClock) {
  AddFault({{"kind", "skew"}, {"delay_ms", 3600000}, {"count", 2}});
  const TestReply refused = Put("key", "x");
  EXPECT_EQ(refused.Element("Code"), "RequestTimeTooSkewed");
  const auto date = ParseHttpDate(refused.Header("date"));
  ASSERT_TRUE(date);
  const TestRequest corrected = {
      .method = "PUT", .key = "key", .body = "x", .clock_offset = *date - absl::Now()};
  EXPECT_EQ(Send(corrected).status, 200);
}

TEST_F(FaultTest, RefusesForSkewWithTheRightTime) {
  AddFault({{"kind", "skew"}});
  const TestReply refused = Put("key", "x");
  EXPECT_EQ(refused.Element("Code"), "RequestTimeTooSkewed");
  EXPECT_FALSE(refused.Element("ServerTime").empty());
  EXPECT_EQ(Put("key", "x").status, 200);
}

TEST_F(FaultTest, LosesTheUpload) {
  const std::string id = Initiate();
  UploadPart(id, 1, "x");
  AddFault({{"kind", "lose_upload"}, {"operation", "UploadPart"}});
  EXPECT_EQ(UploadPart(id, 2, "x").Element("Code"), "NoSuchUpload");
  EXPECT_EQ(client_->Control("GET", "state").at("uploads"), 0);
}

TEST_F(FaultTest, HoldsTheReplyUntilFaultsAreCleared) {
  AddFault({{"kind", "hold"}, {"operation", "PutObject"}});
  TestReply held;
  std::thread sender([&] { held = Put("key", "x"); });
  const json waited =
      client_->Control("GET", "wait?since=0&operation=PutObject&count=1&timeout_ms=10000");
  EXPECT_FALSE(waited.at("timed_out"));
  EXPECT_EQ(waited.at("entries")[0].at("effect"), "stored an object of 1 bytes");
  EXPECT_EQ(Get("key").body, "x");
  client_->Control("DELETE", "faults");
  sender.join();
  EXPECT_EQ(held.status, 200);
}

TEST_F(FaultTest, LateRequestsAreReceivedButNotYetCarriedOut) {
  const std::string id = Initiate();
  const json late = {{"operation", "UploadPart"}, {"kind", "late"}};
  const int64_t fault = client_->Control("POST", "faults", late).at("id");
  EXPECT_EQ(
      client_->Control("GET", "wait_held?timeout_ms=1&id=" + std::to_string(fault)).at("held"),
      false);
  TestReply stored;
  std::thread sender([&] { stored = UploadPart(id, 1, "late"); });
  EXPECT_EQ(client_->Control("GET", "wait_held?id=" + std::to_string(fault)).at("held"), true);
  EXPECT_EQ(CountParts(id), 0u);
  UploadPart(id, 1, "early");  // the late one overwrites it
  client_->Control("DELETE", "faults");
  sender.join();
  EXPECT_EQ(stored.status, 200);
  EXPECT_EQ(LastEntry()["crc64"], std::to_string(Crc64("late")));
  EXPECT_EQ(service_->FindBucket("bucket")->FindUpload("key", id, "").value().parts.at(1).size, 4);
}

TEST_F(FaultTest, DripsTheReply) {
  Put("key", std::string(200, 'x'));
  AddFault({{"kind", "slow_drip"}, {"delay_ms", 1}, {"piece_bytes", 7}, {"count", 2}});
  EXPECT_EQ(Get("key").body, std::string(200, 'x'));
  EXPECT_EQ(Head("key").status, 200);
  EXPECT_EQ(LastEntry()["fault"], "slow_drip");
}

TEST_F(FaultTest, ReadsTheBodySlowly) {
  AddFault({{"kind", "slow_read"}, {"delay_ms", 10}, {"piece_bytes", 50}});
  const absl::Time start = absl::Now();
  EXPECT_EQ(Put("key", std::string(200, 'x')).status, 200);
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(40));
  EXPECT_EQ(LastEntry()["bytes"], 200);
}

TEST_F(FaultTest, ClearedFaultsSlowNothingDown) {
  AddFault({{"kind", "slow_drip"}, {"delay_ms", 600000}, {"piece_bytes", 1}});
  TestReply slow;
  std::thread sender([&] { slow = Put("key", "x"); });
  client_->Control("GET", "wait?operation=PutObject");
  client_->Control("DELETE", "faults");
  sender.join();
  EXPECT_EQ(slow.status, 200);
}

TEST_F(FaultTest, CredentialsAreReplacedAndOldTokensExpire) {
  const auto put = [&](const std::string& secret, const std::string& token) {
    TestRequest request = {.method = "PUT", .key = "key", .body = "x", .secret = secret};
    if (!token.empty()) request.headers["x-oss-security-token"] = token;
    return Send(request);
  };
  const auto replace = [&](const std::string& secret, const std::string& token) {
    client_->Control(
        "POST", "credential",
        {{"access_key_id", "id"}, {"access_key_secret", secret}, {"security_token", token}});
  };
  replace("s1", "t1");
  EXPECT_EQ(put("secret", "").Element("Code"), "InvalidAccessKeyId");
  EXPECT_EQ(put("s1", "t1").status, 200);
  replace("s2", "t2");
  EXPECT_EQ(put("s1", "t1").Element("Code"), "SecurityTokenExpired");
  EXPECT_EQ(put("s2", "t1").Element("Code"), "SecurityTokenExpired");
  EXPECT_EQ(put("s2", "t0").Element("Code"), "InvalidSecurityToken");
  EXPECT_EQ(put("s2", "t2").status, 200);
}

TEST_F(FaultTest, StopEndsWaitsAndHolds) {
  AddFault({{"kind", "hold"}, {"operation", "PutObject"}});
  std::thread sender([&] { Put("key", "x"); });
  client_->Control("GET", "wait?operation=PutObject");
  std::thread waiter([&] { service_->journal().Wait(0, "none", 1, absl::Hours(1)); });
  server_->Stop();
  sender.join();
  waiter.join();
}

TEST_F(FaultTest, WaitTimesOut) {
  EXPECT_TRUE(client_->Control("GET", "wait?since=0&operation=PutObject&count=1&timeout_ms=1")
                  .at("timed_out"));
}

TEST_F(FaultTest, JournalTellsRequestsSinceANumber) {
  Put("a", "x");
  const json next = client_->Control("GET", "journal").at("next");
  Put("b", "xyz");
  Send({.method = "PUT", .key = "c", .body = "x", .secret = "other"});
  const json journal = client_->Control("GET", "journal?since=" + next.dump());
  ASSERT_EQ(journal.at("entries").size(), 2u);
  const json entry = journal.at("entries")[0];
  EXPECT_EQ(entry.at("operation"), "PutObject");
  EXPECT_EQ(entry.at("key"), "b");
  EXPECT_EQ(entry.at("bytes"), 3);
  EXPECT_EQ(entry.at("status"), 200);
  EXPECT_EQ(journal.at("entries")[1].at("code"), "SignatureDoesNotMatch");
}

TEST_F(FaultTest, StateAndDropUploads) {
  Put("a", "xyz");
  const std::string id = Initiate();
  UploadPart(id, 1, "xx");
  const json bucket = client_->Control("GET", "state").at("buckets").at("bucket");
  EXPECT_EQ(bucket.at("objects"), 1);
  EXPECT_EQ(bucket.at("object_bytes"), 3);
  EXPECT_EQ(bucket.at("uploads")[0].at("id"), id);
  EXPECT_EQ(bucket.at("uploads")[0].at("parts"), 1);
  EXPECT_EQ(bucket.at("uploads")[0].at("bytes"), 2);
  EXPECT_EQ(client_->Control("POST", "drop_uploads").at("dropped"), 1);
  EXPECT_EQ(UploadPart(id, 2, "x").Element("Code"), "NoSuchUpload");
}

TEST_F(FaultTest, RefusesWhatTheControlEndpointDoesNotKnow) {
  for (const json& fault : std::vector<json>{{{"kind", "earthquake"}},
                                             {{"kind", "error"}, {"colour", "red"}},
                                             {{"kind", "error"}, {"count", 0}},
                                             {{"kind", "delay"}, {"delay_ms", -1}},
                                             {{"kind", "slow_drip"}, {"piece_bytes", 0}},
                                             json::array()}) {
    EXPECT_EQ(client_->Control("POST", "faults", fault).at("status"), 400) << fault;
  }
  EXPECT_EQ(client_->Control("GET", "journal?since=x").at("status"), 400);
  EXPECT_EQ(client_->Control("GET", "nothing").at("status"), 404);
}

}  // namespace
}  // namespace penstock::emulator
