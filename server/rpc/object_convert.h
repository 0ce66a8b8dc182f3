#ifndef PENSTOCK_SERVER_RPC_OBJECT_CONVERT_H_
#define PENSTOCK_SERVER_RPC_OBJECT_CONVERT_H_

// Between the messages of object.proto and the values of server/objects. Translation only.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "penstock/v1/object.pb.h"
#include "server/objects/objects.h"

namespace penstock {

ObjectPlace FromProto(const v1::ObjectName& object);
ReadQuery FromProto(const v1::ReadObjectRequest& request);
ObjectQuery FromProto(const v1::ListObjectsRequest& request);
ObjectAttributes FromProto(const v1::ObjectAttributes& attributes);

v1::ObjectOpened ToProto(const ObjectPlace& object, const OpenedObject& opened);

// What ListObjects answers to a request for a page of a remote's bucket.
void ToProto(const v1::ListObjectsRequest& request, const ObjectPage& page,
             v1::ListObjectsResponse& response);

// What DeleteObjects answers: the outcome of each key.
void ToProto(const v1::DeleteObjectsRequest& request, const std::vector<absl::Status>& outcomes,
             v1::DeleteObjectsResponse& response);

void ToProto(const std::vector<ListedBucket>& buckets, v1::ListBucketsResponse& response);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_OBJECT_CONVERT_H_
