#include "client/object_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "client/fake_object_service.h"

namespace penstock {
namespace {

using ::testing::ElementsAre;

class ObjectSourceTest : public ::testing::Test {
 protected:
  ObjectSourceTest() {
    for (int i = 0; i < 1050; ++i) content_ += static_cast<char>(i * 7 + i / 256);
    service_.Put("bucket", "key", content_);
    v1::ObjectName name;
    name.set_remote("hangzhou");
    name.set_bucket("bucket");
    name.set_key("key");
    ReadOptions options;
    options.first_retry_delay = absl::Milliseconds(1);
    reader_.emplace(Connection({service_.address()}), name, options, nullptr);
    const auto range = reader_->Open();
    if (range.ok()) source_ = MakeObjectSource(*reader_, *range);
  }

  std::string ReadToEnd(size_t capacity) {
    std::string got;
    std::string buffer(capacity, '\0');
    while (true) {
      const auto count = source_->Read(buffer.data(), buffer.size());
      EXPECT_TRUE(count.ok()) << count.status();
      if (!count.ok() || *count == 0) return got;
      got.append(buffer, 0, *count);
    }
  }

  std::string content_;
  FakeObjectService service_;
  std::optional<ObjectReader> reader_;
  std::unique_ptr<Source> source_;
};

TEST_F(ObjectSourceTest, GivesAllBytesWhateverTheBuffer) {
  EXPECT_EQ(source_->size(), 1050);
  EXPECT_EQ(ReadToEnd(33), content_);
}

TEST_F(ObjectSourceTest, GoesBackInTheMiddleOfAChunk) {
  std::string buffer(250, '\0');
  ASSERT_TRUE(source_->Read(buffer.data(), 50).ok());
  ASSERT_TRUE(source_->SeekTo(20).ok());
  EXPECT_EQ(ReadToEnd(1000), content_.substr(20));
  EXPECT_THAT(service_.read_offsets(), ElementsAre(0, 20));
}

TEST_F(ObjectSourceTest, CancellingTheReaderEndsIt) {
  reader_->Cancel();
  char byte = 0;
  EXPECT_EQ(ErrorReason(source_->Read(&byte, 1).status()), "CANCELLED");
}

}  // namespace
}  // namespace penstock
