#include "plugin/oss/metadata_encoding.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "base/utf8.h"
#include "plugin/object_rules.h"

namespace penstock::oss {
namespace {

constexpr char kPercent[] = "percent";
constexpr char kEmpty[] = "%";  // what no other value becomes

bool IsPrintable(char c) { return c >= ' ' && c <= '~'; }

bool IsPlain(std::string_view value) {
  return !value.empty() && value.front() != ' ' && value.back() != ' ' &&
         std::all_of(value.begin(), value.end(), IsPrintable);
}

std::string EncodeValue(std::string_view value) {
  if (value.empty()) return kEmpty;
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool outer_space = c == ' ' && (i == 0 || i + 1 == value.size());
    if (IsPrintable(c) && c != '%' && !outer_space) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

std::optional<std::string> DecodeValue(const std::string& value) {
  if (value == kEmpty) return "";
  std::string out;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '%') {
      out.push_back(value[i]);
      continue;
    }
    const std::string digits = value.substr(i + 1, 2);
    const bool good =
        digits.size() == 2 && std::all_of(digits.begin(), digits.end(),
                                          [](unsigned char c) { return absl::ascii_isxdigit(c); });
    if (!good) return std::nullopt;
    out += absl::HexStringToBytes(digits);
    i += 2;
  }
  if (!IsUtf8(out)) return std::nullopt;
  return out;
}

}  // namespace

Metadata EncodeMetadata(const Metadata& metadata) {
  const bool plain = std::all_of(metadata.begin(), metadata.end(),
                                 [](const auto& entry) { return IsPlain(entry.second); });
  if (plain) return metadata;
  Metadata encoded = {{kMetadataEncodingName, kPercent}};
  for (const auto& [name, value] : metadata) encoded.emplace(name, EncodeValue(value));
  return encoded;
}

Metadata DecodeMetadata(Metadata stored) {
  const auto encoding = stored.find(kMetadataEncodingName);
  if (encoding == stored.end() || encoding->second != kPercent) return stored;
  stored.erase(encoding);
  for (auto& [name, value] : stored) {
    if (std::optional<std::string> decoded = DecodeValue(value)) value = *std::move(decoded);
  }
  return stored;
}

}  // namespace penstock::oss
