#ifndef PENSTOCK_PLUGIN_OSS_READ_H_
#define PENSTOCK_PLUGIN_OSS_READ_H_

#include <cstdint>
#include <string>

#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/object_policy.h"

namespace penstock::oss {

// ObjectAccess::Read: GetObject of a range. OSS answers with the whole object to a range that it
// cannot serve unless it is told to keep to the standard, and so it is. Where nothing is left of
// the object at `offset`, HEAD tells the rest. Policy and client must outlive the call.
void ReadObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                int64_t offset, int64_t length, const std::string& etag, Done<ObjectBytes> done);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_READ_H_
