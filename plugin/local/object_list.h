#ifndef PENSTOCK_PLUGIN_LOCAL_OBJECT_LIST_H_
#define PENSTOCK_PLUGIN_LOCAL_OBJECT_LIST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "plugin/local/object_files.h"
#include "plugin/local/tree.h"
#include "plugin/object_access.h"

namespace penstock::local {

// Lists the objects beneath a bucket's directory, which is there, as ObjectAccess::List. What is
// told is durable then. Files of others are objects where their path is that of a key; what is not,
// and what is no plain file, is passed over.
//
// A page reads the directories that its keys lie in and those above them, down from that of the
// prefix, and no other; of each it keeps the names of a few pages at most, however many there are.
// Directories that hold no object cost reading, and are not told.
absl::StatusOr<ListedObjects> ListObjects(const Tree& tree, const ObjectFiles& objects,
                                          const ListQuery& query);

// The directories beneath the root that have a bucket's name, by name.
absl::StatusOr<std::vector<ListedBucket>> ListBuckets(const Tree& tree);

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_OBJECT_LIST_H_
