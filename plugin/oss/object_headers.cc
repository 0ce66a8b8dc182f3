#include "plugin/oss/object_headers.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/object_rules.h"
#include "plugin/oss/callback.h"
#include "plugin/oss/metadata_encoding.h"

namespace penstock::oss {
namespace {

constexpr char kAcl[] = "acl";
constexpr char kEncryption[] = "server_side_encryption";
constexpr char kEncryptionKeyId[] = "server_side_encryption_key_id";
constexpr char kDataEncryption[] = "server_side_data_encryption";

constexpr char kDefaultAcl[] = "default";
constexpr std::array<const char*, 4> kAcls = {kDefaultAcl, "private", "public-read",
                                              "public-read-write"};
constexpr std::array<const char*, 3> kEncryptions = {"AES256", "KMS", "SM4"};
constexpr std::array<const char*, 1> kDataEncryptions = {"SM4"};
constexpr std::array<const char*, 5> kStorageClasses = {"Standard", "IA", "Archive", "ColdArchive",
                                                        "DeepColdArchive"};

// What the mark takes of the bytes that an object's metadata may have.
constexpr size_t kMarkBytes = sizeof kMarkMetadataName - 1 + 64;

constexpr size_t kMaxTags = 10;
constexpr size_t kMaxTagNameBytes = 128;
constexpr size_t kMaxTagValueBytes = 256;

absl::Status Invalid(const std::string& reason, const std::string& message,
                     const ErrorMetadata& metadata = {}) {
  return MakeError(absl::StatusCode::kInvalidArgument, reason, message, metadata);
}

using Options = std::map<std::string, std::string>;

template <typename Values>
bool IsOneOf(const std::string& value, const Values& values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool HasOuterSpace(const std::string& value) {
  return !value.empty() && (value.front() == ' ' || value.back() == ' ');
}

bool IsTagText(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view(" +-=._:/").find(c) != std::string_view::npos;
  });
}

absl::Status CheckTags(const std::map<std::string, std::string>& tags) {
  if (tags.size() > kMaxTags) {
    return Invalid("BAD_TAGS",
                   absl::StrCat("OSS takes at most ", kMaxTags, " tags, ", tags.size(), " came"),
                   {{"maximum", absl::StrCat(kMaxTags)}, {"got", absl::StrCat(tags.size())}});
  }
  for (const auto& [name, value] : tags) {
    const bool good = !name.empty() && name.size() <= kMaxTagNameBytes &&
                      value.size() <= kMaxTagValueBytes && IsTagText(name) && IsTagText(value);
    if (good) continue;
    return Invalid("BAD_TAGS",
                   absl::StrCat("a tag must have a name of 1 to ", kMaxTagNameBytes,
                                " and a value of at most ", kMaxTagValueBytes,
                                " bytes, of letters, digits, spaces and +-=._:/ only; tag \"",
                                absl::CHexEscape(name), "\" came"));
  }
  return absl::OkStatus();
}

absl::Status CheckOuterSpaces(const ObjectAttributes& attributes) {
  const std::pair<const char*, const std::string&> fields[] = {
      {"content_type", attributes.content_type},
      {"cache_control", attributes.cache_control},
      {"content_disposition", attributes.content_disposition},
      {"content_encoding", attributes.content_encoding}};
  for (const auto& [field, value] : fields) {
    if (!HasOuterSpace(value)) continue;
    return Invalid("BAD_HEADER_VALUE",
                   absl::StrCat("`", field, "` must not begin or end with a space"),
                   {{"field", field}});
  }
  return absl::OkStatus();
}

absl::Status CheckMetadataSize(const Metadata& metadata) {
  size_t bytes = kMarkBytes;
  for (const auto& [name, value] : EncodeMetadata(metadata)) bytes += name.size() + value.size();
  if (bytes <= kMaxMetadataBytes) return absl::OkStatus();
  return Invalid(
      "BAD_METADATA",
      absl::StrCat("OSS takes at most ", kMaxMetadataBytes, " bytes of metadata, this would be ",
                   bytes, ": Penstock's own entry has ", kMarkBytes,
                   ", and where a value is not printable ASCII, each such byte and each "
                   "% takes three"),
      {{"maximum", absl::StrCat(kMaxMetadataBytes)}, {"got", absl::StrCat(bytes)}});
}

absl::Status BadOption(const std::string& name, const std::string& problem) {
  return Invalid("BAD_BACKEND_OPTION", absl::StrCat("backend option \"", name, "\" ", problem),
                 {{"option", name}});
}

template <typename Values>
absl::Status CheckChoice(const Options& options, const char* name, const Values& values) {
  const auto it = options.find(name);
  if (it == options.end() || IsOneOf(it->second, values)) return absl::OkStatus();
  return BadOption(name, absl::StrCat("must be one of: ", absl::StrJoin(values, ", "), "; \"",
                                      absl::CHexEscape(it->second), "\" came"));
}

absl::Status CheckEncryption(const Options& options) {
  PENSTOCK_RETURN_IF_ERROR(CheckChoice(options, kEncryption, kEncryptions));
  PENSTOCK_RETURN_IF_ERROR(CheckChoice(options, kDataEncryption, kDataEncryptions));
  const auto encryption = options.find(kEncryption);
  const bool by_kms = encryption != options.end() && encryption->second == "KMS";
  for (const char* name : {kEncryptionKeyId, kDataEncryption}) {
    if (!by_kms && options.contains(name)) {
      return BadOption(name, absl::StrCat("needs ", kEncryption, " = KMS"));
    }
  }
  const auto key_id = options.find(kEncryptionKeyId);
  if (key_id == options.end()) return absl::OkStatus();
  const std::string& id = key_id->second;
  const bool good = !id.empty() && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return absl::ascii_isgraph(c);
  });
  if (good) return absl::OkStatus();
  return BadOption(kEncryptionKeyId, absl::StrCat("must be the id of a KMS key, \"",
                                                  absl::CHexEscape(id), "\" came"));
}

