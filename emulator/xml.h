#ifndef PENSTOCK_EMULATOR_XML_H_
#define PENSTOCK_EMULATOR_XML_H_

// The XML of replies and of the bodies of requests.

#include <cstdint>
#include <memory>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/errors.h"

namespace penstock::emulator {

// Builds one document; values are escaped. Not thread-safe.
class XmlWriter {
 public:
  explicit XmlWriter(const char* root);
  // Appends <name>value</name> to the open element.
  void Add(const std::string& name, const std::string& value);
  void Add(const std::string& name, int64_t value) { Add(name, std::to_string(value)); }
  // Opens a child of the open element; Close() goes back to its parent.
  void Open(const std::string& name);
  void Close();
  // Sets the text of the open element.
  void SetText(const std::string& value);
  std::string Text() const;

 private:
  std::unique_ptr<pugi::xml_document> document_;
  pugi::xml_node node_;
};

// Whether XML 1.0 can carry the text: it has no control characters but tab, newline and return.
bool IsXmlText(std::string_view text);

// Parses a document whose only root is `root`: MalformedXML otherwise. White space within elements
// is kept as it is.
Failure ParseXml(std::string_view body, const char* root, pugi::xml_document& document);

// A part as the body of CompleteMultipartUpload lists it.
struct ListedPart {
  int number = 0;
  std::string etag;  // as sent, without its quotes if it had any
};

// Parses the body of CompleteMultipartUpload: MalformedXML unless it is one root
// `CompleteMultipartUpload` with at least one `Part`, each of exactly one PartNumber (an integer)
// and one ETag. Order and existence are not checked here.
Result<std::vector<ListedPart>> ParseCompletion(std::string_view body);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_XML_H_
