#include "plugin/oss/reply_xml.h"

#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "plugin/oss/replies.h"

namespace penstock::oss {
namespace {

// The only element of the document, with no text beside it; null for anything else. pugixml alone
// would take several documents behind each other for one: a success before an error would be a
// success.
pugi::xml_node OnlyElement(const pugi::xml_document& document) {
  pugi::xml_node only;
  for (const pugi::xml_node node : document.children()) {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) {
      if (absl::StripAsciiWhitespace(node.value()).empty()) continue;
      return {};
    }
    if (node.type() != pugi::node_element) continue;
    if (only) return {};
    only = node;
  }
  return only;
}

}  // namespace

absl::Status BadReply(const std::string& problem) { return absl::InvalidArgumentError(problem); }

absl::StatusOr<pugi::xml_node> ReplyRoot(pugi::xml_document& document, const std::string& xml,
                                         const char* root) {
  // A tag's value may be a space; a fragment's text beside its elements is kept, so that it can be
  // seen.
  constexpr unsigned kOptions =
      pugi::parse_default | pugi::parse_ws_pcdata_single | pugi::parse_fragment;
  const pugi::xml_parse_result result = document.load_buffer(xml.data(), xml.size(), kOptions);
  if (!result) return BadReply(absl::StrCat("its XML is broken (", result.description(), ")"));
  const pugi::xml_node node = OnlyElement(document);
  if (!node) return BadReply(absl::StrCat("it is not one element of XML, a <", root, ">"));
  if (root != std::string_view(node.name())) {
    return BadReply(absl::StrCat("its XML is a <", node.name(), ">, not a <", root, ">"));
  }
  return node;
}

std::string ChildText(const pugi::xml_node& parent, const char* name) {
  return parent.child_value(name);
}

std::string DecodedChildText(const pugi::xml_node& root, const pugi::xml_node& parent,
                             const char* name) {
  const std::string text = ChildText(parent, name);
  return ChildText(root, "EncodingType") == "url" ? UrlDecode(text) : text;
}

bool IsTruncated(const pugi::xml_node& root) { return ChildText(root, "IsTruncated") == "true"; }

}  // namespace penstock::oss
