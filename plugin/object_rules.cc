#include "plugin/object_rules.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "base/utf8.h"

namespace penstock {
namespace {

constexpr size_t kMinBucketBytes = 3;
constexpr size_t kMaxBucketBytes = 63;
constexpr size_t kMaxKeyBytes = 1023;

absl::Status Invalid(const std::string& reason, const std::string& message,
                     const ErrorMetadata& metadata) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, message, metadata);
}

bool IsLowerOrDigit(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }

// What stands in errors for text of the client: short, and printable whatever it holds.
std::string Shown(const std::string& text) {
  constexpr size_t kMost = 80;
  return absl::CHexEscape(text.size() <= kMost ? text : text.substr(0, kMost) + "...");
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Of something that may have `maximum` bytes.
absl::Status TooLong(const std::string& reason, const std::string& what, size_t maximum,
                     size_t got) {
  return Invalid(reason,
                 absl::StrCat(what, " may have at most ", maximum, " bytes, ", got, " came"),
                 {{"maximum", absl::StrCat(maximum)}, {"got", absl::StrCat(got)}});
}

absl::Status CheckHeaderValue(const std::string& field, const std::string& value) {
  if (value.size() > kMaxHeaderValueBytes) {
    return TooLong("BAD_HEADER_VALUE", absl::StrCat("`", field, "`"), kMaxHeaderValueBytes,
                   value.size());
  }
  if (IsUtf8(value) && !HasControlCharacter(value)) return absl::OkStatus();
  return Invalid("BAD_HEADER_VALUE",
                 absl::StrCat("`", field, "` must be UTF-8 without control characters, \"",
                              Shown(value), "\" came"),
                 {{"field", field}});
}

absl::Status CheckMetadata(const std::map<std::string, std::string>& metadata) {
  size_t bytes = 0;
  for (const auto& [name, value] : metadata) {
    const bool named = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return IsLowerOrDigit(c) || c == '-';
    });
    if (!named || name == kMarkMetadataName || name == kMetadataEncodingName) {
      return Invalid(
          "BAD_METADATA",
          absl::StrCat("metadata names must have characters of [a-z0-9-] only and not be ",
                       kMarkMetadataName, " or ", kMetadataEncodingName, ", \"", Shown(name),
                       "\" came"),
          {{"name", Shown(name)}});
    }
    if (!IsUtf8(value)) {
      return Invalid("BAD_METADATA",
                     absl::StrCat("the value of metadata \"", name, "\" must be UTF-8, \"",
                                  Shown(value), "\" came"),
                     {{"name", name}});
    }
    bytes += name.size() + value.size();
  }
  if (bytes <= kMaxMetadataBytes) return absl::OkStatus();
  return TooLong("BAD_METADATA", "metadata", kMaxMetadataBytes, bytes);
}

absl::Status CheckTags(const std::map<std::string, std::string>& tags) {
  size_t bytes = 0;
  for (const auto& [name, value] : tags) {
    PENSTOCK_RETURN_IF_ERROR(CheckHeaderValue("tags", name));
    PENSTOCK_RETURN_IF_ERROR(CheckHeaderValue("tags", value));
    bytes += name.size() + value.size();
  }
  if (bytes <= kMaxTagBytes) return absl::OkStatus();
  return TooLong("BAD_TAGS", "tags", kMaxTagBytes, bytes);
}

