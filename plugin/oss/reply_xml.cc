#include "plugin/oss/reply_xml.h"

#include "absl/strings/str_cat.h"
#include "plugin/oss/replies.h"

namespace penstock::oss {

absl::Status BadReply(const std::string& problem) { return absl::InvalidArgumentError(problem); }

absl::StatusOr<pugi::xml_node> ReplyRoot(pugi::xml_document& document, const std::string& xml,
                                         const char* root) {
  // A tag's value may be a space.
  constexpr unsigned kOptions = pugi::parse_default | pugi::parse_ws_pcdata_single;
  const pugi::xml_parse_result result = document.load_buffer(xml.data(), xml.size(), kOptions);
  if (!result) return BadReply(absl::StrCat("its XML is broken (", result.description(), ")"));
  const pugi::xml_node node = document.child(root);
  if (!node) {
    return BadReply(absl::StrCat("its XML is a <", document.document_element().name(), ">, not a <",
                                 root, ">"));
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
