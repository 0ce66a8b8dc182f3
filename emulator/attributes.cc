#include "emulator/attributes.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/encoding.h"
#include "emulator/tags.h"

namespace penstock::emulator {
namespace {

constexpr std::string_view kMetaPrefix = "x-oss-meta-";
constexpr size_t kMaxMetaBytes = 8 << 10;

// Content headers that are kept: as the parser gives their names, and as OSS writes them.
constexpr std::array<std::pair<const char*, const char*>, 6> kContentHeaders = {{
    {"content-type", "Content-Type"},
    {"cache-control", "Cache-Control"},
    {"content-disposition", "Content-Disposition"},
    {"content-encoding", "Content-Encoding"},
    {"content-language", "Content-Language"},
    {"expires", "Expires"},
}};

bool IsOneOf(const std::string& value, std::initializer_list<const char*> values) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool IsMetaName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Failure ReadMeta(const Request& request, Attributes& attributes) {
  size_t bytes = 0;
  for (const auto& [name, value] : request.headers) {
    if (!name.starts_with(kMetaPrefix)) continue;
    if (!IsMetaName(std::string_view(name).substr(kMetaPrefix.size()))) {
      return InvalidArgument("Names of metadata consist of letters, digits and -.", name, value);
    }
    bytes += name.size() - kMetaPrefix.size() + value.size();
    attributes.headers[name] = value;
  }
  if (bytes > kMaxMetaBytes) {
    return InvalidArgument("The metadata exceeds 8 KB.", "x-oss-meta-*", std::to_string(bytes));
  }
  return std::nullopt;
}

Failure ReadTagging(const Request& request, Attributes& attributes) {
  const std::string* tagging = request.Header("x-oss-tagging");
  if (tagging == nullptr || tagging->empty()) return std::nullopt;
  EMULATOR_ASSIGN_OR_RETURN(attributes.tags, ParseTagHeader(*tagging));
  return std::nullopt;
}

Failure ReadEncryption(const Request& request, Attributes& attributes) {
  constexpr char kKeyId[] = "x-oss-server-side-encryption-key-id";
  constexpr char kDataEncryption[] = "x-oss-server-side-data-encryption";
  attributes.encryption = request.HeaderOr("x-oss-server-side-encryption", "");
  if (!attributes.encryption.empty() && !IsOneOf(attributes.encryption, {"AES256", "KMS", "SM4"})) {
    return OssError{400, "InvalidEncryptionAlgorithmError",
                    "The encryption algorithm must be AES256, KMS or SM4.", kUnknownEc};
  }
  attributes.encryption_key_id = request.HeaderOr(kKeyId, "");
  attributes.data_encryption = request.HeaderOr(kDataEncryption, "");
  for (const char* name : {kKeyId, kDataEncryption}) {
    if (attributes.encryption != "KMS" && request.Header(name) != nullptr) {
      return InvalidArgument("The header belongs to x-oss-server-side-encryption: KMS only.", name,
                             request.HeaderOr(name, ""));
    }
  }
  if (!attributes.data_encryption.empty() && attributes.data_encryption != "SM4") {
    return InvalidArgument("The data encryption must be SM4.", kDataEncryption,
                           attributes.data_encryption);
  }
  return std::nullopt;
}

}  // namespace

Result<Attributes> ReadAttributes(const Request& request) {
  Attributes attributes;
  for (const auto& [name, written] : kContentHeaders) {
    if (const std::string* value = request.Header(name)) attributes.headers[name] = *value;
  }
  EMULATOR_RETURN_IF_ERROR(ReadMeta(request, attributes));
  EMULATOR_RETURN_IF_ERROR(ReadTagging(request, attributes));
  EMULATOR_RETURN_IF_ERROR(ReadEncryption(request, attributes));
  attributes.storage_class = request.HeaderOr("x-oss-storage-class", "Standard");
  if (!IsOneOf(attributes.storage_class,
               {"Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"})) {
    return InvalidArgument("The storage class is not valid.", "x-oss-storage-class",
                           attributes.storage_class);
  }
  return attributes;
}

Result<bool> ReadForbidOverwrite(const Request& request) {
  const std::string value = request.HeaderOr("x-oss-forbid-overwrite", "false");
  if (IsOneOf(value, {"true", "false"})) return value == "true";
  return InvalidArgument("x-oss-forbid-overwrite must be true or false.", "x-oss-forbid-overwrite",
                         value);
}

Result<std::string> ReadAcl(const Request& request) {
  const std::string value = request.HeaderOr("x-oss-object-acl", "default");
  if (IsOneOf(value, {"default", "private", "public-read", "public-read-write"})) return value;
  return InvalidArgument("The ACL is not valid.", "x-oss-object-acl", value);
}

Result<bool> ReadUrlEncoding(const Request& request) {
  const std::string* type = request.Query("encoding-type");
  if (type == nullptr || type->empty()) return false;
  if (*type == "url") return true;
  return InvalidArgument("The only encoding-type is url.", "encoding-type", *type);
}

Result<std::optional<std::string>> ReadContentMd5(const Request& request) {
  const std::string* header = request.Header("content-md5");
  if (header == nullptr) return std::optional<std::string>();
  const std::optional<std::string> md5 = Base64Decode(*header);
  if (!md5 || md5->size() != 16) {
    OssError error = BadDigest();
    error.message = "The Content-MD5 you specified is not the base64 of 16 bytes.";
    return error;
  }
  return md5;
}

void AddObjectHeaders(const Object& object, Reply& reply) {
  const Attributes& attributes = object.attributes;
  if (!attributes.headers.contains("content-type")) {
    reply.headers.emplace_back("Content-Type", "application/octet-stream");
  }
  for (const auto& [name, written] : kContentHeaders) {
    const auto found = attributes.headers.find(name);
    if (found != attributes.headers.end()) reply.headers.emplace_back(written, found->second);
  }
  for (const auto& [name, value] : attributes.headers) {
    if (name.starts_with(kMetaPrefix)) reply.headers.emplace_back(name, value);
  }
  reply.headers.emplace_back("ETag", Quoted(object.etag));
  reply.headers.emplace_back("Last-Modified", HttpDate(object.modified));
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  reply.headers.emplace_back("x-oss-object-type", object.type);
  reply.headers.emplace_back("x-oss-storage-class", attributes.storage_class);
  if (object.crc64) {
    reply.headers.emplace_back("x-oss-hash-crc64ecma", std::to_string(*object.crc64));
  }
  if (!object.content_md5.empty()) reply.headers.emplace_back("Content-MD5", object.content_md5);
  AddEncryptionHeaders(attributes, reply);
  AddVersionHeader(object, reply);
  if (!attributes.tags.empty()) {
    reply.headers.emplace_back("x-oss-tagging-count", std::to_string(attributes.tags.size()));
  }
}

void AddEncryptionHeaders(const Attributes& attributes, Reply& reply) {
  if (attributes.encryption.empty()) return;
  reply.headers.emplace_back("x-oss-server-side-encryption", attributes.encryption);
  if (!attributes.encryption_key_id.empty()) {
    reply.headers.emplace_back("x-oss-server-side-encryption-key-id", attributes.encryption_key_id);
  }
  if (!attributes.data_encryption.empty()) {
    reply.headers.emplace_back("x-oss-server-side-data-encryption", attributes.data_encryption);
  }
}

void AddVersionHeader(const Object& object, Reply& reply) {
  if (!object.version_id.empty()) {
    reply.headers.emplace_back("x-oss-version-id", object.version_id);
  }
}

void AddStoredHeaders(const Object& object, Reply& reply) {
  reply.headers.emplace_back("ETag", Quoted(object.etag));
  if (object.crc64) {
    reply.headers.emplace_back("x-oss-hash-crc64ecma", std::to_string(*object.crc64));
  }
  AddEncryptionHeaders(object.attributes, reply);
  AddVersionHeader(object, reply);
}

void AddOwner(XmlWriter& xml) {
  constexpr char kOwner[] = "1000000000000001";
  xml.Open("Owner");
  xml.Add("ID", kOwner);
  xml.Add("DisplayName", kOwner);
  xml.Close();
}

void AddCommonPrefixes(const std::vector<std::string>& prefixes, bool url_encoded, XmlWriter& xml) {
  for (const std::string& prefix : prefixes) {
    xml.Open("CommonPrefixes");
    xml.Add("Prefix", Named(prefix, url_encoded));
    xml.Close();
  }
}

std::string AclXml(const std::string& acl) {
  XmlWriter xml("AccessControlPolicy");
  AddOwner(xml);
  xml.Open("AccessControlList");
  xml.Add("Grant", acl);
  xml.Close();
  return xml.Text();
}

Reply XmlReply(std::string xml) {
  Reply reply;
  reply.headers.emplace_back("Content-Type", "application/xml");
  reply.body = std::move(xml);
  return reply;
}

std::string Named(const std::string& name, bool url_encoded) {
  return url_encoded ? PercentEncode(name, false) : name;
}

std::string Quoted(const std::string& etag) { return "\"" + etag + "\""; }

}  // namespace penstock::emulator
