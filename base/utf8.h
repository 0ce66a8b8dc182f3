#ifndef PENSTOCK_BASE_UTF8_H_
#define PENSTOCK_BASE_UTF8_H_

#include <string>
#include <string_view>

namespace penstock {

// Whether all of `text` is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing
// above U+10FFFF.
bool IsUtf8(std::string_view text);

// `text` with U+FFFD in the place of every byte that belongs to no character: fit for a `string`
// field of a message.
std::string ToUtf8(std::string_view text);

}  // namespace penstock

#endif  // PENSTOCK_BASE_UTF8_H_
