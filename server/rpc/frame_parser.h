#ifndef PENSTOCK_SERVER_RPC_FRAME_PARSER_H_
#define PENSTOCK_SERVER_RPC_FRAME_PARSER_H_

// From the bytes of a message to a frame without a copy of a chunk's payload. protobuf copies every
// field of type `bytes` when it parses; what it says of a message holds nevertheless.

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "penstock/v1/put.pb.h"
#include "server/session/frames.h"

namespace penstock {

// A message as it lies in memory: pieces one after the other, which stay where they are as long as
// `owner` is held.
struct MessageBytes {
  std::vector<std::string_view> pieces;
  std::shared_ptr<const void> owner;
};

// INVALID_ARGUMENT / BAD_FRAME: the bytes are no PutObjectRequest.
absl::Status BadFrame();

// BadFrame when they are none.
absl::StatusOr<v1::PutObjectRequest> ParseRequest(const MessageBytes& message);

// The frame in `message`, and the errors of ParseRequest and of FromProto (convert.h): always what
// those two would give. The payload of a plain chunk stays where it lies and shares the owner; any
// message that is not plainly a chunk is left to protobuf.
absl::StatusOr<ClientFrame> ParseFrame(const MessageBytes& message);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_RPC_FRAME_PARSER_H_
