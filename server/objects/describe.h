#ifndef PENSTOCK_SERVER_OBJECTS_DESCRIBE_H_
#define PENSTOCK_SERVER_OBJECTS_DESCRIBE_H_

#include <string>
#include <vector>

#include "plugin/answer.h"
#include "plugin/object_access.h"

namespace penstock {

// Asks for what a list did not tell of its objects, some of them at a time. Answers with all of
// them, complete, in the same order, but for those that are not there any more; the first other
// error ends it. `backend` must live until the answer. With nothing to ask for it answers from
// within the call.
void Describe(ObjectAccess& backend, const std::string& bucket, std::vector<ListedObject> objects,
              Done<std::vector<ListedObject>> done);

inline constexpr int kParallelStats = 16;

}  // namespace penstock

#endif  // PENSTOCK_SERVER_OBJECTS_DESCRIBE_H_
