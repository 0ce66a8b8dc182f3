#ifndef PENSTOCK_SERVER_RPC_READ_OBJECT_STREAM_H_
#define PENSTOCK_SERVER_RPC_READ_OBJECT_STREAM_H_

#include <grpcpp/grpcpp.h>

#include "penstock/v1/object.grpc.pb.h"
#include "server/objects/objects.h"

namespace penstock {

// Serves one ReadObject call. Returns the reactor that gRPC drives; it deletes itself when the call
// is over. `objects` must outlive the call.
grpc::ServerWriteReactor<v1::ReadObjectResponse>* ServeReadObject(
    Objects& objects, grpc::CallbackServerContext& context, const ReadQuery& query);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_READ_OBJECT_STREAM_H_
