#ifndef PENSTOCK_CLIENT_OBJECT_CALLS_H_
#define PENSTOCK_CLIENT_OBJECT_CALLS_H_

// Calls of ObjectService, each on the next server when one cannot be reached. Errors as
// proto/penstock/v1/object.proto lists them.

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "penstock/v1/object.pb.h"

namespace penstock {

absl::StatusOr<v1::StoredObject> StatObject(Connection& connection, const v1::ObjectName& name);

absl::StatusOr<std::vector<v1::Bucket>> ListBuckets(Connection& connection,
                                                    const std::string& remote);

// Hands page after page to `take`, each before the next is asked for. An error of `take` ends it.
absl::Status ListObjects(Connection& connection, v1::ListObjectsRequest request,
                         const std::function<absl::Status(const v1::ListObjectsResponse&)>& take);

// Most keys of one DeleteObjects.
inline constexpr int kMaxDeletedKeys = 1000;

// Deletes 1 to kMaxDeletedKeys objects, and returns those that were not.
absl::StatusOr<std::vector<v1::DeleteFailure>> DeleteObjects(Connection& connection,
                                                             const std::string& remote,
                                                             const std::string& bucket,
                                                             const std::vector<std::string>& keys);

// Takes as long as it takes.
absl::StatusOr<v1::StoredObject> CopyObject(Connection& connection,
                                            const v1::CopyObjectRequest& request);

// Why one object was not deleted, as a call for it alone would have ended.
absl::Status ToStatus(const v1::DeleteFailure& failure);

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_OBJECT_CALLS_H_
