// Deleting several objects (deletion.h), in front of a server that answers what a test tells it.

#include "plugin/oss/deletion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "plugin/oss/digest.h"
#include "plugin/oss/fake_oss.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

const char kDeletes[] = "POST /bucket/?delete&encoding-type=url";

class DeletionTest : public OssBackendTest {
 protected:
  absl::StatusOr<std::vector<absl::Status>> DeleteMany(const std::vector<std::string>& keys) {
    std::promise<absl::StatusOr<std::vector<absl::Status>>> answer;
    backend_->DeleteMany("bucket", keys, Into(answer));
    return answer.get_future().get();
  }
  std::string Body(size_t request) {
    MutexLock lock(&mutex_);
    return bodies_.at(request);
  }
};

Reply Deleted(const std::vector<std::string>& encoded_keys) {
  std::string xml = "<DeleteResult><EncodingType>url</EncodingType>";
  for (const std::string& key : encoded_keys) {
    absl::StrAppend(&xml, "<Deleted><Key>", key, "</Key></Deleted>");
  }
  return {200, {}, xml + "</DeleteResult>"};
}

TEST_F(DeletionTest, DeletesInOneRequest) {
  Expect({Deleted({"a%26b", "%3Cc%3E", "d%2F%C3%A4"})});
  const auto results = DeleteMany({"a&b", "<c>", "d/\xc3\xa4"}).value();
  EXPECT_THAT(results, ElementsAre(absl::OkStatus(), absl::OkStatus(), absl::OkStatus()));
  EXPECT_THAT(requests(), ElementsAre(kDeletes));
  EXPECT_EQ(Body(0),
            "<Delete><Quiet>false</Quiet><Object><Key>a&amp;b</Key></Object>"
            "<Object><Key>&lt;c&gt;</Key></Object><Object><Key>d/\xc3\xa4</Key></Object></Delete>");
  EXPECT_EQ(Sent(0, "content-md5"), ContentMd5(Body(0)));
}

TEST_F(DeletionTest, DeletesOneByOneWhatXmlCannotCarry) {
  for (const std::string key : {"a\x01", "line\n", "tab\tx", " space", "space ", "\xef\xbf\xbf"}) {
    Expect({Deleted({"b"}), {204, {}, ""}});
    EXPECT_THAT(DeleteMany({key, "b"}).value(), ElementsAre(absl::OkStatus(), absl::OkStatus()));
  }
  EXPECT_EQ(requests()[0], kDeletes);
  EXPECT_EQ(requests()[1], "DELETE /bucket/a%01");
  EXPECT_THAT(requests(), SizeIs(12));
  Expect({{204, {}, ""}});
  EXPECT_THAT(DeleteMany({"\r"}).value(), ElementsAre(absl::OkStatus()));
}

TEST_F(DeletionTest, TriesWhatOssDoesNotSayIsDeleted) {
  Expect({Deleted({"b"}), Refusal(403, "AccessDenied")});
  const auto results = DeleteMany({"a", "b"}).value();
  EXPECT_THAT(requests(), ElementsAre(kDeletes, "DELETE /bucket/a"));
  EXPECT_EQ(ErrorReason(results[0]), kReasonDenied);
  EXPECT_TRUE(results[1].ok());
}

TEST_F(DeletionTest, EndsWithTheBackend) {
  Notification first;
  Notification going;
  std::atomic<int> count = 0;
  Intercept([&](FakeExchange& exchange) {
    if (count++ == 0) first.Notify();
    going.WaitForNotification();
    return Give(exchange, {204, {}, ""});
  });
  std::vector<std::string> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back(absl::StrCat(i, "\n"));
  std::promise<absl::StatusOr<std::vector<absl::Status>>> answer;
  backend_->DeleteMany("bucket", keys, Into(answer));
  first.WaitForNotification();
  std::thread ending([this] { backend_.reset(); });
  going.Notify();
  const std::vector<absl::Status> results = answer.get_future().get().value();
  ending.join();
  ASSERT_THAT(results, SizeIs(1000));
  const auto deleted = std::count(results.begin(), results.end(), absl::OkStatus());
  EXPECT_EQ(deleted, count);
  for (const absl::Status& result : results) {
    EXPECT_TRUE(result.ok() || ErrorReason(result) == kReasonUnavailable) << result;
  }
}

TEST_F(DeletionTest, FailsAsAWholeWhereTheRequestDoes) {
  Expect({Refusal(404, "NoSuchBucket")});
  EXPECT_EQ(ErrorReason(DeleteMany({"a", "b"}).status()), kReasonNoSuchBucket);
  const Reply broken = {200, {}, "<DeleteResult><Deleted>"};
  Expect({broken, broken, broken, broken});
  EXPECT_EQ(ErrorReason(DeleteMany({"a", "b"}).status()), kReasonUnavailable);
}

TEST_F(DeletionTest, SendsSeveralBodiesWhereOneWouldBeTooLarge) {
  std::vector<std::string> keys;
  std::vector<std::string> encoded;
  for (int i = 0; i < 1000; ++i) {
    keys.push_back(absl::StrCat(1000 + i, std::string(1019, '&')));
    encoded.push_back(keys.back());
    for (size_t at = 0; (at = encoded.back().find('&', at)) != std::string::npos; at += 3) {
      encoded.back().replace(at, 1, "%26");
    }
  }
  size_t next = 0;
  Intercept([&](FakeExchange& exchange) {
    const std::string body = exchange.ReadBody();
    EXPECT_LT(body.size(), size_t{2} << 20);
    std::vector<std::string> deleted;
    for (size_t at = 0; (at = body.find("<Object>", at)) != std::string::npos; ++at) {
      deleted.push_back(encoded[next++]);
    }
    return Give(exchange, Deleted(deleted));
  });
  const absl::StatusOr<std::vector<absl::Status>> results = DeleteMany(keys);
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ(next, 1000u);
  for (const absl::Status& result : *results) EXPECT_TRUE(result.ok()) << result;
}

}  // namespace
}  // namespace penstock::oss
