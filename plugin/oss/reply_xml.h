#ifndef PENSTOCK_PLUGIN_OSS_REPLY_XML_H_
#define PENSTOCK_PLUGIN_OSS_REPLY_XML_H_

// What the parsers of OSS's XML have in common.

#include <pugixml.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace penstock::oss {

// What a parser fails with: INVALID_ARGUMENT, `problem` says what is wrong.
absl::Status BadReply(const std::string& problem);

// Loads `xml` into `document`, which must outlive the result: its root, of the name `root`. A body
// that holds anything but white space and comments beside that element is refused.
absl::StatusOr<pugi::xml_node> ReplyRoot(pugi::xml_document& document, const std::string& xml,
                                         const char* root);

// The text of the first child of that name; empty when there is none.
std::string ChildText(const pugi::xml_node& parent, const char* name);

// The same, decoded where the reply, whose root this is, says that it is encoded.
std::string DecodedChildText(const pugi::xml_node& root, const pugi::xml_node& parent,
                             const char* name);

// Whether a list goes on behind this page of it.
bool IsTruncated(const pugi::xml_node& root);

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_REPLY_XML_H_
