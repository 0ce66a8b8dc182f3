#ifndef PENSTOCK_PLUGIN_OSS_OBJECT_REPLIES_H_
#define PENSTOCK_PLUGIN_OSS_OBJECT_REPLIES_H_

// The XML of what is done to objects that are there: lists, deletes, copies, ACLs and tags. Pure
// functions; parsers fail as those of replies.h.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plugin/object_access.h"

namespace penstock::oss {

// A ListBucketResult of ListObjectsV2.
absl::StatusOr<ListedObjects> ParseObjectsReply(const std::string& xml);

struct BucketsPage {
  std::vector<ListedBucket> buckets;
  std::string next_marker;  // empty: the last page
};
absl::StatusOr<BucketsPage> ParseBucketsReply(const std::string& xml);

// Whether a key is the same once XML has carried it, whoever reads that: no control characters, of
// which XML 1.0 has hardly any and changes some; no spaces at either end, which readers may drop.
bool FitsXml(const std::string& key);

// An object of DeleteMultipleObjects's body, and the body around all of them.
std::string DeleteEntry(const std::string& key);
std::string DeleteBody(const std::string& entries);

// The keys that a DeleteResult says are deleted.
absl::StatusOr<std::set<std::string>> ParseDeletedReply(const std::string& xml);

// The ETag, without its quotes, of a CopyObjectResult or a CopyPartResult: `root` says which.
absl::StatusOr<std::string> ParseCopyReply(const char* root, const std::string& xml);

// The grant of an AccessControlPolicy: "default", "private", ...
absl::StatusOr<std::string> ParseAclReply(const std::string& xml);

// The tags of a Tagging.
absl::StatusOr<std::map<std::string, std::string>> ParseTagsReply(const std::string& xml);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_OBJECT_REPLIES_H_
