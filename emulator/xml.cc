#include "emulator/xml.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <sstream>

namespace penstock::emulator {
namespace {

// The text of the only child of this name; nullopt when there is none or more than one.
std::optional<std::string> OnlyChild(const pugi::xml_node& node, const char* name) {
  const pugi::xml_node child = node.child(name);
  if (!child || child.next_sibling(name)) return std::nullopt;
  std::string text = child.text().get();
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return std::string();
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<ListedPart> ParsePart(const pugi::xml_node& node) {
  const std::optional<std::string> number = OnlyChild(node, "PartNumber");
  std::optional<std::string> etag = OnlyChild(node, "ETag");
  if (!number || !etag || etag->empty()) return std::nullopt;
  ListedPart part;
  const auto parsed = std::from_chars(number->data(), number->data() + number->size(), part.number);
  if (parsed.ec != std::errc() || parsed.ptr != number->data() + number->size()) {
    return std::nullopt;
  }
  if (etag->size() >= 2 && etag->front() == '"' && etag->back() == '"') {
    etag = etag->substr(1, etag->size() - 2);
  }
  part.etag = *etag;
  return part;
}

}  // namespace

XmlWriter::XmlWriter(const char* root) : document_(std::make_unique<pugi::xml_document>()) {
  pugi::xml_node declaration = document_->append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  node_ = document_->append_child(root);
}

void XmlWriter::Add(const std::string& name, const std::string& value) {
  node_.append_child(name.c_str()).text().set(value.c_str());
}

void XmlWriter::Open(const std::string& name) { node_ = node_.append_child(name.c_str()); }

void XmlWriter::SetText(const std::string& value) { node_.text().set(value.c_str()); }

void XmlWriter::Close() { node_ = node_.parent(); }

std::string XmlWriter::Text() const {
  std::ostringstream out;
  document_->save(out, "  ", pugi::format_indent, pugi::encoding_utf8);
  return out.str();
}

bool IsXmlText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= ' ' || c == '\t' || c == '\n' || c == '\r';
  });
}

Failure ParseXml(std::string_view body, const char* root, pugi::xml_document& document) {
  // Keys may consist of white space or hold a carriage return.
  constexpr unsigned kOptions =
      (pugi::parse_default | pugi::parse_ws_pcdata_single) & ~pugi::parse_eol;
  if (!IsXmlText(body)) {
    return MalformedXml("The XML you provided has a character that XML 1.0 excludes.");
  }
  const pugi::xml_parse_result parsed =
      document.load_buffer(body.data(), body.size(), kOptions, pugi::encoding_utf8);
  if (!parsed) {
    return MalformedXml(std::string("The XML you provided was not well-formed: ") +
                        parsed.description());
  }
  const pugi::xml_node element = document.document_element();
  if (std::strcmp(element.name(), root) != 0 || element.next_sibling()) {
    return MalformedXml(std::string("The root of the XML you provided is not ") + root + ".");
  }
  return std::nullopt;
}

Result<std::vector<ListedPart>> ParseCompletion(std::string_view body) {
  pugi::xml_document document;
  EMULATOR_RETURN_IF_ERROR(ParseXml(body, "CompleteMultipartUpload", document));
  const pugi::xml_node root = document.document_element();
  std::vector<ListedPart> parts;
  for (const pugi::xml_node node : root.children()) {
    if (node.type() != pugi::node_element) continue;
    std::optional<ListedPart> part;
    if (std::strcmp(node.name(), "Part") == 0) part = ParsePart(node);
    if (!part) {
      return MalformedXml(
          "The XML you provided holds something else than Part elements of one integer PartNumber "
          "and one ETag.");
    }
    parts.push_back(*std::move(part));
  }
  if (parts.empty()) return MalformedXml("The XML you provided lists no part.");
  return parts;
}

}  // namespace penstock::emulator
