#include "emulator/multipart.h"

#include <gtest/gtest.h>

#include "base/checksum.h"

namespace penstock::emulator {
namespace {

Part MakePart(int number, int64_t size, const std::string& etag) {
  Part part;
  part.number = number;
  part.size = size;
  part.etag = etag;
  part.blob = "blob" + std::to_string(number);
  part.crc64 = Crc64(std::string(static_cast<size_t>(size), '\0'));
  return part;
}

// Parts 1, 2 and 7 with the ETags A1, A2 and A7; only part 2 is too small for the middle.
Upload MakeUpload() {
  Upload upload;
  upload.id = "ID";
  upload.key = "key";
  upload.parts[1] = MakePart(1, kMinPartBytes, "A1");
  upload.parts[2] = MakePart(2, kMinPartBytes - 1, "A2");
  upload.parts[7] = MakePart(7, 1, "A7");
  return upload;
}

std::string CodeOf(const std::vector<ListedPart>& listed) {
  const auto parts = CheckCompletion(MakeUpload(), listed);
  return parts.ok() ? "" : parts.error().code;
}

TEST(CheckCompletionTest, TakesAscendingPartsWithGaps) {
  const auto parts = CheckCompletion(MakeUpload(), {{1, "A1"}, {7, "a7"}});
  ASSERT_TRUE(parts.ok());
  ASSERT_EQ(parts.value().size(), 2u);
  EXPECT_EQ(parts.value()[1].number, 7);
}

TEST(CheckCompletionTest, RefusesByTheTable) {
  EXPECT_EQ(CodeOf({{7, "A7"}, {1, "A1"}}), "InvalidPartOrder");
  EXPECT_EQ(CodeOf({{1, "A1"}, {1, "A1"}}), "InvalidPartOrder");
  EXPECT_EQ(CodeOf({{3, "A3"}}), "InvalidPart");
  EXPECT_EQ(CodeOf({{1, "A2"}}), "InvalidPart");
  EXPECT_EQ(CodeOf({{0, "A1"}}), "InvalidPart");
  EXPECT_EQ(CodeOf({{2, "A2"}, {7, "A7"}}), "EntityTooSmall");
  EXPECT_EQ(CodeOf({{1, "A1"}, {2, "A2"}}), "");  // the last may be small
}

TEST(CheckCompletionTest, NamesThePartThatIsWrong) {
  const auto parts = CheckCompletion(MakeUpload(), {{1, "A1"}, {3, "A3"}});
  ASSERT_FALSE(parts.ok());
  EXPECT_EQ(parts.error().status, 400);
  ASSERT_EQ(parts.error().elements.size(), 3u);
  EXPECT_EQ(parts.error().elements[0].value, "A3");
  EXPECT_EQ(parts.error().elements[1].value, "3");
  EXPECT_EQ(parts.error().elements[2].value, "ID");
}

TEST(AllPartsTest, TakesEveryPartAndChecksSizes) {
  Upload upload = MakeUpload();
  EXPECT_FALSE(AllParts(upload).ok());
  upload.parts.erase(2);
  ASSERT_TRUE(AllParts(upload).ok());
  EXPECT_EQ(AllParts(upload).value().size(), 2u);
}

TEST(AssembleTest, CombinesSizesAndChecksums) {
  Upload upload = MakeUpload();
  upload.attributes.headers["x-oss-meta-a"] = "b";
  const Object object = Assemble(upload, {upload.parts[1], upload.parts[7]});
  EXPECT_EQ(object.size, kMinPartBytes + 1);
  EXPECT_EQ(object.crc64, Crc64(std::string(kMinPartBytes + 1, '\0')));
  EXPECT_EQ(object.type, "Multipart");
  EXPECT_EQ(object.attributes.headers.at("x-oss-meta-a"), "b");
  EXPECT_EQ(object.etag.size(), 34u);
  EXPECT_TRUE(object.etag.ends_with("-2"));
  EXPECT_TRUE(object.content_md5.empty());
}

TEST(AssembleTest, HasNoChecksumIfAPartHasNone) {
  Upload upload = MakeUpload();
  upload.parts[7].crc64.reset();
  EXPECT_EQ(Assemble(upload, {upload.parts[1], upload.parts[7]}).crc64, std::nullopt);
}

std::string XmlCode(const std::string& xml) {
  const auto parts = ParseCompletion(xml);
  return parts.ok() ? "" : parts.error().code;
}

TEST(ParseCompletionTest, AcceptsETagsInEveryQuoting) {
  const auto parts = ParseCompletion(
      "<?xml version=\"1.0\"?><CompleteMultipartUpload>"
      "<Part><PartNumber>1</PartNumber><ETag>\"A1\"</ETag></Part>"
      "<Part><PartNumber>2</PartNumber><ETag>&#34;A2&#34;</ETag></Part>"
      "<Part><ETag>&quot;A3&quot;</ETag><PartNumber> 3 </PartNumber></Part>"
      "<Part><PartNumber>4</PartNumber><ETag>A4</ETag></Part></CompleteMultipartUpload>");
  ASSERT_TRUE(parts.ok());
  ASSERT_EQ(parts.value().size(), 4u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(parts.value()[static_cast<size_t>(i)].number, i + 1);
    EXPECT_EQ(parts.value()[static_cast<size_t>(i)].etag, "A" + std::to_string(i + 1));
  }
}

TEST(ParseCompletionTest, RefusesEverythingElse) {
  for (const char* xml :
       {"", "no xml", "<CompleteMultipartUpload>", "<CompleteMultipartUpload/>",
        "<Other><Part><PartNumber>1</PartNumber><ETag>A</ETag></Part></Other>",
        "<CompleteMultipartUpload><Part><ETag>A</ETag></Part></CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></"
        "CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag>A</ETag></Part>"
        "</CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Piece/></CompleteMultipartUpload>"}) {
    EXPECT_EQ(XmlCode(xml), "MalformedXML") << xml;
  }
}

}  // namespace
}  // namespace penstock::emulator
