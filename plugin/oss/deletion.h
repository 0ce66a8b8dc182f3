#ifndef PENSTOCK_PLUGIN_OSS_DELETION_H_
#define PENSTOCK_PLUGIN_OSS_DELETION_H_

#include <string>
#include <vector>

#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/object_policy.h"

namespace penstock::oss {

// ObjectAccess::Delete: DeleteObject. Policy and client must outlive the calls.
void DeleteObject(OssClient& client, const ObjectPolicy& policy, const ObjectName& object,
                  DoneStatus done);

// ObjectAccess::DeleteMany: DeleteMultipleObjects, as often as the size of its body asks for, told
// to name what it deleted. What it does not name, and keys that XML cannot carry, are deleted one
// by one, a few at a time: so each has an outcome of its own.
void DeleteObjects(OssClient& client, const ObjectPolicy& policy, const std::string& bucket,
                   const std::vector<std::string>& keys, Done<std::vector<absl::Status>> done);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_DELETION_H_
