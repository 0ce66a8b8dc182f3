#include "emulator/tags.h"

#include <algorithm>
#include <cstring>
#include <pugixml.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_split.h"
#include "emulator/encoding.h"
#include "emulator/xml.h"

namespace penstock::emulator {
namespace {

constexpr size_t kMaxTags = 10;
constexpr size_t kMaxKeyBytes = 128;
constexpr size_t kMaxValueBytes = 256;

bool IsTagText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" +-=._:/").find(c) != std::string_view::npos;
  });
}

bool AreValid(const std::vector<Tag>& tags) {
  std::set<std::string> keys;
  return tags.size() <= kMaxTags && std::all_of(tags.begin(), tags.end(), [&](const Tag& tag) {
           return !tag.key.empty() && tag.key.size() <= kMaxKeyBytes &&
                  tag.value.size() <= kMaxValueBytes && IsTagText(tag.key) &&
                  IsTagText(tag.value) && keys.insert(tag.key).second;
         });
}

}  // namespace

Result<std::vector<Tag>> ParseTagHeader(const std::string& text) {
  const OssError invalid = InvalidArgument(
      "x-oss-tagging is not 1 to 10 tags of the form key=value.", "x-oss-tagging", text);
  std::vector<Tag> tags;
  const std::vector<std::string> items = absl::StrSplit(text, '&');
  for (const std::string& item : items) {
    const size_t equals = item.find('=');
    const auto key = PercentDecode(item.substr(0, equals), true);
    const auto value =
        PercentDecode(equals == std::string::npos ? "" : item.substr(equals + 1), true);
    if (!key || !value) return invalid;
    tags.push_back({*key, *value});
  }
  if (!AreValid(tags)) return invalid;
  return tags;
}

Result<std::vector<Tag>> ParseTagging(std::string_view body) {
  pugi::xml_document document;
  EMULATOR_RETURN_IF_ERROR(ParseXml(body, "Tagging", document));
  std::vector<Tag> tags;
  for (const pugi::xml_node node : document.child("Tagging").child("TagSet").children()) {
    if (std::strcmp(node.name(), "Tag") != 0) {
      return MalformedXml("A TagSet holds Tag elements only.");
    }
    tags.push_back({node.child("Key").text().get(), node.child("Value").text().get()});
  }
  if (!document.child("Tagging").child("TagSet")) {
    return MalformedXml("A Tagging holds one TagSet.");
  }
  if (!AreValid(tags)) return InvalidArgument("The tags are not valid.", "Tagging", "");
  return tags;
}

std::string TaggingXml(const std::vector<Tag>& tags) {
  XmlWriter xml("Tagging");
  xml.Open("TagSet");
  for (const Tag& tag : tags) {
    xml.Open("Tag");
    xml.Add("Key", tag.key);
    xml.Add("Value", tag.value);
    xml.Close();
  }
  xml.Close();
  return xml.Text();
}

}  // namespace penstock::emulator
