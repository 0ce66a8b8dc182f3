#include "server/rpc/object_service.h"

#include <optional>
#include <utility>

#include "server/rpc/convert.h"
#include "server/rpc/object_convert.h"
#include "server/rpc/read_object_stream.h"

namespace penstock {
namespace {

// Takes the answer of a call: `fill` puts it into the response, and the call ends. Request and
// response live until then.
template <typename T, typename Fill>
Done<T> Finishing(grpc::ServerUnaryReactor* reactor, Fill fill) {
  return [reactor, fill = std::move(fill)](absl::StatusOr<T> answer) mutable {
    if (answer.ok()) fill(*answer);
    reactor->Finish(ToGrpcStatus(answer.status()));
  };
}

// The same for an answer that describes an object.
template <typename Response>
Done<ObjectStat> FinishingWithObject(grpc::ServerUnaryReactor* reactor,
                                     const v1::ObjectName& object, Response* response) {
  return Finishing<ObjectStat>(reactor, [&object, response](const ObjectStat& stat) {
    const ObjectPlace place = FromProto(object);
    *response->mutable_object() = ToProto(place.remote, place.name, stat);
  });
}

}  // namespace

grpc::ServerUnaryReactor* ObjectService::StatObject(grpc::CallbackServerContext* context,
                                                    const v1::StatObjectRequest* request,
                                                    v1::StatObjectResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  objects_.Stat(FromProto(request->object()),
                FinishingWithObject(reactor, request->object(), response));
  return reactor;
}

grpc::ServerWriteReactor<v1::ReadObjectResponse>* ObjectService::ReadObject(
    grpc::CallbackServerContext* context, const v1::ReadObjectRequest* request) {
  return ServeReadObject(objects_, *context, FromProto(*request));
}

grpc::ServerUnaryReactor* ObjectService::ListObjects(grpc::CallbackServerContext* context,
                                                     const v1::ListObjectsRequest* request,
                                                     v1::ListObjectsResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  objects_.List(FromProto(*request),
                Finishing<ObjectPage>(reactor, [request, response](const ObjectPage& page) {
                  ToProto(*request, page, *response);
                }));
  return reactor;
}

grpc::ServerUnaryReactor* ObjectService::DeleteObject(grpc::CallbackServerContext* context,
                                                      const v1::DeleteObjectRequest* request,
                                                      v1::DeleteObjectResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  objects_.Delete(FromProto(request->object()),
                  [reactor](const absl::Status& status) { reactor->Finish(ToGrpcStatus(status)); });
  return reactor;
}

grpc::ServerUnaryReactor* ObjectService::DeleteObjects(grpc::CallbackServerContext* context,
                                                       const v1::DeleteObjectsRequest* request,
                                                       v1::DeleteObjectsResponse* response) {
  using Outcomes = std::vector<absl::Status>;
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  objects_.DeleteMany(request->remote(), request->bucket(),
                      {request->keys().begin(), request->keys().end()},
                      Finishing<Outcomes>(reactor, [request, response](const Outcomes& outcomes) {
                        ToProto(*request, outcomes, *response);
                      }));
  return reactor;
}

grpc::ServerUnaryReactor* ObjectService::CopyObject(grpc::CallbackServerContext* context,
                                                    const v1::CopyObjectRequest* request,
                                                    v1::CopyObjectResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  std::optional<ObjectAttributes> attributes;
  if (request->has_attributes()) attributes = FromProto(request->attributes());
  objects_.Copy(FromProto(request->source()), request->if_match(), FromProto(request->target()),
                attributes, FinishingWithObject(reactor, request->target(), response));
  return reactor;
}

grpc::ServerUnaryReactor* ObjectService::UpdateObjectMetadata(
    grpc::CallbackServerContext* context, const v1::UpdateObjectMetadataRequest* request,
    v1::UpdateObjectMetadataResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  objects_.SetAttributes(FromProto(request->object()), request->if_match(),
                         FromProto(request->attributes()),
                         FinishingWithObject(reactor, request->object(), response));
  return reactor;
}

grpc::ServerUnaryReactor* ObjectService::ListBuckets(grpc::CallbackServerContext* context,
                                                     const v1::ListBucketsRequest* request,
                                                     v1::ListBucketsResponse* response) {
  using Buckets = std::vector<ListedBucket>;
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  objects_.ListBuckets(request->remote(),
                       Finishing<Buckets>(reactor, [response](const Buckets& buckets) {
                         ToProto(buckets, *response);
                       }));
  return reactor;
}

}  // namespace penstock
