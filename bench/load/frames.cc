#include "bench/load/frames.h"

#include <array>
#include <vector>

namespace penstock::bench {
namespace {

// Field numbers with their wire types (https://protobuf.dev/programming-guides/encoding/).
constexpr int kVarint = 0;
constexpr int kLengthDelimited = 2;

void AppendTag(int field, int wire_type, std::string& out) {
  out.push_back(static_cast<char>(field << 3 | wire_type));
}

void AppendVarint(uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

}  // namespace

std::string ChunkPrefix(int64_t offset, size_t size) {
  std::string fields;
  if (offset != 0) {
    AppendTag(v1::ObjectChunk::kOffsetFieldNumber, kVarint, fields);
    AppendVarint(static_cast<uint64_t>(offset), fields);
  }
  if (size != 0) {
    AppendTag(v1::ObjectChunk::kDataFieldNumber, kLengthDelimited, fields);
    AppendVarint(size, fields);
  }
  std::string prefix;
  AppendTag(v1::PutObjectRequest::kChunkFieldNumber, kLengthDelimited, prefix);
  AppendVarint(fields.size() + size, prefix);
  return prefix + fields;
}

grpc::ByteBuffer ChunkMessage(int64_t offset, std::string_view data) {
  const std::array<grpc::Slice, 2> slices = {
      grpc::Slice(ChunkPrefix(offset, data.size())),
      grpc::Slice(data.data(), data.size(), grpc::Slice::STATIC_SLICE)};
  return {slices.data(), slices.size()};
}

grpc::ByteBuffer MessageOf(const v1::PutObjectRequest& request) {
  const grpc::Slice slice(request.SerializeAsString());
  return {&slice, 1};
}

bool ParseResponse(const grpc::ByteBuffer& buffer, v1::PutObjectResponse& response) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return false;
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return response.ParseFromString(bytes);
}

}  // namespace penstock::bench