absl::Status CheckOptions(const std::map<std::string, std::string>& options,
                          const std::vector<OptionInfo>& known) {
  for (const auto& [name, value] : options) {
    const bool listed = std::any_of(known.begin(), known.end(),
                                    [&name = name](const OptionInfo& o) { return o.name == name; });
    if (!listed) {
      const std::string expected = absl::StrJoin(
          known, ", ", [](std::string* out, const OptionInfo& o) { out->append(o.name); });
      return Invalid("BAD_BACKEND_OPTION",
                     absl::StrCat("this remote knows no backend option \"", Shown(name),
                                  "\"; it knows: ", expected.empty() ? "none" : expected),
                     {{"option", Shown(name)}});
    }
    PENSTOCK_RETURN_IF_ERROR(CheckHeaderValue(absl::StrCat("backend_options.", name), value));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckBucketName(const std::string& bucket) {
  const bool good = bucket.size() >= kMinBucketBytes && bucket.size() <= kMaxBucketBytes &&
                    IsLowerOrDigit(bucket.front()) && IsLowerOrDigit(bucket.back()) &&
                    std::all_of(bucket.begin(), bucket.end(),
                                [](char c) { return IsLowerOrDigit(c) || c == '-'; });
  if (good) return absl::OkStatus();
  return Invalid("BAD_BUCKET",
                 absl::StrCat("a bucket name must have 3 to 63 characters of [a-z0-9-] and begin "
                              "and end with a letter or digit, \"",
                              Shown(bucket), "\" came"),
                 {{"bucket", Shown(bucket)}});
}

absl::Status CheckKey(const std::string& key) {
  const bool good = !key.empty() && key.size() <= kMaxKeyBytes && IsUtf8(key) &&
                    key.find('\0') == std::string::npos;
  if (good) return absl::OkStatus();
  return Invalid(
      "BAD_KEY",
      absl::StrCat("a key must have 1 to ", kMaxKeyBytes, " bytes of UTF-8 without NUL, \"",
                   Shown(key), "\" of ", key.size(), " bytes came"),
      {{"maximum", absl::StrCat(kMaxKeyBytes)}, {"got", absl::StrCat(key.size())}});
}

absl::Status CheckAttributes(const ObjectAttributes& attributes,
                             const std::vector<OptionInfo>& object_options) {
  PENSTOCK_RETURN_IF_ERROR(CheckHeaderValue("content_type", attributes.content_type));
  PENSTOCK_RETURN_IF_ERROR(CheckHeaderValue("cache_control", attributes.cache_control));
  PENSTOCK_RETURN_IF_ERROR(CheckHeaderValue("content_disposition", attributes.content_disposition));
  PENSTOCK_RETURN_IF_ERROR(CheckHeaderValue("content_encoding", attributes.content_encoding));
  PENSTOCK_RETURN_IF_ERROR(CheckHeaderValue("storage_class", attributes.storage_class));
  PENSTOCK_RETURN_IF_ERROR(CheckTags(attributes.tags));
  PENSTOCK_RETURN_IF_ERROR(CheckMetadata(attributes.metadata));
  return CheckOptions(attributes.options, object_options);
}

std::vector<OptionInfo> RemoteRestriction::Options() {
  OptionInfo buckets;
  buckets.name = "buckets";
  buckets.help = "Buckets that may be put to, separated by commas; all when it is not given.";
  buckets.examples = {"backups,media"};
  OptionInfo prefix;
  prefix.name = "prefix";
  prefix.help = "What every key must begin with; nothing when it is not given.";
  prefix.examples = {"team-a/"};
  return {buckets, prefix};
}

RemoteRestriction::RemoteRestriction(const OptionValues& values) {
  if (const auto it = values.find("buckets"); it != values.end()) {
    for (const absl::string_view name : absl::StrSplit(it->second, ',', absl::SkipWhitespace())) {
      buckets_.emplace_back(absl::StripAsciiWhitespace(name));
    }
  }
  if (const auto it = values.find("prefix"); it != values.end()) prefix_ = it->second;
}

absl::Status RemoteRestriction::CheckBucket(const std::string& bucket) const {
  if (buckets_.empty() || std::find(buckets_.begin(), buckets_.end(), bucket) != buckets_.end()) {
    return absl::OkStatus();
  }
  return MakeError(absl::StatusCode::kPermissionDenied, "BUCKET_NOT_ALLOWED",
                   absl::StrCat("this remote's configuration allows the buckets ",
                                absl::StrJoin(buckets_, ", "), ", not \"", bucket, "\""),
                   {{"bucket", bucket}});
}

absl::Status RemoteRestriction::KeyNotAllowed() const {
  return MakeError(
      absl::StatusCode::kPermissionDenied, "KEY_NOT_ALLOWED",
      absl::StrCat("this remote's configuration allows keys that begin with \"", prefix_, "\""),
      {{"prefix", prefix_}});
}

absl::Status RemoteRestriction::Check(const ObjectName& object) const {
  PENSTOCK_RETURN_IF_ERROR(CheckBucket(object.bucket));
  return absl::StartsWith(object.key, prefix_) ? absl::OkStatus() : KeyNotAllowed();
}

absl::StatusOr<std::vector<std::string>> RemoteRestriction::BucketsMeantBy(
    const std::string& bucket) const {
  if (!bucket.empty()) {
    PENSTOCK_RETURN_IF_ERROR(CheckBucketName(bucket));
    PENSTOCK_RETURN_IF_ERROR(CheckBucket(bucket));
    return std::vector<std::string>{bucket};
  }
  if (!buckets_.empty()) return buckets_;
  return Invalid("BUCKET_REQUIRED",
                 "expected a bucket, for the remote's option `buckets` names none; none came", {});
}

absl::StatusOr<std::string> RemoteRestriction::Narrow(const std::string& prefix) const {
  if (absl::StartsWith(prefix, prefix_)) return prefix;
  if (absl::StartsWith(prefix_, prefix)) return prefix_;
  return KeyNotAllowed();
}

}  // namespace penstock
