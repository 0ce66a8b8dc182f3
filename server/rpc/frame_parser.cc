#include "server/rpc/frame_parser.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/status_macros.h"
#include "server/rpc/convert.h"

namespace penstock {
namespace {

// Field numbers and wire types, as tags (https://protobuf.dev/programming-guides/encoding/): each
// is one byte.
constexpr int kVarint = 0;
constexpr int kLengthDelimited = 2;
constexpr int kFixed32 = 5;
constexpr uint8_t Tag(int field, int wire_type) {
  return static_cast<uint8_t>(field << 3 | wire_type);
}

constexpr uint8_t kChunkTag = Tag(v1::PutObjectRequest::kChunkFieldNumber, kLengthDelimited);
constexpr uint8_t kOffsetTag = Tag(v1::ObjectChunk::kOffsetFieldNumber, kVarint);
constexpr uint8_t kCrc32cTag = Tag(v1::ObjectChunk::kCrc32CFieldNumber, kFixed32);
constexpr uint8_t kDataTag = Tag(v1::ObjectChunk::kDataFieldNumber, kLengthDelimited);

// Most bytes of a varint: of a length, and of any other.
constexpr int kMaxLengthBytes = 5;
constexpr int kMaxVarintBytes = 10;

// Reads over the pieces of a message from the front. Nullopt: it ends before, or is not encoded as
// expected.
class Reader {
 public:
  explicit Reader(const std::vector<std::string_view>& pieces) : pieces_(pieces) {
    for (const std::string_view piece : pieces) left_ += piece.size();
  }

  size_t left() const { return left_; }

  std::optional<uint8_t> Byte() {
    if (left_ == 0) return std::nullopt;
    while (offset_ == pieces_[piece_].size()) Skip(0);
    const char byte = pieces_[piece_][offset_];
    --left_;
    Skip(1);
    return static_cast<uint8_t>(byte);
  }

  std::optional<uint64_t> Varint(int max_bytes) {
    uint64_t value = 0;
    for (int i = 0; i < max_bytes; ++i) {
      const std::optional<uint8_t> byte = Byte();
      if (!byte.has_value()) return std::nullopt;
      value |= static_cast<uint64_t>(*byte & 0x7F) << (7 * i);
      if (*byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::optional<uint32_t> Fixed32() {
    uint32_t value = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      const std::optional<uint8_t> byte = Byte();
      if (!byte.has_value()) return std::nullopt;
      value |= static_cast<uint32_t>(*byte) << shift;
    }
    return value;
  }

  // The next `size` bytes, where they lie.
  std::optional<std::vector<std::string_view>> Bytes(uint64_t size) {
    if (size > left_) return std::nullopt;
    std::vector<std::string_view> bytes;
    left_ -= size;
    while (size > 0) {
      const std::string_view piece = pieces_[piece_].substr(offset_, size);
      if (!piece.empty()) bytes.push_back(piece);
      size -= piece.size();
      Skip(piece.size());
    }
    return bytes;
  }

 private:
  // Moves on within the piece, and to the next one at its end.
  void Skip(size_t count) {
    offset_ += count;
    if (offset_ < pieces_[piece_].size()) return;
    ++piece_;
    offset_ = 0;
  }

  const std::vector<std::string_view>& pieces_;
  size_t piece_ = 0;
  size_t offset_ = 0;  // in the piece
  size_t left_ = 0;
};

// A message that is one chunk with known fields, each once at most, and nothing else. Everything
// else that protobuf takes (unknown fields, fields that come twice, frames that replace each other)
// no encoder writes, and is not worth a second implementation here.
std::optional<ChunkFrame> PlainChunk(const MessageBytes& message) {
  Reader reader(message.pieces);
  if (reader.Byte() != kChunkTag) return std::nullopt;
  // Two statements: what is left is less once the length was read.
  const std::optional<uint64_t> length = reader.Varint(kMaxLengthBytes);
  if (length != reader.left()) return std::nullopt;
  ChunkFrame chunk;
  bool has_offset = false;
  bool has_data = false;
  while (reader.left() > 0) {
    const std::optional<uint8_t> tag = reader.Byte();
    if (tag == kOffsetTag && !has_offset) {
      const std::optional<uint64_t> offset = reader.Varint(kMaxVarintBytes);
      if (!offset.has_value()) return std::nullopt;
      chunk.offset = static_cast<int64_t>(*offset);
      has_offset = true;
    } else if (tag == kCrc32cTag && !chunk.crc32c.has_value()) {
      chunk.crc32c = reader.Fixed32();
      if (!chunk.crc32c.has_value()) return std::nullopt;
    } else if (tag == kDataTag && !has_data) {
      const std::optional<uint64_t> size = reader.Varint(kMaxLengthBytes);
      if (!size.has_value()) return std::nullopt;
      auto bytes = reader.Bytes(*size);
      if (!bytes.has_value()) return std::nullopt;
      chunk.data = Payload(*std::move(bytes), message.owner);
      has_data = true;
    } else {
      return std::nullopt;
    }
  }
  return chunk;
}

}  // namespace

absl::Status BadFrame() {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_FRAME",
                   "a message came that is not an encoded PutObjectRequest");
}

absl::StatusOr<v1::PutObjectRequest> ParseRequest(const MessageBytes& message) {
  std::string bytes;
  for (const std::string_view piece : message.pieces) bytes.append(piece);
  v1::PutObjectRequest request;
  if (!request.ParseFromString(bytes)) return BadFrame();
  return request;
}

absl::StatusOr<ClientFrame> ParseFrame(const MessageBytes& message) {
  if (std::optional<ChunkFrame> chunk = PlainChunk(message); chunk.has_value()) {
    return ClientFrame(*std::move(chunk));
  }
  PENSTOCK_ASSIGN_OR_RETURN(v1::PutObjectRequest request, ParseRequest(message));
  return FromProto(request);
}

}  // namespace penstock
