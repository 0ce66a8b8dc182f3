#ifndef PENSTOCK_PLUGIN_OSS_COPY_SOURCE_H_
#define PENSTOCK_PLUGIN_OSS_COPY_SOURCE_H_

#include <map>
#include <string>

#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/object_policy.h"
#include "plugin/oss/signature.h"

namespace penstock::oss {

// An object that is going to be copied, as it was when the copy began.
struct CopySource {
  ObjectName name;
  ObjectStat stat;

  // What a request that makes another object must say so that it is like this one: content headers
  // and metadata as OSS keeps them, the mark among them; storage class; encryption.
  Headers attributes;
  Headers storage_class;
  Headers encryption;

  bool has_tags = false;
};

// Describes the object; with `etag` not empty OBJECT_CHANGED unless it is that one.
void FindCopySource(OssClient& client, const ObjectPolicy& policy, const ObjectName& name,
                    const std::string& etag, Done<CopySource> done);

// What a request that copies `source` says of it: where it is, and that it must not have changed.
Headers CopySourceHeaders(const CopySource& source);

// The object's tags, and who may use it as x-oss-object-acl says it.
void FindTags(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
              Done<std::map<std::string, std::string>> done);
void FindAcl(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
             Done<std::string> done);

// DATA_LOSS / CHECKSUM_MISMATCH unless `copy` has the size of `source`, and its CRC-64 where both
// have one.
absl::Status CheckCopy(const ObjectStat& source, const ObjectStat& copy);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_COPY_SOURCE_H_
