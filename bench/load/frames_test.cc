#include "bench/load/frames.h"

#include <gtest/gtest.h>

namespace penstock::bench {
namespace {

TEST(FramesTest, AChunkIsWhatProtobufWouldWrite) {
  const std::string bytes(1 << 20, 'x');
  for (const size_t size : {size_t{0}, size_t{1}, size_t{127}, size_t{128}, bytes.size()}) {
    for (const int64_t offset : {int64_t{0}, int64_t{1}, int64_t{128}, int64_t{1} << 40}) {
      const std::string data = bytes.substr(0, size);
      v1::PutObjectRequest request;
      request.mutable_chunk()->set_offset(offset);
      request.mutable_chunk()->set_data(data);
      EXPECT_EQ(ChunkPrefix(offset, size) + data, request.SerializeAsString());
    }
  }
}

TEST(FramesTest, AChunkSharesItsBytes) {
  static const std::string data(100'000, 'x');
  const grpc::ByteBuffer message = ChunkMessage(7, data);
  std::vector<grpc::Slice> slices;
  ASSERT_TRUE(message.Dump(&slices).ok());
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_EQ(slices[1].begin(), reinterpret_cast<const uint8_t*>(data.data()));
  EXPECT_EQ(slices[1].size(), data.size());
}

TEST(FramesTest, ReadsAResponse) {
  v1::PutObjectResponse sent;
  sent.mutable_progress()->set_committed_size(12);
  const grpc::Slice slice(sent.SerializeAsString());
  v1::PutObjectResponse read;
  ASSERT_TRUE(ParseResponse(grpc::ByteBuffer(&slice, 1), read));
  EXPECT_EQ(read.progress().committed_size(), 12);
}

}  // namespace
}  // namespace penstock::bench
