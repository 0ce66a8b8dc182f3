#ifndef PENSTOCK_PLUGIN_OSS_COPY_H_
#define PENSTOCK_PLUGIN_OSS_COPY_H_

// ObjectAccess::Copy and SetAttributes:
//
//   HEAD                of the source: everything after it is about that ETag
//   GET ?acl            SetAttributes only: a copy has the bucket's otherwise
//   CopyObject          where OSS takes objects of the size; else in parts (multipart_copy.h)
//   HEAD                of the copy, whose size and CRC-64 are compared
//
// Both ways make the same object, but that OSS may know no CRC-64 of one that was put together.

#include <optional>
#include <string>

#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/object_policy.h"

namespace penstock::oss {

// An object copied onto itself without `attributes` is left alone. A callback in `attributes` is
// not made. Policy and client must outlive the call.
void CopyObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& source,
                const std::string& etag, const ObjectName& target,
                const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done);

// Copies the object onto itself. Tags, ACL and encryption stay.
void SetObjectAttributes(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                         const std::string& etag, const ObjectAttributes& attributes,
                         Done<ObjectStat> done);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_COPY_H_
