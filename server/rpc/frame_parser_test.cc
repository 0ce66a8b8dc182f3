#include "server/rpc/frame_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace penstock {
namespace {

std::string Chunk(int64_t offset, const std::string& data) {
  v1::PutObjectRequest request;
  request.mutable_chunk()->set_offset(offset);
  request.mutable_chunk()->set_crc32c(7);
  request.mutable_chunk()->set_data(data);
  return request.SerializeAsString();
}

// `bytes` in pieces of `step` bytes with empty ones between them. Views of `bytes`.
MessageBytes Cut(const std::string& bytes, size_t step,
                 std::shared_ptr<const void> owner = nullptr) {
  MessageBytes message;
  message.owner = std::move(owner);
  for (size_t i = 0; i < bytes.size(); i += step) {
    message.pieces.push_back(std::string_view(bytes).substr(i, step));
    message.pieces.emplace_back();
  }
  return message;
}

TEST(FrameParserTest, ChunkIsReadWhereverItIsCut) {
  const std::string bytes = Chunk(int64_t{1} << 40, "payload of a chunk");
  for (size_t step = 1; step <= bytes.size(); ++step) {
    const auto frame = ParseFrame(Cut(bytes, step));
    ASSERT_TRUE(frame.ok()) << step << frame.status();
    const auto& chunk = std::get<ChunkFrame>(*frame);
    EXPECT_EQ(chunk.offset, int64_t{1} << 40);
    EXPECT_EQ(chunk.crc32c, 7u);
    EXPECT_EQ(chunk.data.ToString(), "payload of a chunk");
  }
}

TEST(FrameParserTest, PayloadIsNotCopiedAndHoldsItsOwner) {
  const auto bytes = std::make_shared<const std::string>(Chunk(5, std::string(1000, 'x')));
  auto frame = ParseFrame(Cut(*bytes, bytes->size(), bytes));
  ASSERT_TRUE(frame.ok()) << frame.status();
  Payload payload = std::move(std::get<ChunkFrame>(*frame).data);
  EXPECT_EQ(payload.Front().data(), bytes->data() + bytes->size() - 1000);
  EXPECT_EQ(bytes.use_count(), 2);
  payload.RemovePrefix(1000);
  EXPECT_EQ(bytes.use_count(), 1);
}

TEST(FrameParserTest, FieldsInAnotherOrderAndMissingOnesAreTaken) {
  v1::ObjectChunk offset;
  offset.set_offset(3);
  v1::ObjectChunk data;
  data.set_data("abc");
  const std::string swapped = data.SerializeAsString() + offset.SerializeAsString();
  const std::string bytes = std::string("\x12") + static_cast<char>(swapped.size()) + swapped;
  const auto frame = ParseFrame(Cut(bytes, 4));
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(std::get<ChunkFrame>(*frame).offset, 3);
  EXPECT_EQ(std::get<ChunkFrame>(*frame).crc32c, std::nullopt);
  EXPECT_EQ(std::get<ChunkFrame>(*frame).data.ToString(), "abc");
  const auto empty = ParseFrame(Cut(std::string("\x12\0", 2), 1));
  ASSERT_TRUE(empty.ok()) << empty.status();
  EXPECT_TRUE(std::get<ChunkFrame>(*empty).data.empty());
}

TEST(FrameParserTest, TheLastOfFieldsThatComeTwiceWinsAsProtobufHasIt) {
  const std::string twice = Chunk(1, "first") + Chunk(9, "second");
  const auto frame = ParseFrame(Cut(twice, 3));
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(std::get<ChunkFrame>(*frame).offset, 9);
  EXPECT_EQ(std::get<ChunkFrame>(*frame).data.ToString(), "second");
}

TEST(FrameParserTest, UnknownFieldsAreSkipped) {
  v1::PutObjectRequest request;
  request.mutable_chunk()->set_data("abc");
  auto* unknown =
      request.mutable_chunk()->GetReflection()->MutableUnknownFields(request.mutable_chunk());
  unknown->AddVarint(99, 1);
  const std::string bytes = request.SerializeAsString();
  const auto frame = ParseFrame(Cut(bytes, 2));
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(std::get<ChunkFrame>(*frame).data.ToString(), "abc");
}

TEST(FrameParserTest, OtherFramesAreProtobufs) {
  v1::PutObjectRequest finish;
  finish.mutable_finish()->set_total_size(12);
  const std::string bytes = finish.SerializeAsString();
  const auto frame = ParseFrame(Cut(bytes, 1));
  ASSERT_TRUE(frame.ok()) << frame.status();
  EXPECT_EQ(std::get<FinishFrame>(*frame).total_size, 12);
  EXPECT_EQ(ErrorReason(ParseFrame({}).status()), "EMPTY_FRAME");
}

TEST(FrameParserTest, TruncatedMessagesAreRefused) {
  const std::string bytes = Chunk(300, "payload");
  for (size_t size = 1; size < bytes.size(); ++size) {
    const std::string part = bytes.substr(0, size);
    const auto frame = ParseFrame(Cut(part, 3));
    EXPECT_EQ(ErrorReason(frame.status()), "BAD_FRAME") << size;
    EXPECT_TRUE(absl::IsInvalidArgument(frame.status())) << size;
  }
}

TEST(FrameParserTest, OverlongLengthsAreProtobufsToJudge) {
  // A length that claims more than there is, up to the largest that can be written.
  for (const std::string length :
       {"\x05", "\xff\xff\xff\xff\x07", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"}) {
    const std::string bytes = "\x12" + length + "\x7a\x01x";
    EXPECT_EQ(ErrorReason(ParseFrame(Cut(bytes, 2)).status()), "BAD_FRAME");
  }
}

}  // namespace
}  // namespace penstock
