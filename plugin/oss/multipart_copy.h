#ifndef PENSTOCK_PLUGIN_OSS_MULTIPART_COPY_H_
#define PENSTOCK_PLUGIN_OSS_MULTIPART_COPY_H_

#include <cstdint>

#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/copy_source.h"
#include "plugin/oss/object_policy.h"
#include "plugin/oss/signature.h"

namespace penstock::oss {

// How an object is put together of parts of another:
//
//   its tags, if they go along:  GET ?tagging
//   InitiateMultipartUpload      with `initiate`
//   UploadPartCopy, a few at a time, each only if the source is still the same
//   CompleteMultipartUpload      with `complete`
//   HEAD
//
// What fails before OSS was asked to complete it ends the upload, which is aborted; so is one whose
// completion failed or has an unknown outcome: then the caller may do it all again.
struct MultipartCopyPlan {
  CopySource source;
  ObjectName target;
  Headers initiate;           // what the target carries
  bool with_tags = false;     // of the source
  ObjectAttributes complete;  // of these the ACL and forbid_overwrite
};

// REQUIRES: the source is not empty. Policy and client must outlive the call.
void CopyInParts(OssClient& client, const ObjectPolicy& policy, MultipartCopyPlan plan,
                 Done<ObjectStat> done);

// The size of its parts, the last but which all are as large: more than 10,000 there cannot be.
int64_t CopyPartSize(int64_t size);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_MULTIPART_COPY_H_
