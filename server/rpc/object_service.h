#ifndef PENSTOCK_SERVER_RPC_OBJECT_SERVICE_H_
#define PENSTOCK_SERVER_RPC_OBJECT_SERVICE_H_

#include "penstock/v1/object.grpc.pb.h"
#include "server/objects/objects.h"

namespace penstock {

// penstock.v1.ObjectService. `objects` must outlive it.
class ObjectService final : public v1::ObjectService::CallbackService {
 public:
  explicit ObjectService(Objects& objects) : objects_(objects) {}

  grpc::ServerUnaryReactor* StatObject(grpc::CallbackServerContext* context,
                                       const v1::StatObjectRequest* request,
                                       v1::StatObjectResponse* response) override;
  grpc::ServerWriteReactor<v1::ReadObjectResponse>* ReadObject(
      grpc::CallbackServerContext* context, const v1::ReadObjectRequest* request) override;
  grpc::ServerUnaryReactor* ListObjects(grpc::CallbackServerContext* context,
                                        const v1::ListObjectsRequest* request,
                                        v1::ListObjectsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteObject(grpc::CallbackServerContext* context,
                                         const v1::DeleteObjectRequest* request,
                                         v1::DeleteObjectResponse* response) override;
  grpc::ServerUnaryReactor* DeleteObjects(grpc::CallbackServerContext* context,
                                          const v1::DeleteObjectsRequest* request,
                                          v1::DeleteObjectsResponse* response) override;
  grpc::ServerUnaryReactor* CopyObject(grpc::CallbackServerContext* context,
                                       const v1::CopyObjectRequest* request,
                                       v1::CopyObjectResponse* response) override;
  grpc::ServerUnaryReactor* UpdateObjectMetadata(
      grpc::CallbackServerContext* context, const v1::UpdateObjectMetadataRequest* request,
      v1::UpdateObjectMetadataResponse* response) override;
  grpc::ServerUnaryReactor* ListBuckets(grpc::CallbackServerContext* context,
                                        const v1::ListBucketsRequest* request,
                                        v1::ListBucketsResponse* response) override;

 private:
  Objects& objects_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_OBJECT_SERVICE_H_
