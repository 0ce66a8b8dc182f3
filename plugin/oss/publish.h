#ifndef PENSTOCK_PLUGIN_OSS_PUBLISH_H_
#define PENSTOCK_PLUGIN_OSS_PUBLISH_H_

// The two requests that make an object visible. Where a callback was asked for, the application's
// answer stands in the place of OSS's own, and a callback that fails (203) leaves the object
// published: that is success, told to the log. Policy and client must outlive the calls.

#include <memory>
#include <string>
#include <vector>

#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/object_policy.h"

namespace penstock::oss {

// How long OSS takes a signed request after the time in it: 15 minutes by its own clock, which may
// be as much behind ours without either noticing (RequestTimeTooSkewed).
inline constexpr absl::Duration kSignatureLife = absl::Minutes(15 + 15);

// Makes one attempt of PutObject, signed as soon as there are credentials.
void SignPut(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
             const ObjectAttributes& attributes, const std::string& mark,
             std::shared_ptr<const Buffer> body, Done<std::unique_ptr<PreparedPut>> done);

// CompleteMultipartUpload, and then what HEAD tells of the object: its answer tells neither size
// nor mark nor time. Where the bucket keeps versions, of the one that it made.
void Complete(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
              const std::string& upload_id, const std::vector<PartReference>& parts,
              const ObjectAttributes& attributes, Done<ObjectStat> done);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_PUBLISH_H_
