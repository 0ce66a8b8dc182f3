#ifndef PENSTOCK_BENCH_LOAD_FRAMES_H_
#define PENSTOCK_BENCH_LOAD_FRAMES_H_

// The client's messages of a PutObject stream, as gRPC sends them: chunks share their bytes.

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "penstock/v1/put.pb.h"

namespace penstock::bench {

// What a message with a chunk at `offset` has before its `size` bytes of data.
std::string ChunkPrefix(int64_t offset, size_t size);

// A message with a chunk. `data` is not copied, and must live as long as the program.
grpc::ByteBuffer ChunkMessage(int64_t offset, std::string_view data);

// Any other message.
grpc::ByteBuffer MessageOf(const v1::PutObjectRequest& request);

// False: the server sent something else.
bool ParseResponse(const grpc::ByteBuffer& buffer, v1::PutObjectResponse& response);

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_LOAD_FRAMES_H_
