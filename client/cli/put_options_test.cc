#include "client/cli/put_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace penstock::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Parses `words` as the words after `penstock put`; empty when they parse.
std::string Parse(std::vector<std::string> words, PutOptions& options) {
  CLI::App app;
  AddPutOptions(app, options);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return error.get_name();
  }
  return "";
}

TEST(PutOptionsTest, OptionsLeavePositionalWordsAlone) {
  PutOptions options;
  ASSERT_EQ(
      Parse({"--server", "a:1", "--server", "b:2", "--metadata", "x=1", "-", "r:b/k"}, options),
      "");
  EXPECT_THAT(options.common.servers, ElementsAre("a:1", "b:2"));
  EXPECT_THAT(options.files, ElementsAre("-"));
  EXPECT_EQ(options.destination, "r:b/k");
}

TEST(PutOptionsTest, TheLastWordIsTheDestination) {
  PutOptions options;
  ASSERT_EQ(Parse({"a", "b", "--quiet", "c", "r:b/"}, options), "");
  EXPECT_THAT(options.files, ElementsAre("a", "b", "c"));
  EXPECT_EQ(options.destination, "r:b/");
}

TEST(PutOptionsTest, AWordInBracketsIsAFile) {
  PutOptions options;
  ASSERT_EQ(Parse({"[]", "[a,b]", "[c]", "r:b/"}, options), "");
  EXPECT_THAT(options.files, ElementsAre("[]", "[a,b]", "[c]"));
}

TEST(PutOptionsTest, RefuseWhatIsNoOptionAndNoDestination) {
  PutOptions options;
  EXPECT_EQ(Parse({"r:b/"}, options), "RequiredError");
  PutOptions more;
  EXPECT_EQ(Parse({"a", "--unknown", "r:b/"}, more), "ExtrasError");
  PutOptions none;
  EXPECT_EQ(Parse({}, none), "RequiredError");
}

TEST(PutOptionsTest, AServerHasADefault) {
  PutOptions options;
  ASSERT_EQ(Parse({"f", "r:b/k"}, options), "");
  EXPECT_THAT(options.common.servers, ElementsAre("127.0.0.1:7070"));
}

TEST(PutOptionsTest, BecomeASpec) {
  PutOptions options;
  ASSERT_EQ(Parse({"f", "r:b/k", "--part-size", "16MiB", "--parallel", "6", "--content-type",
                   "text/plain", "--metadata", "a=1", "--metadata", "b=2=3", "--tag",
                   "t=", "--forbid-overwrite", "--storage-class", "IA", "--option", "acl=private"},
                  options),
            "");
  const auto spec =
      MakeObjectSpec(options, *ParseDestination(options.destination, options.files[0]));
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->remote(), "r");
  EXPECT_EQ(spec->part_size(), 16 << 20);
  EXPECT_EQ(spec->max_parallel_parts(), 6);
  EXPECT_EQ(spec->content_type(), "text/plain");
  EXPECT_EQ(spec->metadata().at("a"), "1");
  EXPECT_EQ(spec->metadata().at("b"), "2=3");
  EXPECT_EQ(spec->tags().at("t"), "");
  EXPECT_TRUE(spec->forbid_overwrite());
  EXPECT_EQ(spec->storage_class(), "IA");
  EXPECT_EQ(spec->backend_options().at("acl"), "private");
}

TEST(PutOptionsTest, RefuseWhatIsNoPair) {
  for (const char* pair : {"name", "=value", ""}) {
    EXPECT_EQ(ErrorReason(ParsePairs("--metadata", {pair}).status()), "BAD_PAIR") << pair;
  }
  EXPECT_EQ(ErrorReason(ParsePairs("--metadata", {"a=1", "a=2"}).status()), "BAD_PAIR");
}

TEST(PutOptionsTest, RefuseAnEmptyReplayBuffer) {
  PutOptions options;
  EXPECT_EQ(*ReplayBufferOf(options), 64 << 20);
  options.replay_buffer = "0";
  EXPECT_EQ(ErrorReason(ReplayBufferOf(options).status()), "BAD_REPLAY_BUFFER");
}

TEST(PutOptionsTest, TokenAndTokenFileExcludeEachOther) {
  PutOptions options;
  EXPECT_NE(Parse({"f", "r:b/k", "--token", "a", "--token-file", "b"}, options), "");
}

TEST(DescribeResultTest, NamesAllThatProvesThePut) {
  UploadResult result;
  result.size = 3 << 20;
  result.crc64 = 0x995dc9bbdf1939fa;
  result.object.set_etag("\"abc\"");
  result.bytes_sent = 2 << 20;
  result.resumed_from = 1 << 20;
  result.elapsed = absl::Seconds(2);
  EXPECT_EQ(DescribeResult("r:b/k", result),
            "r:b/k  3.0 MiB (3145728 bytes)  CRC-64 995dc9bbdf1939fa  ETag \"abc\"  2.0 s  "
            "1.0 MiB/s  sent 2.0 MiB, resumed at 1.0 MiB (1048576 bytes)");
}

TEST(DescribeResultTest, AdmitsThatNothingWasSentNow) {
  UploadResult result;
  result.replayed = true;
  EXPECT_THAT(DescribeResult("r:b/k", result), HasSubstr("was finished earlier"));
}

}  // namespace
}  // namespace penstock::cli
