#include "client/object_calls.h"

#include "base/error.h"
#include "base/status_macros.h"

namespace penstock {
namespace {

// A page that is told in full is a thousand requests to the backend.
constexpr absl::Duration kPageTimeout = absl::Minutes(5);

}  // namespace

absl::StatusOr<v1::StoredObject> StatObject(Connection& connection, const v1::ObjectName& name) {
  v1::StatObjectRequest request;
  *request.mutable_object() = name;
  v1::StatObjectResponse response;
  PENSTOCK_RETURN_IF_ERROR(connection.CallObjects([&](auto& stub, grpc::ClientContext& context) {
    return stub.StatObject(&context, request, &response);
  }));
  return std::move(*response.mutable_object());
}

absl::StatusOr<std::vector<v1::Bucket>> ListBuckets(Connection& connection,
                                                    const std::string& remote) {
  v1::ListBucketsRequest request;
  request.set_remote(remote);
  v1::ListBucketsResponse response;
  PENSTOCK_RETURN_IF_ERROR(connection.CallObjects([&](auto& stub, grpc::ClientContext& context) {
    return stub.ListBuckets(&context, request, &response);
  }));
  return std::vector<v1::Bucket>(response.buckets().begin(), response.buckets().end());
}

absl::Status ListObjects(Connection& connection, v1::ListObjectsRequest request,
                         const std::function<absl::Status(const v1::ListObjectsResponse&)>& take) {
  do {
    v1::ListObjectsResponse response;
    PENSTOCK_RETURN_IF_ERROR(connection.CallObjects(
        [&](auto& stub, grpc::ClientContext& context) {
          return stub.ListObjects(&context, request, &response);
        },
        kPageTimeout));
    PENSTOCK_RETURN_IF_ERROR(take(response));
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::DeleteFailure>> DeleteObjects(Connection& connection,
                                                             const std::string& remote,
                                                             const std::string& bucket,
                                                             const std::vector<std::string>& keys) {
  v1::DeleteObjectsRequest request;
  request.set_remote(remote);
  request.set_bucket(bucket);
  for (const std::string& key : keys) request.add_keys(key);
  v1::DeleteObjectsResponse response;
  PENSTOCK_RETURN_IF_ERROR(connection.CallObjects(
      [&](auto& stub, grpc::ClientContext& context) {
        return stub.DeleteObjects(&context, request, &response);
      },
      kPageTimeout));
  return std::vector<v1::DeleteFailure>(response.failures().begin(), response.failures().end());
}

absl::StatusOr<v1::StoredObject> CopyObject(Connection& connection,
                                            const v1::CopyObjectRequest& request) {
  v1::CopyObjectResponse response;
  PENSTOCK_RETURN_IF_ERROR(connection.CallObjects(
      [&](auto& stub, grpc::ClientContext& context) {
        return stub.CopyObject(&context, request, &response);
      },
      absl::InfiniteDuration()));
  return std::move(*response.mutable_object());
}

absl::Status ToStatus(const v1::DeleteFailure& failure) {
  return MakeError(static_cast<absl::StatusCode>(failure.code()), failure.reason(),
                   failure.message());
}

}  // namespace penstock
