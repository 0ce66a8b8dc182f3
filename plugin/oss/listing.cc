#include "plugin/oss/listing.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "plugin/oss/object_replies.h"
#include "plugin/oss/remedy.h"
#include "plugin/oss/requests.h"

namespace penstock::oss {
namespace {

// All else that a list sends was checked: OSS does not know the page.
absl::Status OfPage(const std::string& page, absl::Status error) {
  if (page.empty() || ErrorMetadataOf(error)["oss_code"] != "InvalidArgument") return error;
  return MakeError(
      absl::StatusCode::kInvalidArgument, "BAD_PAGE_TOKEN",
      absl::StrCat("the page token is none of this list: ", std::string(error.message())),
      ErrorMetadataOf(error));
}

void ListBucketsFrom(OssClient& client, const ObjectPolicy& policy, const std::string& marker,
                     std::vector<ListedBucket> before, Done<std::vector<ListedBucket>> done) {
  OssRequest request;
  request.method = "GET";
  request.of_service = true;
  request.query = {{"max-keys", "1000"}};
  if (!marker.empty()) request.query["marker"] = marker;
  request.headers = policy.request_headers();
  client.Call(std::move(request), Repeat::kFreely, ChecksBody(ParseBucketsReply),
              [&client, &policy, marker, buckets = std::move(before),
               done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
                if (!answer.ok()) {
                  std::move(done)(WithPermission(std::move(answer).status(), "oss:ListBuckets"));
                  return;
                }
                BucketsPage page = *ParseBucketsReply(answer->body);
                std::move(page.buckets.begin(), page.buckets.end(), std::back_inserter(buckets));
                if (page.next_marker.empty()) {
                  std::sort(buckets.begin(), buckets.end(),
                            [](const auto& a, const auto& b) { return a.name < b.name; });
                  std::move(done)(std::move(buckets));
                } else if (page.next_marker <= marker) {
                  std::move(done)(BadAnswerStatus(*answer, "its list of buckets does not advance"));
                } else {
                  ListBucketsFrom(client, policy, page.next_marker, std::move(buckets),
                                  std::move(done));
                }
              });
}

}  // namespace

void ListObjects(OssClient& client, const ObjectPolicy& policy, const ListQuery& query,
                 Done<ListedObjects> done) {
  Query parameters = {
      {"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", absl::StrCat(query.limit)}};
  if (!query.prefix.empty()) parameters["prefix"] = query.prefix;
  if (!query.delimiter.empty()) parameters["delimiter"] = query.delimiter;
  if (!query.page.empty()) parameters["continuation-token"] = query.page;
  client.Call(
      BucketRequest(policy, "GET", query.bucket, std::move(parameters)), Repeat::kFreely,
      [page = query.page](const HttpResponse& answer) {
        const absl::StatusOr<ListedObjects> parsed = ParseObjectsReply(answer.body);
        if (!parsed.ok()) return BadAnswerStatus(answer, std::string(parsed.status().message()));
        if (parsed->next_page.empty() || parsed->next_page != page) return absl::OkStatus();
        return BadAnswerStatus(answer, "its list of objects does not advance");
      },
      [page = query.page, done = std::move(done)](absl::StatusOr<HttpResponse> answer) mutable {
        if (!answer.ok()) {
          std::move(done)(OfPage(page, WithPermission(answer.status(), "oss:ListObjects")));
        } else {
          std::move(done)(ParseObjectsReply(answer->body));
        }
      });
}

void ListAllBuckets(OssClient& client, const ObjectPolicy& policy,
                    Done<std::vector<ListedBucket>> done) {
  if (client.endpoint().reaches_service()) {
    ListBucketsFrom(client, policy, "", {}, std::move(done));
    return;
  }
  client.Post([done = std::move(done)]() mutable {
    std::move(done)(MakeError(absl::StatusCode::kUnimplemented, kReasonNotSupported,
                              "this remote's endpoint is a domain of one bucket, where buckets "
                              "cannot be listed"));
  });
}

}  // namespace penstock::oss
