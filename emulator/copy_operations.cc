// CopyObject and UploadPartCopy.

#include "emulator/attributes.h"
#include "emulator/conditions.h"
#include "emulator/encoding.h"
#include "emulator/multipart.h"
#include "emulator/operation.h"
#include "emulator/stored_body.h"
#include "emulator/xml.h"

namespace penstock::emulator {
namespace {

constexpr char kSourceHeader[] = "x-oss-copy-source";
constexpr char kCopyFileExists[] = "0026-00000106";
constexpr char kUploadPartCopyNoSuchUpload[] = "0017-00000244";

constexpr std::pair<const char*, const char*> kConditions[] = {
    {"x-oss-copy-source-if-match", "if-match"},
    {"x-oss-copy-source-if-none-match", "if-none-match"},
    {"x-oss-copy-source-if-modified-since", "if-modified-since"},
    {"x-oss-copy-source-if-unmodified-since", "if-unmodified-since"}};

struct Source {
  std::string bucket;
  std::string key;
  std::optional<std::string> version;
};

// /bucket/key[?versionId=...], percent-encoded.
Result<Source> ParseSource(const Request& request) {
  const std::string text = request.HeaderOr(kSourceHeader, "");
  const OssError invalid =
      InvalidArgument("x-oss-copy-source is not /bucket/key[?versionId=...], percent-encoded.",
                      kSourceHeader, text);
  const size_t mark = text.find('?');
  const auto path = PercentDecode(text.substr(0, mark), false);
  const size_t slash = path && path->starts_with('/') ? path->find('/', 1) : std::string::npos;
  if (slash == std::string::npos || slash + 1 == path->size()) return invalid;
  Source source{path->substr(1, slash - 1), path->substr(slash + 1), std::nullopt};
  if (mark != std::string::npos) {
    constexpr std::string_view kVersion = "versionId=";
    const std::string query = text.substr(mark + 1);
    if (!query.starts_with(kVersion)) return invalid;
    source.version = query.substr(kVersion.size());
  }
  EMULATOR_RETURN_IF_ERROR(CheckKey(source.key));
  return source;
}

// The object that x-oss-copy-source names and that x-oss-copy-source-if-* allow, if it can be read.
Result<ObjectPtr> FindSource(const Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const Source source, ParseSource(call.request));
  const auto bucket = call.buckets.find(source.bucket);
  if (bucket == call.buckets.end()) return NoSuchBucket(source.bucket);
  EMULATOR_ASSIGN_OR_RETURN(
      const ObjectPtr found,
      bucket->second->FindObject(source.key, source.version ? &*source.version : nullptr));
  Request conditions;
  for (const auto& [name, condition] : kConditions) {
    if (const std::string* value = call.request.Header(name)) {
      conditions.headers[condition] = *value;
    }
  }
  EMULATOR_RETURN_IF_ERROR(CheckConditions(conditions, found->object));
  EMULATOR_RETURN_IF_ERROR(CheckRestored(found->object));
  return found;
}

void AddSourceVersion(const Object& source, Reply& reply) {
  if (source.version_id.empty()) return;
  reply.headers.emplace_back("x-oss-copy-source-version-id", source.version_id);
}

Result<bool> ReadReplace(const Request& request, const char* name, const char* copy,
                         const char* replace) {
  const std::string value = request.HeaderOr(name, copy);
  if (AsciiLower(value) == AsciiLower(copy)) return false;
  if (AsciiLower(value) == AsciiLower(replace)) return true;
  return InvalidArgument("The directive is neither to copy nor to replace.", name, value);
}

// What the copy takes from the request, and what from the source.
Result<Attributes> CopyAttributes(const Request& request, const Object& source) {
  EMULATOR_ASSIGN_OR_RETURN(const bool replace_metadata,
                            ReadReplace(request, "x-oss-metadata-directive", "COPY", "REPLACE"));
  EMULATOR_ASSIGN_OR_RETURN(const bool replace_tags,
                            ReadReplace(request, "x-oss-tagging-directive", "Copy", "Replace"));
  EMULATOR_ASSIGN_OR_RETURN(Attributes attributes, ReadAttributes(request));
  if (!replace_metadata) attributes.headers = source.attributes.headers;
  if (!replace_tags) attributes.tags = source.attributes.tags;
  return attributes;
}

// The object that the copy becomes, but for its blobs, attributes, ACL and time.
Object CopyOf(const Object& source, const std::string& key) {
  Object object;
  object.key = key;
  object.type = "Normal";
  object.size = source.size;
  object.crc64 = source.crc64;
  object.content_md5 = source.content_md5;
  // Of an object in parts the ETag is an id: so it is of its copy.
  object.etag = source.type == "Normal" ? source.etag : RandomUpperHex(16);
  return object;
}

Reply CopyReply(const char* root, absl::Time modified, const std::string& etag) {
  XmlWriter xml(root);
  xml.Add("LastModified", IsoSeconds(modified));
  xml.Add("ETag", Quoted(etag));
  return XmlReply(xml.Text());
}

// The bytes of `range` as a part. It has no CRC-64, as parts that OSS copies may have none: a
// client that needs one must notice.
Result<Part> CopyPart(const Call& call, const StoredObject& source, const ByteRange& range,
                      int number) {
  if (range.size > kMaxPartBytes) return EntityTooLarge("The part");
  StoredBody body(source, range.first, range.size);
  EMULATOR_ASSIGN_OR_RETURN(
      const Blob blob, call.bucket.blobs().Receive(body, kMaxPartBytes, EntityTooLarge("The part"),
                                                   {call.options.md5, false}));
  Part part;
  part.number = number;
  part.blob = blob.id;
  part.size = blob.size;
  part.etag = ETagOf(call, blob);
  part.modified = call.now;
  return part;
}

}  // namespace

