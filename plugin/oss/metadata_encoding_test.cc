#include "plugin/oss/metadata_encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::oss {
namespace {

using testing::ContainerEq;

TEST(MetadataEncodingTest, PrintableValuesAreSentAsTheyAre) {
  const Metadata plain = {{"a", "plain"}, {"b", "a=b; \"c\" %41+%  d%"}, {"c", "~!"}};
  EXPECT_THAT(EncodeMetadata(plain), ContainerEq(plain));
  EXPECT_THAT(DecodeMetadata(plain), ContainerEq(plain));
  EXPECT_THAT(EncodeMetadata({}), ContainerEq(Metadata()));
}

TEST(MetadataEncodingTest, OneOtherValueEncodesAll) {
  const Metadata metadata = {{"city", "K\xc3\xb6ln am Rhein"},
                             {"plain", "50% off"},
                             {"empty", ""},
                             {"spaces", "  x "},
                             {"line", "a\r\nb\x7f"}};
  EXPECT_THAT(EncodeMetadata(metadata), ContainerEq(Metadata{{"penstock-encoding", "percent"},
                                                             {"city", "K%C3%B6ln am Rhein"},
                                                             {"plain", "50%25 off"},
                                                             {"empty", "%"},
                                                             {"spaces", "%20 x%20"},
                                                             {"line", "a%0D%0Ab%7F"}}));
}

TEST(MetadataEncodingTest, EveryValueComesBack) {
  std::string bytes;
  for (int c = 0; c < 0x80; ++c) bytes.push_back(static_cast<char>(c));
  for (const std::string& value :
       {bytes, std::string(), std::string(" "), std::string("   "), std::string("%"),
        std::string("%%"), std::string("%20"), std::string("\xf0\x9f\x90\x9f"), std::string(1, 0),
        std::string("=?UTF-8?Q?=C3=A4?="), std::string("tab\t")}) {
    const Metadata metadata = {{"name", value}};
    const Metadata encoded = EncodeMetadata(metadata);
    EXPECT_THAT(DecodeMetadata(encoded), ContainerEq(metadata));
    for (const auto& [name, sent] : encoded) {
      ASSERT_FALSE(sent.empty());
      EXPECT_NE(sent.front(), ' ');
      EXPECT_NE(sent.back(), ' ');
      for (const char c : sent) EXPECT_TRUE(c >= ' ' && c <= '~') << sent;
    }
  }
}

TEST(MetadataEncodingTest, WhatOthersWroteStaysAsItIs) {
  const Metadata without = {{"a", "%41"}, {"b", "\xc3\xa4"}};
  EXPECT_THAT(DecodeMetadata(without), ContainerEq(without));
  const Metadata unknown = {{"a", "%41"}, {"penstock-encoding", "rot13"}};
  EXPECT_THAT(DecodeMetadata(unknown), ContainerEq(unknown));
  EXPECT_THAT(DecodeMetadata({{"penstock-encoding", "percent"},
                              {"changed", "100% by hand %4"},
                              {"ours", "%C3%A4"},
                              {"latin", "%E4"},
                              {"raw", "\xc3\xa4"}}),
              ContainerEq(Metadata{{"changed", "100% by hand %4"},
                                   {"latin", "%E4"},
                                   {"ours", "\xc3\xa4"},
                                   {"raw", "\xc3\xa4"}}));
}

}  // namespace
}  // namespace penstock::oss
