#ifndef PENSTOCK_EMULATOR_TAGS_H_
#define PENSTOCK_EMULATOR_TAGS_H_

// Tags of objects, as headers and as XML (reference/oss-api.md, section 5).

#include <string>
#include <string_view>
#include <vector>

#include "emulator/errors.h"
#include "emulator/records.h"

namespace penstock::emulator {

// Parses the header form, a=1&b=2, percent-encoded. InvalidArgument for more than 10 tags, a key
// that is empty or longer than 128 bytes, a value longer than 256 bytes, another character than
// letters, digits, space and + - = . _ : /, or a key that comes twice.
Result<std::vector<Tag>> ParseTagHeader(const std::string& text);

// Parses the XML form, with the same limits; MalformedXML when it is something else.
Result<std::vector<Tag>> ParseTagging(std::string_view body);

std::string TaggingXml(const std::vector<Tag>& tags);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_TAGS_H_
