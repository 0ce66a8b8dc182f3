#ifndef PENSTOCK_EMULATOR_ENCODING_H_
#define PENSTOCK_EMULATOR_ENCODING_H_

// Text forms that OSS uses: percent encoding, hex, base64, dates. All pure and thread-safe.

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace penstock::emulator {

// Encodes every byte but A-Z a-z 0-9 - . _ ~ (and / if `keep_slash`), with upper-case hex.
std::string PercentEncode(std::string_view text, bool keep_slash);

// The inverse for any encoding of it; nullopt for a broken escape. `plus_is_space` is for queries.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

std::string UpperHex(std::string_view bytes);
std::string LowerHex(std::string_view bytes);
// The inverse of both; empty unless `text` is hex.
std::string HexDecode(std::string_view text);
std::string Base64(std::string_view bytes);
// nullopt unless `text` is base64 with its padding.
std::optional<std::string> Base64Decode(std::string_view text);

// The MD5 of `data`, 16 bytes.
std::string Md5Digest(std::string_view data);

// `bytes` random bytes in upper-case hex.
std::string RandomUpperHex(size_t bytes);

bool IsValidUtf8(std::string_view text);

std::string AsciiLower(std::string_view text);
std::string TrimSpace(std::string_view text);

// `text` as a number of digits only, not above `max`; nullopt otherwise.
std::optional<int64_t> ParseNumber(std::string_view text, int64_t max);

std::string HttpDate(absl::Time time);    // Sat, 16 Dec 2023 16:20:57 GMT
std::string IsoMillis(absl::Time time);   // 2023-12-16T16:20:57.000Z
std::string IsoSeconds(absl::Time time);  // the same of the whole second: as OSS writes its XML
std::string BasicDate(absl::Time time);   // 20231216T162057Z
// The inverses; nullopt for anything but exactly that form.
std::optional<absl::Time> ParseHttpDate(std::string_view text);
std::optional<absl::Time> ParseIsoMillis(std::string_view text);
std::optional<absl::Time> ParseBasicDate(std::string_view text);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_ENCODING_H_
