// Frames of a client: any bytes that are a message become a frame or an error, no field that is
// accepted is lost, and both parsers agree.

#include <google/protobuf/util/message_differencer.h>

#include <variant>

#include "server/rpc/convert.h"
#include "server/rpc/frame_parser.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock {
namespace {

using google::protobuf::util::MessageDifferencer;

// What the client asked for stands in the session that it is told of.
void CheckOpen(const OpenFrame& frame, v1::OpenSession& open) {
  FUZZ_CHECK(frame.spec.has_value() == open.has_object());
  FUZZ_CHECK(frame.expect_epoch.has_value() == open.has_expect_epoch());
  FUZZ_CHECK(frame.expect_epoch.value_or(0) == open.expect_epoch());
  FUZZ_CHECK(frame.replay_buffer_bytes == open.replay_buffer_bytes());
  if (!frame.spec.has_value()) return;
  SessionRecord record;
  record.spec = *frame.spec;
  v1::Session told = ToProto(record, true, open.session_token());
  FUZZ_CHECK(told.session_token() == open.session_token());
  open.mutable_object()->DiscardUnknownFields();
  // The server has the last word on how long a session lives.
  FUZZ_CHECK(frame.idle_ttl.has_value() == open.object().has_idle_ttl());
  told.mutable_object()->clear_idle_ttl();
  open.mutable_object()->clear_idle_ttl();
  FUZZ_CHECK(MessageDifferencer::Equals(told.object(), open.object()));
}

void CheckChunk(const ChunkFrame& frame, const v1::ObjectChunk& chunk) {
  FUZZ_CHECK(frame.offset == chunk.offset());
  FUZZ_CHECK(frame.crc32c.has_value() == chunk.has_crc32c());
  FUZZ_CHECK(frame.crc32c.value_or(0) == chunk.crc32c());
  FUZZ_CHECK(frame.data.ToString() == chunk.data());
}

void CheckFinish(const FinishFrame& frame, const v1::FinishObject& finish) {
  FUZZ_CHECK(frame.total_size.has_value() == finish.has_total_size());
  FUZZ_CHECK(frame.total_size.value_or(0) == finish.total_size());
  FUZZ_CHECK(frame.crc64.has_value() == finish.has_crc64_ecma());
  FUZZ_CHECK(frame.crc64.value_or(0) == finish.crc64_ecma());
}

bool Same(const ClientFrame& a, const ClientFrame& b) {
  if (a.index() != b.index()) return false;
  const auto* chunk = std::get_if<ChunkFrame>(&a);
  if (chunk == nullptr) return true;  // protobuf parsed both
  const auto& other = std::get<ChunkFrame>(b);
  return chunk->offset == other.offset && chunk->crc32c == other.crc32c &&
         chunk->data.ToString() == other.data.ToString();
}

// The parser of the hot path agrees with protobuf, wherever a message is cut into pieces. The last
// byte says where.
void CheckParser(const std::string& bytes) {
  const size_t step = bytes.empty() ? 1 : 1 + static_cast<uint8_t>(bytes.back());
  MessageBytes message;
  for (size_t i = 0; i < bytes.size(); i += step) {
    message.pieces.push_back(std::string_view(bytes).substr(i, step));
    if (i % 2 == 1) message.pieces.emplace_back();
  }
  const auto fast = ParseFrame(message);
  v1::PutObjectRequest request;
  if (!request.ParseFromString(bytes)) {
    FUZZ_CHECK(!fast.ok());
    return;
  }
  const auto slow = FromProto(request);
  FUZZ_CHECK(fast.status() == slow.status());
  if (fast.ok()) FUZZ_CHECK(Same(*fast, *slow));
}

void CheckFrame(const std::string& bytes) {
  v1::PutObjectRequest request;
  if (!request.ParseFromString(bytes)) return;
  v1::PutObjectRequest sent = request;
  const auto frame = FromProto(request);
  if (!frame.ok()) return;
  switch (sent.frame_case()) {
    case v1::PutObjectRequest::kOpen:
      return CheckOpen(std::get<OpenFrame>(*frame), *sent.mutable_open());
    case v1::PutObjectRequest::kChunk:
      return CheckChunk(std::get<ChunkFrame>(*frame), sent.chunk());
    case v1::PutObjectRequest::kFlush:
      FUZZ_CHECK(std::holds_alternative<FlushFrame>(*frame));
      return;
    case v1::PutObjectRequest::kFinish:
      return CheckFinish(std::get<FinishFrame>(*frame), sent.finish());
    case v1::PutObjectRequest::FRAME_NOT_SET:
      FUZZ_CHECK(!"accepted a message without a frame");
  }
}

void CheckList(const std::string& bytes) {
  v1::ListSessionsRequest request;
  if (!request.ParseFromString(bytes)) return;
  const auto query = FromProto(request, "principal");
  if (!query.ok()) return;
  FUZZ_CHECK(query->page_size > 0 && query->page_size <= 1000);
  FUZZ_CHECK(query->states.size() == static_cast<size_t>(request.states_size()));
  FUZZ_CHECK(query->page_token == request.page_token());
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes = penstock::Text(data, size);
  penstock::CheckParser(bytes);
  penstock::CheckFrame(bytes);
  penstock::CheckList(bytes);
  return 0;
}
