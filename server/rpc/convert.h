#ifndef PENSTOCK_SERVER_RPC_CONVERT_H_
#define PENSTOCK_SERVER_RPC_CONVERT_H_

// Between the frames and messages of put.proto and the values of the session layer. Translation
// only: a rule of the protocol found here is in the wrong room.

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "penstock/v1/put.pb.h"
#include "plugin/registry.h"
#include "server/session/frames.h"
#include "server/session/session_service.h"

namespace penstock {

// The status of a call, with ErrorInfo and RetryInfo in `grpc-status-details-bin`.
grpc::Status ToGrpcStatus(const absl::Status& status);

// A time that the contract cannot tell becomes the nearest that it can.
google::protobuf::Timestamp ToProto(absl::Time time);

absl::Duration FromProto(const google::protobuf::Duration& duration);

// A frame of the client; the payload of a chunk is moved out of `request`. INVALID_ARGUMENT /
// EMPTY_FRAME for a message without a frame. UNIMPLEMENTED names the field of an `open` whose
// behaviour this server does not have yet: such fields are refused, never ignored.
absl::StatusOr<ClientFrame> FromProto(v1::PutObjectRequest& request);

// Texts that others may have put there come out as UTF-8.
v1::StoredObject ToProto(const std::string& remote, const ObjectName& object,
                         const ObjectStat& stat);

v1::PutObjectResponse ToProto(const ServerFrame& frame, const std::string& session_token);

// `session_token` is set only where the request carried it.
v1::Session ToProto(const SessionRecord& record, bool connected, const std::string& session_token);

// INVALID_ARGUMENT for a page size or state out of range.
absl::StatusOr<SessionQuery> FromProto(const v1::ListSessionsRequest& request,
                                       const std::string& principal);

v1::Remote ToProto(const std::string& name, const BackendInfo& info,
                   const Capabilities& capabilities, int64_t memory_budget);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_CONVERT_H_
