// Copies in parts (multipart_copy.h), in front of a server that copies nothing.

#include "plugin/oss/multipart_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "plugin/oss/fake_oss.h"

namespace penstock::oss {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kSize = 1000 * kMiB;  // 15 parts of 64 MiB and one of 40
const ObjectName kTarget = {"other", "copy"};

TEST(CopyPartSizeTest, TenThousandPartsSuffice) {
  EXPECT_EQ(CopyPartSize(1), 64 * kMiB);
  EXPECT_EQ(CopyPartSize(640'000 * kMiB), 64 * kMiB);
  for (const int64_t size : {640'000 * kMiB + 1, 10'000 * (int64_t{5} << 30)}) {
    const int64_t part = CopyPartSize(size);
    EXPECT_LE((size + part - 1) / part, 10'000);
    EXPECT_LE(part, int64_t{5} << 30);
  }
}

// A server with one object of kSize bytes that can only be copied in parts.
class MultipartCopyTest : public OssBackendTest {
 protected:
  MultipartCopyTest() {
    Intercept([this](FakeExchange& exchange) { return Answer(exchange); });
  }

  bool Answer(FakeExchange& exchange) {
    exchange.ReadBody();
    const std::string what = What(exchange);
    Reply reply;
    {
      MutexLock lock(&mutex_);
      seen_.push_back(what);
      heads_.emplace(what, exchange.headers());
      const auto failing = failures_.find(what);
      reply = failing == failures_.end() ? Usual(what) : failing->second;
    }
    if (reply.status == 0) {
      exchange.Reset();
      return true;
    }
    // The size of HEAD is not that of a body.
    if (absl::StartsWith(what, "stat")) {
      std::string head = "HTTP/1.1 200 OK\r\nx-oss-request-id: R0\r\n";
      for (const std::string& header : reply.headers) head += header + "\r\n";
      return exchange.Write(head + "\r\n");
    }
    return Give(exchange, std::move(reply));
  }

  // "stat source", "tags", "copy", "initiate", "part 1", "complete", "abort", "stat target"
  static std::string What(const FakeExchange& exchange) {
    const std::string& target = exchange.target();
    const bool at_target = absl::StartsWith(target, "/other/copy");
    if (exchange.method() == "HEAD") return at_target ? "stat target" : "stat source";
    if (exchange.method() == "DELETE") return "abort";
    if (exchange.method() == "GET") return absl::StrContains(target, "acl") ? "acl" : "tags";
    if (exchange.method() == "POST") {
      return absl::StrContains(target, "uploads") ? "initiate" : "complete";
    }
    const size_t number = target.find("partNumber=");
    if (number == std::string::npos) return "copy";
    return "part " + target.substr(number + 11, target.find('&', number) - number - 11);
  }

  static Reply Stat(const std::string& etag, int64_t size) {
    return {
        200,
        {"ETag: \"" + etag + "\"", absl::StrCat("Content-Length: ", size),
         "Content-Type: text/plain", "Expires: Thu, 01 Jan 2026 00:00:00 GMT",
         "x-oss-meta-penstock-mark: mark", "x-oss-meta-color: red", "x-oss-tagging-count: 1",
         "x-oss-storage-class: IA", "x-oss-server-side-encryption: AES256", "x-oss-request-id: R1"},
        ""};
  }

  static Reply Usual(const std::string& what) {
    if (what == "stat source") return Stat("S", kSize);
    if (what == "stat target") return Stat("E-2", kSize);
    if (what == "initiate") return kInitiated;
    if (what == "complete") return kCompleted;
    if (what == "copy") return Refusal(400, "EntityTooLarge");
    if (what == "abort") return {204, {}, ""};
    if (what == "acl") {
      return {200,
              {},
              "<AccessControlPolicy><AccessControlList><Grant>private</Grant></AccessControlList>"
              "</AccessControlPolicy>"};
    }
    if (what == "tags") {
      return {
          200, {}, "<Tagging><TagSet><Tag><Key>k</Key><Value>a b</Value></Tag></TagSet></Tagging>"};
    }
    return {200, {}, "<CopyPartResult><ETag>\"" + what + "\"</ETag></CopyPartResult>"};
  }

  void Fail(const std::string& what, Reply reply) {
    MutexLock lock(&mutex_);
    failures_[what] = std::move(reply);
  }

  std::vector<std::string> seen() {
    MutexLock lock(&mutex_);
    return seen_;
  }
  std::string SentWith(const std::string& what, const std::string& header) {
    MutexLock lock(&mutex_);
    const auto it = heads_.find(what);
    if (it == heads_.end()) return "not sent";
    const auto found = it->second.find(header);
    return found == it->second.end() ? "" : found->second;
  }

  absl::StatusOr<ObjectStat> Copy(
      const std::optional<ObjectAttributes>& attributes = std::nullopt) {
    std::promise<absl::StatusOr<ObjectStat>> answer;
    backend_->Copy(kObject, "", kTarget, attributes, Into(answer));
    return answer.get_future().get();
  }

  std::vector<std::string> seen_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::multimap<std::string, std::string>> heads_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Reply> failures_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(MultipartCopyTest, CopiesInPartsWhatIsTooLarge) {
  const absl::StatusOr<ObjectStat> stat = Copy();
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->etag, "E-2");
  std::vector<std::string> seen = this->seen();
  EXPECT_EQ(seen.size(), 21u);
  EXPECT_EQ(seen[0], "stat source");
  EXPECT_EQ(seen[1], "tags");
  EXPECT_EQ(seen[2], "initiate");
  EXPECT_EQ(seen[19], "complete");
  EXPECT_EQ(seen[20], "stat target");
  EXPECT_EQ(SentWith("part 1", "x-oss-copy-source"), "/bucket/dir/key%201");
  EXPECT_EQ(SentWith("part 1", "x-oss-copy-source-if-match"), "\"S\"");
  EXPECT_EQ(SentWith("part 1", "x-oss-copy-source-range"), "bytes=0-67108863");
  EXPECT_EQ(SentWith("part 2", "x-oss-copy-source-range"), "bytes=67108864-134217727");
  EXPECT_EQ(SentWith("part 16", "x-oss-copy-source-range"), "bytes=1006632960-1048575999");
  EXPECT_EQ(SentWith("part 16", "content-length"), "0");
}

TEST_F(MultipartCopyTest, CarriesOverWhatTheSourceHas) {
  ASSERT_TRUE(Copy().ok());
  EXPECT_EQ(SentWith("initiate", "content-type"), "text/plain");
  EXPECT_EQ(SentWith("initiate", "expires"), "Thu, 01 Jan 2026 00:00:00 GMT");
  EXPECT_EQ(SentWith("initiate", "x-oss-meta-penstock-mark"), "mark");
  EXPECT_EQ(SentWith("initiate", "x-oss-meta-color"), "red");
  EXPECT_EQ(SentWith("initiate", "x-oss-tagging"), "k=a%20b");
  EXPECT_EQ(SentWith("initiate", "x-oss-storage-class"), "IA");
  EXPECT_EQ(SentWith("initiate", "x-oss-server-side-encryption"), "AES256");
}

TEST_F(MultipartCopyTest, ReplacesWhatTheSourceHas) {
  ObjectAttributes attributes;
  attributes.content_type = "image/png";
  attributes.options = {{"acl", "private"}};
  ASSERT_TRUE(Copy(attributes).ok());
  EXPECT_THAT(seen(), Not(Contains("tags")));
  EXPECT_EQ(SentWith("initiate", "content-type"), "image/png");
  EXPECT_EQ(SentWith("initiate", "x-oss-meta-penstock-mark"), "mark");
  EXPECT_EQ(SentWith("initiate", "x-oss-meta-color"), "");
  EXPECT_EQ(SentWith("initiate", "x-oss-storage-class"), "");
  EXPECT_EQ(SentWith("initiate", "x-oss-object-acl"), "");
  EXPECT_EQ(SentWith("complete", "x-oss-object-acl"), "private");
}

TEST_F(MultipartCopyTest, ChangesAttributesInPartsWhereOssCannotAtOnce) {
  ObjectAttributes attributes;
  attributes.metadata = {{"color", "blue"}};
  std::promise<absl::StatusOr<ObjectStat>> answer;
  backend_->SetAttributes(kTarget, "", attributes, Into(answer));
  const absl::StatusOr<ObjectStat> stat = answer.get_future().get();
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(SentWith("part 1", "x-oss-copy-source"), "/other/copy");
  EXPECT_EQ(SentWith("initiate", "x-oss-meta-color"), "blue");
  EXPECT_EQ(SentWith("initiate", "x-oss-tagging"), "k=a%20b");
  EXPECT_EQ(SentWith("initiate", "x-oss-storage-class"), "IA");
  EXPECT_EQ(SentWith("complete", "x-oss-object-acl"), "private");
}

TEST_F(MultipartCopyTest, AbortsWhatCannotBeFinished) {
  const std::pair<std::string, Reply> failures[] = {
      {"part 3", Refusal(412, "PreconditionFailed")},
      {"part 3", Refusal(404, "NoSuchKey")},
      {"part 3", Refusal(500, "InternalError")},
      {"part 3", {200, {"Content-Range: bytes 0-1/2"}, kCompleted.body}},
      {"part 3", {200, {}, ""}},
      {"complete", Refusal(500, "InternalError")},
      {"complete", {0, {}, ""}}};
  const char* const reasons[] = {kReasonObjectChanged, kReasonNoSuchObject, kReasonUnavailable,
                                 kReasonUnavailable,   kReasonUnavailable,  kReasonUnavailable,
                                 kReasonUnavailable};
  for (size_t i = 0; i < std::size(failures); ++i) {
    {
      MutexLock lock(&mutex_);
      failures_.clear();
      seen_.clear();
    }
    Fail(failures[i].first, failures[i].second);
    EXPECT_EQ(ErrorReason(Copy().status()), reasons[i]) << i;
    EXPECT_EQ(seen().back(), "abort") << i;
  }
}

TEST_F(MultipartCopyTest, TellsWhatItCannotBegin) {
  Fail("tags", Refusal(403, "AccessDenied"));
  const absl::Status denied = Copy().status();
  EXPECT_THAT(std::string(denied.message()), HasSubstr("grant oss:GetObjectTagging"));
  EXPECT_THAT(seen(), ElementsAre("stat source", "tags"));
  Fail("tags", Usual("tags"));
  Fail("initiate", Refusal(404, "NoSuchBucket"));
  EXPECT_EQ(ErrorReason(Copy().status()), kReasonNoSuchBucket);
  EXPECT_THAT(seen(), AllOf(Not(Contains("part 1")), Not(Contains("abort"))));
}

TEST_F(MultipartCopyTest, ComparesTheCopy) {
  Fail("stat target", Stat("E-2", kSize - 1));
  EXPECT_EQ(ErrorReason(Copy().status()), kReasonChecksumMismatch);
}

TEST_F(MultipartCopyTest, EndsWithTheBackend) {
  Notification part;
  Notification going;
  Intercept([&](FakeExchange& exchange) {
    if (What(exchange) == "part 1") {
      part.Notify();
      going.WaitForNotification();
    }
    return Answer(exchange);
  });
  std::promise<absl::StatusOr<ObjectStat>> answer;
  backend_->Copy(kObject, "", kTarget, std::nullopt, Into(answer));
  part.WaitForNotification();
  std::thread ending([this] { backend_.reset(); });
  going.Notify();
  const absl::Status ended = answer.get_future().get().status();
  ending.join();
  // It may have come to its end before it was told.
  EXPECT_TRUE(ended.ok() || ErrorReason(ended) == kReasonUnavailable) << ended;
  EXPECT_THAT(seen(), Contains(ended.ok() ? "complete" : "abort"));
}

}  // namespace
}  // namespace penstock::oss
