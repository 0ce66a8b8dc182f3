#include "emulator/conditions.h"

#include <gtest/gtest.h>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

// "status first+size" for a range of 1000 bytes.
std::string Range(const std::string& header, bool standard) {
  const auto range = ResolveRange(&header, standard, 1000);
  if (!range.ok()) return std::to_string(range.error().status);
  return (range.value().partial ? "206 " : "200 ") + std::to_string(range.value().first) + "+" +
         std::to_string(range.value().size);
}

TEST(ResolveRangeTest, SelectsWhatLiesInside) {
  for (const bool standard : {false, true}) {
    EXPECT_EQ(Range("bytes=0-499", standard), "206 0+500");
    EXPECT_EQ(Range("bytes=500-999", standard), "206 500+500");
    EXPECT_EQ(Range("bytes=999-", standard), "206 999+1");
    EXPECT_EQ(Range("bytes=-1", standard), "206 999+1");
  }
}

TEST(ResolveRangeTest, WholeObjectForOthersUnlessStandard) {
  for (const char* header : {"bytes=500-1000", "bytes=1000-", "bytes=1000-2000", "bytes=-1001",
                             "bytes=5-4", "bytes=-", "bytes=0-1,3-4", "items=0-1", "bytes=-0"}) {
    EXPECT_EQ(Range(header, false), "200 0+1000") << header;
  }
  EXPECT_EQ(Range("bytes=500-1000", true), "206 500+500");
  EXPECT_EQ(Range("bytes=-1001", true), "206 0+1000");
  EXPECT_EQ(Range("bytes=1000-", true), "416");
  EXPECT_EQ(Range("bytes=-0", true), "416");
  EXPECT_EQ(Range("bytes=x", true), "416");
}

int StatusFor(const std::string& header, const std::string& value) {
  Object object;
  object.etag = "ABC";
  object.modified = absl::FromUnixMillis(1702743657500);
  Request request;
  request.headers[header] = value;
  const Failure failure = CheckConditions(request, object);
  return failure ? failure->status : 200;
}

TEST(CheckConditionsTest, FollowsETagsAndDates) {
  const std::string before = HttpDate(absl::FromUnixSeconds(1702743656));
  const std::string then = HttpDate(absl::FromUnixSeconds(1702743657));
  EXPECT_EQ(StatusFor("if-match", "\"ABC\""), 200);
  EXPECT_EQ(StatusFor("if-match", "\"X\""), 412);
  EXPECT_EQ(StatusFor("if-none-match", "ABC"), 304);
  EXPECT_EQ(StatusFor("if-none-match", "\"X\""), 200);
  EXPECT_EQ(StatusFor("if-modified-since", then), 304);
  EXPECT_EQ(StatusFor("if-modified-since", before), 200);
  EXPECT_EQ(StatusFor("if-unmodified-since", then), 200);
  EXPECT_EQ(StatusFor("if-unmodified-since", before), 412);
}

}  // namespace
}  // namespace penstock::emulator
