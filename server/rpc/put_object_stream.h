#ifndef PENSTOCK_SERVER_RPC_PUT_OBJECT_STREAM_H_
#define PENSTOCK_SERVER_RPC_PUT_OBJECT_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "server/session/session_service.h"

namespace penstock {

// Serves one PutObject call: brings its frames to a session and the session's frames to the
// client. Messages are taken as gRPC received them, so that the bytes of a chunk are copied once,
// into the part. Returns the reactor that gRPC drives; it deletes itself when the call is over.
// `sessions` must outlive the call.
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ServePutObject(
    SessionService& sessions, std::string principal);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_PUT_OBJECT_STREAM_H_
