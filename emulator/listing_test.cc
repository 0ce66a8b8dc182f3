#include "emulator/listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::emulator {
namespace {

using ::testing::ElementsAre;

const std::vector<ListedName> kNames = {{"a", ""},     {"b/1", ""}, {"b/2", ""},
                                        {"b/c/3", ""}, {"c", "1"},  {"c", "2"}};

TEST(ListingTest, ShowsEverythingWithoutAQuestion) {
  const ListPage page = SelectPage(kNames, {});
  EXPECT_THAT(page.entries, ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_FALSE(page.truncated);
  EXPECT_EQ(page.next.id, "2");
}

TEST(ListingTest, DelimiterMakesCommonPrefixes) {
  const ListPage page = SelectPage(kNames, {.delimiter = "/"});
  EXPECT_THAT(page.entries, ElementsAre(0, 4, 5));
  EXPECT_THAT(page.prefixes, ElementsAre("b/"));
  const ListPage below = SelectPage(kNames, {.prefix = "b/", .delimiter = "/"});
  EXPECT_THAT(below.entries, ElementsAre(1, 2));
  EXPECT_THAT(below.prefixes, ElementsAre("b/c/"));
}

TEST(ListingTest, ACommonPrefixCountsOnceAndIsAMarker) {
  const ListPage first = SelectPage(kNames, {.delimiter = "/", .max_entries = 2});
  EXPECT_EQ(first.count(), 2u);
  EXPECT_TRUE(first.truncated);
  EXPECT_EQ(first.next.key, "b/");
  const ListPage second = SelectPage(kNames, {.delimiter = "/", .key_marker = "b/"});
  EXPECT_THAT(second.entries, ElementsAre(4, 5));
  EXPECT_TRUE(second.prefixes.empty());
}

TEST(ListingTest, AKeyThatIsThePrefixIsNoCommonPrefix) {
  const std::vector<ListedName> names = {{"b/", ""}, {"b//x", ""}, {"b//y", ""}, {"b/1", ""}};
  const ListPage first = SelectPage(names, {.prefix = "b/", .delimiter = "/", .max_entries = 1});
  EXPECT_THAT(first.entries, ElementsAre(0));
  EXPECT_TRUE(first.truncated);
  const ListPage second =
      SelectPage(names, {.prefix = "b/", .delimiter = "/", .key_marker = first.next.key});
  EXPECT_THAT(second.prefixes, ElementsAre("b//"));
  EXPECT_THAT(second.entries, ElementsAre(3));
}

TEST(ListingTest, MarkersNameTheLastOneSeen) {
  EXPECT_THAT(SelectPage(kNames, {.key_marker = "b/2"}).entries, ElementsAre(3, 4, 5));
  EXPECT_THAT(SelectPage(kNames, {.key_marker = "c", .id_marker = "1"}).entries, ElementsAre(5));
  EXPECT_THAT(SelectPage(kNames, {.key_marker = "c"}).entries, ElementsAre());
  EXPECT_EQ(SelectPage(kNames, {.id_marker = "1"}).entries.size(), kNames.size());
}

TEST(ListingTest, PagesEndExactly) {
  EXPECT_FALSE(SelectPage(kNames, {.max_entries = 6}).truncated);
  EXPECT_TRUE(SelectPage(kNames, {.max_entries = 5}).truncated);
}

TEST(ListingTest, NumbersHaveBounds) {
  Request request;
  request.query = {{"max-keys", "1000"}, {"zero", "0"}, {"odd", "-1"}, {"empty", ""}};
  EXPECT_EQ(ReadNumber(request, "max-keys", 1, 1000, 100).value(), 1000);
  EXPECT_EQ(ReadNumber(request, "absent", 1, 1000, 100).value(), 100);
  EXPECT_EQ(ReadNumber(request, "empty", 1, 1000, 100).value(), 100);
  EXPECT_EQ(ReadNumber(request, "max-keys", 1, 999, 100).error().code, "InvalidArgument");
  EXPECT_FALSE(ReadNumber(request, "zero", 1, 1000, 100).ok());
  EXPECT_FALSE(ReadNumber(request, "odd", 1, 1000, 100).ok());
}

}  // namespace
}  // namespace penstock::emulator
