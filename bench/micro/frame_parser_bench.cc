// From the bytes of a message to a chunk frame. gRPC hands out a message as it came: in one slice,
// or in as many as HTTP/2 had frames for it.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <string_view>

#include "penstock/v1/put.pb.h"
#include "server/rpc/frame_parser.h"

namespace penstock {
namespace {

std::string EncodedChunk(int64_t size, bool with_crc32c) {
  v1::PutObjectRequest request;
  v1::ObjectChunk* chunk = request.mutable_chunk();
  chunk->set_offset(int64_t{1} << 40);
  chunk->set_data(std::string(static_cast<size_t>(size), 'x'));
  if (with_crc32c) chunk->set_crc32c(0x12345678);
  return request.SerializeAsString();
}

// The message in pieces of `piece` bytes.
MessageBytes InPieces(const std::shared_ptr<const std::string>& bytes, size_t piece) {
  MessageBytes message;
  for (std::string_view left = *bytes; !left.empty();) {
    message.pieces.push_back(left.substr(0, piece));
    left.remove_prefix(message.pieces.back().size());
  }
  message.owner = bytes;
  return message;
}

// Bytes of payload, bytes of a slice.
void ParseChunk(benchmark::State& state) {
  const auto bytes = std::make_shared<const std::string>(EncodedChunk(state.range(0), true));
  const MessageBytes message = InPieces(bytes, static_cast<size_t>(state.range(1)));
  while (state.KeepRunning()) benchmark::DoNotOptimize(ParseFrame(message));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
constexpr int64_t kWhole = 4 * 1024 * 1024;  // one slice
BENCHMARK(ParseChunk)
    ->ArgNames({"chunk", "slice"})
    ->Args({1024 * 1024, kWhole})
    ->Args({1024 * 1024, 16 * 1024})
    ->Args({64 * 1024, kWhole})
    ->Args({64 * 1024, 16 * 1024});

// What protobuf makes of the same message: it copies the payload.
void ParseChunkWithProtobuf(benchmark::State& state) {
  const std::string bytes = EncodedChunk(state.range(0), true);
  while (state.KeepRunning()) {
    v1::PutObjectRequest request;
    benchmark::DoNotOptimize(request.ParseFromString(bytes));
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(ParseChunkWithProtobuf)->Arg(1024 * 1024)->Arg(64 * 1024);

}  // namespace
}  // namespace penstock
