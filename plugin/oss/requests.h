#ifndef PENSTOCK_PLUGIN_OSS_REQUESTS_H_
#define PENSTOCK_PLUGIN_OSS_REQUESTS_H_

// What the operations of a remote have in common. Policy and client must outlive the calls.

#include <string>

#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/object_policy.h"
#include "plugin/oss/replies.h"

namespace penstock::oss {

// How long OSS may be silent while it combines or copies.
inline constexpr absl::Duration kSilentTimeout = absl::Minutes(10);

// A request that carries a few bytes at most, to an object or to a bucket.
OssRequest ObjectRequest(const ObjectPolicy& policy, const std::string& method,
                         const ObjectName& object, Query query = {});
OssRequest BucketRequest(const ObjectPolicy& policy, const std::string& method,
                         const std::string& bucket, Query query);

// Turns a parser of bodies into a judge of answers.
template <typename Parser>
OssClient::Check ChecksBody(Parser parse) {
  return [parse](const HttpResponse& answer) {
    const auto parsed = parse(answer.body);
    return parsed.ok() ? absl::OkStatus()
                       : BadAnswerStatus(answer, std::string(parsed.status().message()));
  };
}

// What must be true of the answer to a request that stored `body`: its CRC-64, and where OSS
// `answers_itself` an ETag. An answer without a CRC-64 is believed: OSS leaves it out where it has
// none.
absl::Status CheckStored(const HttpResponse& answer, const Buffer& body, bool answers_itself);

// Which object of a name is meant.
struct Which {
  std::string version_id;  // empty: the one that is there now
  std::string etag;        // OBJECT_CHANGED unless it is this; empty: whatever it is
};

// HEAD, and what must be true of its answer.
OssRequest HeadRequest(const ObjectPolicy& policy, const ObjectName& object, const Which& which);
absl::Status CheckHead(const HttpResponse& answer);

// Describes an object.
void HeadObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                const Which& which, Done<ObjectStat> done);

// The rest of the answer to a request that published `object`, as HEAD tells it. `etag` is empty
// where OSS did not tell it; UNAVAILABLE when it is another by now. `version_id`, not empty where
// the bucket keeps versions, is the one that the request made.
void DescribePublished(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                       const std::string& version_id, const std::string& etag,
                       Done<ObjectStat> done);

// UNAVAILABLE: what is left of a call of many requests is left out, for the client is ending.
absl::Status EndingStatus();

// An ETag as conditions have it. What no ETag has in it is encoded, so that it is nobody's.
std::string Quoted(const std::string& etag);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_REQUESTS_H_
