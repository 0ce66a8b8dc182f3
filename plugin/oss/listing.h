#ifndef PENSTOCK_PLUGIN_OSS_LISTING_H_
#define PENSTOCK_PLUGIN_OSS_LISTING_H_

#include <vector>

#include "plugin/backend.h"
#include "plugin/oss/client.h"
#include "plugin/oss/object_policy.h"

namespace penstock::oss {

// ObjectAccess::List: ListObjectsV2, names encoded so that any key comes through; a page is OSS's
// continuation token. Policy and client must outlive the calls.
void ListObjects(OssClient& client, const ObjectPolicy& policy, const ListQuery& query,
                 Done<ListedObjects> done);

// ObjectAccess::ListBuckets: ListBuckets (GetService), all pages. NOT_SUPPORTED where the endpoint
// is a domain of one bucket.
void ListAllBuckets(OssClient& client, const ObjectPolicy& policy,
                    Done<std::vector<ListedBucket>> done);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_LISTING_H_