Result<Reply> CopyObject(Call& call) {
  const Request& request = call.request;
  EMULATOR_ASSIGN_OR_RETURN(const bool forbid, ReadForbidOverwrite(request));
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr source, FindSource(call));
  if (source->object.size > call.options.max_copy_bytes)
    return EntityTooLarge("The source of the copy");
  Object object = CopyOf(source->object, request.key);
  EMULATOR_ASSIGN_OR_RETURN(object.attributes, CopyAttributes(request, source->object));
  EMULATOR_ASSIGN_OR_RETURN(object.acl, ReadAcl(request));
  EMULATOR_RETURN_IF_ERROR(call.bucket.CheckOverwrite(request.key, forbid, kCopyFileExists));
  object.modified = call.now;
  for (const Piece& piece : source->object.pieces) {
    EMULATOR_ASSIGN_OR_RETURN(const std::string blob,
                              call.bucket.blobs().Link(source->content->blobs->Path(piece.blob)));
    object.pieces.push_back({blob, piece.size});
  }
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored,
                            call.bucket.PutObject(std::move(object), forbid, kCopyFileExists));
  Reply reply = CopyReply("CopyObjectResult", call.now, stored->object.etag);
  AddStoredHeaders(stored->object, reply);
  AddSourceVersion(source->object, reply);
  reply.effect = "copied an object of " + std::to_string(stored->object.size) + " bytes";
  return reply;
}

Result<Reply> UploadPartCopy(Call& call) {
  const Request& request = call.request;
  EMULATOR_ASSIGN_OR_RETURN(const int number, ReadPartNumber(request));
  const std::string id = request.QueryOr("uploadId", "");
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr source, FindSource(call));
  EMULATOR_ASSIGN_OR_RETURN(
      const ByteRange range,
      ResolveRange(request.Header("x-oss-copy-source-range"), false, source->object.size));
  EMULATOR_RETURN_IF_ERROR(call.bucket.BeginPart(request.key, id, kUploadPartCopyNoSuchUpload));
  const Result<Part> part = CopyPart(call, *source, range, number);
  Failure failure = call.bucket.FinishPart(request.key, id, kUploadPartCopyNoSuchUpload,
                                           part.ok() ? std::optional(part.value()) : std::nullopt);
  if (!part.ok()) return part.error();
  if (failure) return *std::move(failure);
  Reply reply = CopyReply("CopyPartResult", call.now, part.value().etag);
  reply.headers.emplace_back("ETag", Quoted(part.value().etag));
  // Not where the range made no sense and the whole object was copied.
  if (range.partial) {
    reply.headers.emplace_back("Content-Range", ContentRange(range, source->object.size));
  }
  AddSourceVersion(source->object, reply);
  reply.effect = "copied part " + std::to_string(number) + " of " +
                 std::to_string(part.value().size) + " bytes";
  return reply;
}

}  // namespace penstock::emulator