void SetUnlessEmpty(Headers& headers, const std::string& name, const std::string& value) {
  if (!value.empty()) headers[name] = value;
}

void SetOption(Headers& headers, const std::string& name, const ObjectAttributes& attributes,
               const char* option) {
  const auto it = attributes.options.find(option);
  if (it != attributes.options.end()) SetUnlessEmpty(headers, name, it->second);
}

}  // namespace

std::vector<OptionInfo> ObjectOptions() {
  OptionInfo acl;
  acl.name = kAcl;
  acl.help = "Who may read and write the object; without it the bucket's own rule.";
  acl.examples.assign(kAcls.begin(), kAcls.end());
  OptionInfo encryption;
  encryption.name = kEncryption;
  encryption.help = "How OSS encrypts the object; without it the bucket's own rule.";
  encryption.examples.assign(kEncryptions.begin(), kEncryptions.end());
  OptionInfo key_id;
  key_id.name = kEncryptionKeyId;
  key_id.help = "Id of the KMS key, with server_side_encryption = KMS; without it OSS's own key.";
  OptionInfo data_encryption;
  data_encryption.name = kDataEncryption;
  data_encryption.help =
      "The algorithm that encrypts the object's bytes, with server_side_encryption = KMS; AES256 "
      "without it.";
  data_encryption.examples.assign(kDataEncryptions.begin(), kDataEncryptions.end());
  std::vector<OptionInfo> options = {acl, encryption, key_id, data_encryption};
  for (OptionInfo& option : CallbackOptions()) options.push_back(std::move(option));
  return options;
}

absl::Status CheckOssRules(const ObjectName& object, const ObjectAttributes& attributes) {
  if (!object.key.empty() && (object.key.front() == '/' || object.key.front() == '\\')) {
    return Invalid("BAD_KEY", absl::StrCat("a key of OSS must not begin with / or \\, \"",
                                           absl::CHexEscape(object.key.substr(0, 80)), "\" came"));
  }
  if (!attributes.storage_class.empty() && !IsOneOf(attributes.storage_class, kStorageClasses)) {
    return Invalid(
        "BAD_STORAGE_CLASS",
        absl::StrCat("`storage_class` must be one of: ", absl::StrJoin(kStorageClasses, ", "),
                     "; \"", absl::CHexEscape(attributes.storage_class), "\" came"));
  }
  PENSTOCK_RETURN_IF_ERROR(CheckOuterSpaces(attributes));
  PENSTOCK_RETURN_IF_ERROR(CheckMetadataSize(attributes.metadata));
  PENSTOCK_RETURN_IF_ERROR(CheckTags(attributes.tags));
  PENSTOCK_RETURN_IF_ERROR(CheckChoice(attributes.options, kAcl, kAcls));
  PENSTOCK_RETURN_IF_ERROR(CheckEncryption(attributes.options));
  return CheckCallback(attributes.options);
}

Headers InitiateHeaders(const ObjectAttributes& attributes, const std::string& mark) {
  Headers headers;
  SetUnlessEmpty(headers, "content-type", attributes.content_type);
  SetUnlessEmpty(headers, "cache-control", attributes.cache_control);
  SetUnlessEmpty(headers, "content-disposition", attributes.content_disposition);
  SetUnlessEmpty(headers, "content-encoding", attributes.content_encoding);
  SetUnlessEmpty(headers, "x-oss-storage-class", attributes.storage_class);
  for (const auto& [name, value] : EncodeMetadata(attributes.metadata)) {
    headers["x-oss-meta-" + name] = value;
  }
  SetUnlessEmpty(headers, absl::StrCat("x-oss-meta-", kMarkMetadataName), mark);
  headers.merge(TagHeaders(attributes.tags));
  SetOption(headers, "x-oss-server-side-encryption", attributes, kEncryption);
  SetOption(headers, "x-oss-server-side-encryption-key-id", attributes, kEncryptionKeyId);
  SetOption(headers, "x-oss-server-side-data-encryption", attributes, kDataEncryption);
  if (attributes.forbid_overwrite) headers["x-oss-forbid-overwrite"] = "true";
  return headers;
}

Headers PutHeaders(const ObjectAttributes& attributes, const std::string& mark) {
  Headers headers = InitiateHeaders(attributes, mark);
  headers.merge(CompleteHeaders(attributes));
  return headers;
}

Headers CompleteHeaders(const ObjectAttributes& attributes) {
  Headers headers;
  SetOption(headers, "x-oss-object-acl", attributes, kAcl);
  headers.merge(CallbackHeaders(attributes.options));
  if (attributes.forbid_overwrite) headers["x-oss-forbid-overwrite"] = "true";
  return headers;
}

Headers TagHeaders(const std::map<std::string, std::string>& tags) {
  Headers headers;
  // Encoded and joined as a query is.
  SetUnlessEmpty(
      headers, "x-oss-tagging", absl::StrJoin(tags, "&", [](std::string* out, const auto& tag) {
        absl::StrAppend(out, UriEncode(tag.first, false), "=", UriEncode(tag.second, false));
      }));
  return headers;
}

std::map<std::string, std::string> AclOption(const std::map<std::string, std::string>& options) {
  const auto it = options.find(kAcl);
  return it == options.end() ? Options() : AclOption(it->second);
}

std::map<std::string, std::string> AclOption(const std::string& acl) {
  return acl == kDefaultAcl ? Options() : Options{{kAcl, acl}};
}

}  // namespace penstock::oss
