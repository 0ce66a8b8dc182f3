#include "emulator/encoding.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <charconv>
#include <cstdlib>

namespace penstock::emulator {
namespace {

constexpr char kUpperDigits[] = "0123456789ABCDEF";
constexpr char kLowerDigits[] = "0123456789abcdef";
constexpr char kHttpDate[] = "%a, %d %b %E4Y %H:%M:%S GMT";
constexpr char kIsoMillis[] = "%E4Y-%m-%dT%H:%M:%E3SZ";
constexpr char kBasicDate[] = "%E4Y%m%dT%H%M%SZ";

bool IsUnreserved(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Hex(std::string_view bytes, const char* digits) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char c : bytes) {
    text += digits[c >> 4];
    text += digits[c & 15];
  }
  return text;
}

// Parses and prints again: absl accepts more than the exact form.
std::optional<absl::Time> ParseExactly(const char* format, std::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(format, std::string(text), &time, &error)) return std::nullopt;
  if (absl::FormatTime(format, time, absl::UTCTimeZone()) != text) return std::nullopt;
  return time;
}

}  // namespace

std::string PercentEncode(std::string_view text, bool keep_slash) {
  std::string encoded;
  for (const unsigned char c : text) {
    if (IsUnreserved(c) || (keep_slash && c == '/')) {
      encoded += static_cast<char>(c);
    } else {
      encoded += {'%', kUpperDigits[c >> 4], kUpperDigits[c & 15]};
    }
  }
  return encoded;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexValue(text[i + 1]);
      const int low = HexValue(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

std::string UpperHex(std::string_view bytes) { return Hex(bytes, kUpperDigits); }

std::string LowerHex(std::string_view bytes) { return Hex(bytes, kLowerDigits); }

std::string HexDecode(std::string_view text) {
  if (text.size() % 2 != 0) return std::string();
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return std::string();
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string Base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EVP writes a final NUL too
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(length));
  return text;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string bytes(text.size() / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(static_cast<size_t>(length) - padding);
  // EVP ignores white space and stray bits: only the canonical form passes.
  if (Base64(bytes) != text) return std::nullopt;
  return bytes;
}

std::string Md5Digest(std::string_view data) {
  std::string digest(16, '\0');
  EVP_Digest(data.data(), data.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
             EVP_md5(), nullptr);
  return digest;
}

std::string RandomUpperHex(size_t bytes) {
  std::string random(bytes, '\0');
  // Without random numbers there are no ids: nothing that the emulator does would be right.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(bytes)) != 1) {
    std::abort();
  }
  return UpperHex(random);
}

bool IsValidUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4 || i + length > text.size()) return false;
    uint32_t point = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (size_t j = 1; j < length; ++j) {
      const auto next = static_cast<unsigned char>(text[i + j]);
      if ((next & 0xC0) != 0x80) return false;
      point = point << 6 | (next & 0x3Fu);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (overlong || surrogate || point > 0x10FFFF) return false;
    i += length;
  }
  return true;
}

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string TrimSpace(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::string();
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::optional<int64_t> ParseNumber(std::string_view text, int64_t max) {
  int64_t number = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || number > max) {
    return std::nullopt;
  }
  return number;
}

std::string HttpDate(absl::Time time) {
  return absl::FormatTime(kHttpDate, time, absl::UTCTimeZone());
}

std::string IsoMillis(absl::Time time) {
  return absl::FormatTime(kIsoMillis, time, absl::UTCTimeZone());
}

std::string IsoSeconds(absl::Time time) {
  return IsoMillis(absl::FromUnixSeconds(absl::ToUnixSeconds(time)));
}

std::string BasicDate(absl::Time time) {
  return absl::FormatTime(kBasicDate, time, absl::UTCTimeZone());
}

std::optional<absl::Time> ParseHttpDate(std::string_view text) {
  return ParseExactly(kHttpDate, text);
}

std::optional<absl::Time> ParseIsoMillis(std::string_view text) {
  return ParseExactly(kIsoMillis, text);
}

std::optional<absl::Time> ParseBasicDate(std::string_view text) {
  return ParseExactly(kBasicDate, text);
}

}  // namespace penstock::emulator
