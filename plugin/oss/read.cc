#include "plugin/oss/read.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/oss/remedy.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

constexpr int kPartialContent = 206;

// Which bytes an answer carries, and of how many.
struct Range {
  int64_t first = 0;
  int64_t count = 0;
  int64_t total = 0;
};

// What was asked for.
struct Wanted {
  int64_t offset = 0;
  int64_t length = 0;
  std::string etag;  // empty: any

  int64_t last() const {
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
    return offset > kMost - length ? kMost : offset + length - 1;
  }
};

// "bytes 5-9/100"
absl::StatusOr<Range> ParseContentRange(const std::string& header) {
  Range range;
  int64_t last = 0;
  absl::string_view text = header;
  const std::vector<std::string> numbers = absl::ConsumePrefix(&text, "bytes ")
                                               ? absl::StrSplit(text, absl::ByAnyChar("-/"))
                                               : std::vector<std::string>();
  const bool good = numbers.size() == 3 && absl::SimpleAtoi(numbers[0], &range.first) &&
                    absl::SimpleAtoi(numbers[1], &last) &&
                    absl::SimpleAtoi(numbers[2], &range.total) && range.first >= 0 &&
                    last >= range.first && last < range.total;
  if (!good) {
    return absl::InvalidArgumentError(
        absl::StrCat("does not say which bytes of how many these are (\"", header, "\")"));
  }
  range.count = last - range.first + 1;
  return range;
}

// An answer of 200 is the whole object: good where that is what was asked for.
absl::StatusOr<Range> RangeOf(const HttpResponse& answer) {
  if (answer.status == kPartialContent) return ParseContentRange(answer.Header("content-range"));
  Range range;
  if (!absl::SimpleAtoi(answer.Header("content-length"), &range.total) || range.total < 0) {
    return absl::InvalidArgumentError("it does not tell the object's size");
  }
  range.count = range.total;
  return range;
}

// The answer to a read, once it is exactly what was asked for; the error says what is not.
absl::StatusOr<ObjectBytes> ParseRead(const HttpResponse& answer, const Wanted& wanted) {
  PENSTOCK_ASSIGN_OR_RETURN(const Range range, RangeOf(answer));
  const int64_t end = std::min(range.total - 1, wanted.last()) + 1;
  const int64_t expected = std::max<int64_t>(0, end - wanted.offset);
  if (range.count != expected || (expected > 0 && range.first != wanted.offset)) {
    return absl::InvalidArgumentError(
        absl::StrCat("with ", range.count, " bytes from ", range.first, " on of ", range.total,
                     ", not with ", expected, " from ", wanted.offset, " on"));
  }
  ObjectBytes result;
  result.bytes = answer.content == nullptr ? std::make_shared<const Buffer>() : answer.content;
  if (result.bytes->size() != expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("its body has ", result.bytes->size(), " bytes of ", expected));
  }
  result.stat = ParseObjectHeaders(answer);
  result.stat.size = range.total;
  if (result.stat.etag.empty()) return absl::InvalidArgumentError("without an ETag");
  if (!wanted.etag.empty() && result.stat.etag != wanted.etag) {
    return absl::InvalidArgumentError("of another object than was asked for");
  }
  return result;
}

bool SaysNothingIsThere(const absl::Status& error) {
  return ErrorMetadataOf(error)["http_status"] == "416";
}

// What the object is that has nothing at `wanted.offset`.
void DescribeEnd(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                 const Wanted& wanted, Done<ObjectBytes> done) {
  HeadObject(
      client, policy, object, {"", wanted.etag},
      [offset = wanted.offset, done = std::move(done)](absl::StatusOr<ObjectStat> stat) mutable {
        if (!stat.ok()) {
          std::move(done)(std::move(stat).status());
        } else if (stat->size > offset) {
          std::move(done)(
              MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable,
                        absl::StrCat("the object had no bytes at ", offset, " and has ", stat->size,
                                     " by now: it was replaced meanwhile"),
                        {{"offset", absl::StrCat(offset)}, {"size", absl::StrCat(stat->size)}},
                        absl::ZeroDuration()));
        } else {
          std::move(done)(ObjectBytes{*std::move(stat), std::make_shared<const Buffer>()});
        }
      });
}

}  // namespace

void ReadObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                int64_t offset, int64_t length, const std::string& etag, Done<ObjectBytes> done) {
  const Wanted wanted = {offset, length, etag};
  OssRequest request = ObjectRequest(policy, "GET", object);
  request.headers["range"] = absl::StrCat("bytes=", offset, "-", wanted.last());
  request.headers["x-oss-range-behavior"] = "standard";
  if (!etag.empty()) request.headers["if-match"] = Quoted(etag);
  request.max_content_bytes = length;
  client.Call(
      std::move(request), Repeat::kFreely,
      [wanted](const HttpResponse& answer) {
        const absl::StatusOr<ObjectBytes> read = ParseRead(answer, wanted);
        return read.ok() ? absl::OkStatus()
                         : BadAnswerStatus(answer, std::string(read.status().message()));
      },
      [&client, &policy, object, wanted,
       done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
        if (answer.ok()) {
          std::move(done)(ParseRead(*answer, wanted));
        } else if (SaysNothingIsThere(answer.status())) {
          DescribeEnd(client, policy, object, wanted, std::move(done));
        } else {
          std::move(done)(WithPermission(answer.status(), "oss:GetObject"));
        }
      });
}

}  // namespace penstock::oss
