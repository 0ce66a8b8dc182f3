// Reading ranges of objects (read.h), in front of a server that answers what a test tells it.

#include "plugin/oss/read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "plugin/oss/fake_oss.h"

namespace penstock::oss {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class ReadTest : public OssBackendTest {
 protected:
  absl::StatusOr<ObjectBytes> Read(int64_t offset, int64_t length, const std::string& etag = "") {
    std::promise<absl::StatusOr<ObjectBytes>> answer;
    backend_->Read(kObject, offset, length, etag, Into(answer));
    return answer.get_future().get();
  }
};

Reply Piece(const std::string& range, const std::string& bytes) {
  return {206,
          {"ETag: \"E\"", "Content-Range: " + range, "x-oss-hash-crc64ecma: 7",
           "Last-Modified: Sat, 16 Dec 2023 16:20:57 GMT", "Content-Type: text/plain",
           "Cache-Control: no-cache", "Content-Disposition: inline", "Content-Encoding: br",
           "x-oss-storage-class: IA", "x-oss-meta-penstock-mark: mark",
           "x-oss-meta-penstock-encoding: percent", "x-oss-meta-a: %C3%A4", "x-oss-request-id: R1"},
          bytes};
}

TEST_F(ReadTest, AsksForTheRangeAndDescribesTheObject) {
  Expect({Piece("bytes 3-7/10", "34567")});
  const ObjectBytes read = Read(3, 5).value();
  EXPECT_EQ(read.bytes->ToString(), "34567");
  EXPECT_THAT(requests(), ElementsAre("GET /bucket/dir/key%201"));
  EXPECT_EQ(Sent(0, "range"), "bytes=3-7");
  EXPECT_EQ(Sent(0, "x-oss-range-behavior"), "standard");
  EXPECT_EQ(Sent(0, "if-match"), "");
  EXPECT_EQ(Sent(0, "accept-encoding"), "");
  EXPECT_EQ(read.stat.size, 10);
  EXPECT_EQ(read.stat.etag, "E");
  EXPECT_EQ(read.stat.crc64, 7u);
  EXPECT_EQ(read.stat.update_time, absl::FromUnixSeconds(1702743657));
  EXPECT_EQ(read.stat.content_type, "text/plain");
  EXPECT_EQ(read.stat.cache_control, "no-cache");
  EXPECT_EQ(read.stat.content_disposition, "inline");
  EXPECT_EQ(read.stat.content_encoding, "br");
  EXPECT_EQ(read.stat.storage_class, "IA");
  EXPECT_EQ(read.stat.mark, "mark");
  EXPECT_THAT(read.stat.metadata, ElementsAre(testing::Pair("a", "\xc3\xa4")));
  EXPECT_EQ(read.stat.request_id, "R1");
}

TEST_F(ReadTest, TakesWhatThereIsBeforeTheEnd) {
  Expect({Piece("bytes 8-9/10", "89")});
  EXPECT_EQ(Read(8, 5)->bytes->ToString(), "89");
}

TEST_F(ReadTest, TakesMoreThanOtherAnswersMayHave) {
  const std::string bytes(Backend::kMaxReadLength, 'x');
  Expect({Piece("bytes 0-8388607/9000000", bytes)});
  EXPECT_EQ(Read(0, Backend::kMaxReadLength)->bytes->ToString(), bytes);
}

TEST_F(ReadTest, ReadsOnlyTheObjectThatIsMeant) {
  Expect({Piece("bytes 0-0/1", "0"), Refusal(412, "PreconditionFailed")});
  EXPECT_TRUE(Read(0, 1, "E").ok());
  EXPECT_EQ(Sent(0, "if-match"), "\"E\"");
  const absl::Status changed = Read(0, 1, "E").status();
  EXPECT_EQ(changed.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(changed), kReasonObjectChanged);
  EXPECT_THAT(requests(), SizeIs(2));
}

TEST_F(ReadTest, AsksForWhatCanBeNoETagWithoutHarm) {
  Expect({Refusal(412, "PreconditionFailed")});
  EXPECT_EQ(ErrorReason(Read(0, 1, "no\r\nx: \"").status()), kReasonObjectChanged);
  EXPECT_EQ(Sent(0, "if-match"), "\"no%0D%0Ax:%20%22\"");
}

TEST_F(ReadTest, HasNoBytesAtTheEnd) {
  Expect({Refusal(416, "InvalidRange"), kDescribed});
  const ObjectBytes read = Read(5, 100, "E-2").value();
  EXPECT_EQ(read.bytes->size(), 0);
  EXPECT_EQ(read.stat.size, 5);
  EXPECT_EQ(read.stat.etag, "E-2");
  EXPECT_THAT(requests(), ElementsAre("GET /bucket/dir/key%201", "HEAD /bucket/dir/key%201"));
  EXPECT_EQ(Sent(1, "if-match"), "\"E-2\"");
}

TEST_F(ReadTest, NoticesThatTheObjectWasReplacedWhereItsEndWasAskedFor) {
  Expect({Refusal(416, "InvalidRange"), Refusal(412, "PreconditionFailed")});
  EXPECT_EQ(ErrorReason(Read(5, 100, "E-2").status()), kReasonObjectChanged);
  Expect({Refusal(416, "InvalidRange"), kDescribed});
  const absl::Status grown = Read(4, 100).status();
  EXPECT_EQ(grown.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(RetryDelay(grown).has_value());
}

TEST_F(ReadTest, TakesAWholeObjectThatIsWhatWasAskedFor) {
  Expect({{200, {"ETag: \"E\""}, "0123"}, {200, {"ETag: \"E\""}, ""}});
  EXPECT_EQ(Read(0, 100)->bytes->ToString(), "0123");
  EXPECT_EQ(Read(7, 100)->bytes->size(), 0);
}

TEST_F(ReadTest, TriesAgainAfterWhatWasNotAskedFor) {
  const Reply good = Piece("bytes 3-7/10", "34567");
  for (const Reply& bad :
       {Piece("bytes 3-6/10", "3456"), Piece("bytes 2-6/10", "23456"),
        Piece("bytes 3-7/5", "34567"), Piece("bytes 3-7/10", "3456"), Piece("bytes */10", "34567"),
        Piece("3-7/10", "34567"), Piece("bytes 3-x/10", "34567"), Piece("bytes 7-3/10", "34567"),
        Reply{206, {"ETag: \"E\""}, "34567"}, Reply{200, {"ETag: \"E\""}, "34567"},
        Reply{200, {"ETag: \"E\""}, "0123456789"},
        Reply{206, {"Content-Range: bytes 3-7/10"}, "34567"}}) {
    Expect({bad, good});
    const absl::StatusOr<ObjectBytes> read = Read(3, 5);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->bytes->ToString(), "34567");
  }
  EXPECT_THAT(requests(), SizeIs(24));
  Expect({Piece("bytes 3-7/10", "34567"), Piece("bytes 3-7/10", "34567"),
          Piece("bytes 3-7/10", "34567"), Piece("bytes 3-7/10", "34567")});
  const absl::Status other = Read(3, 5, "another").status();
  EXPECT_EQ(ErrorReason(other), kReasonUnavailable);
  EXPECT_THAT(std::string(other.message()), HasSubstr("of another object"));
}

TEST_F(ReadTest, TriesAgainAfterHalfABody) {
  std::atomic<int> count = 0;
  Intercept([&](FakeExchange& exchange) {
    const std::string head =
        "HTTP/1.1 206 Partial Content\r\nx-oss-request-id: R0\r\nETag: \"E\"\r\nContent-Range: "
        "bytes 3-7/10\r\n";
    switch (count++) {
      case 0:  // breaks off
        exchange.Write(head + "Content-Length: 5\r\n\r\n345");
        break;
      case 1:  // ends where nobody said that it should
        exchange.Write(head + "Connection: close\r\n\r\n345");
        break;
      default:
        exchange.Write(head + "Content-Length: 5\r\n\r\n34567");
    }
    exchange.Close();
    return true;
  });
  EXPECT_EQ(Read(3, 5)->bytes->ToString(), "34567");
  EXPECT_EQ(count, 3);
}

TEST_F(ReadTest, ReadsToTheEndOfTheLargestNumbers) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  Expect({Refusal(416, "InvalidRange"), kDescribed});
  EXPECT_EQ(Read(kMost - 1, 100)->bytes->size(), 0);
  EXPECT_EQ(Sent(0, "range"), absl::StrCat("bytes=", kMost - 1, "-", kMost));
}

TEST_F(ReadTest, TellsWhatIsNotThere) {
  Expect({Refusal(404, "NoSuchKey"), Refusal(404, "NoSuchBucket"),
          Refusal(403, "InvalidObjectState")});
  EXPECT_EQ(ErrorReason(Read(0, 1).status()), kReasonNoSuchObject);
  EXPECT_EQ(ErrorReason(Read(0, 1).status()), kReasonNoSuchBucket);
  EXPECT_THAT(std::string(Read(0, 1).status().message()), HasSubstr("restore it"));
}

}  // namespace
}  // namespace penstock::oss
