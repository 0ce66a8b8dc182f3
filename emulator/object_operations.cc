// PutObject, GetObject, HeadObject and GetObjectMeta.

#include <algorithm>

#include "emulator/attributes.h"
#include "emulator/callback.h"
#include "emulator/conditions.h"
#include "emulator/encoding.h"
#include "emulator/multipart.h"
#include "emulator/operation.h"

namespace penstock::emulator {
namespace {

constexpr char kPutFileExists[] = "0026-00000106";

// The response headers that GetObject lets its query replace.
constexpr std::pair<const char*, const char*> kOverrides[] = {
    {"response-content-type", "content-type"},
    {"response-content-language", "content-language"},
    {"response-expires", "expires"},
    {"response-cache-control", "cache-control"},
    {"response-content-disposition", "content-disposition"},
    {"response-content-encoding", "content-encoding"}};

Failure ApplyOverrides(const Request& request, Object& object) {
  for (const auto& [parameter, header] : kOverrides) {
    const std::string* value = request.Query(parameter);
    if (value == nullptr) continue;
    if (std::any_of(value->begin(), value->end(), [](unsigned char c) { return c < ' '; })) {
      return InvalidArgument("A header must not hold control characters.", parameter, *value);
    }
    object.attributes.headers[header] = *value;
  }
  return std::nullopt;
}

Result<ObjectPtr> Find(const Call& call) {
  return call.bucket.FindObject(call.request.key, call.request.Query("versionId"));
}

void AddAppendPosition(const Object& object, Reply& reply) {
  if (object.type != "Appendable") return;
  reply.headers.emplace_back("x-oss-next-append-position", std::to_string(object.size));
}

}  // namespace

Result<Reply> PutObject(Call& call) {
  const Request& request = call.request;
  if (!call.body.length() && !call.body.chunked()) return MissingContentLength();
  EMULATOR_ASSIGN_OR_RETURN(const bool forbid, ReadForbidOverwrite(request));
  EMULATOR_ASSIGN_OR_RETURN(const std::optional<Callback> callback, ReadCallback(request));
  Object object;
  object.key = request.key;
  object.type = "Normal";
  EMULATOR_ASSIGN_OR_RETURN(object.attributes, ReadAttributes(request));
  EMULATOR_ASSIGN_OR_RETURN(object.acl, ReadAcl(request));
  EMULATOR_RETURN_IF_ERROR(call.bucket.CheckOverwrite(request.key, forbid, kPutFileExists));
  const OssError too_large = InvalidArgument("The size of the object exceeds 5 GB.",
                                             "Content-Length", std::to_string(kMaxPartBytes));
  EMULATOR_ASSIGN_OR_RETURN(const Blob blob, ReceiveChecked(call, kMaxPartBytes, too_large));
  object.etag = ETagOf(call, blob);
  if (call.options.md5) object.content_md5 = Base64(*blob.md5);
  object.size = blob.size;
  object.crc64 = blob.crc64;
  object.modified = call.now;
  object.pieces = {{blob.id, blob.size}};
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored,
                            call.bucket.PutObject(std::move(object), forbid, kPutFileExists));
  Reply reply;
  reply.effect = "stored an object of " + std::to_string(blob.size) + " bytes";
  AddStoredHeaders(stored->object, reply);
  if (call.options.md5) reply.headers.emplace_back("Content-MD5", stored->object.content_md5);
  return AnswerCallback(callback, call, stored->object, std::move(reply));
}

Result<Reply> GetObject(Call& call) {
  const Request& request = call.request;
  const std::string behavior = request.HeaderOr("x-oss-range-behavior", "");
  if (!behavior.empty() && behavior != "standard") {
    return NotImplemented("x-oss-range-behavior: " + behavior);
  }
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored, Find(call));
  Object object = stored->object;
  EMULATOR_RETURN_IF_ERROR(CheckConditions(request, object));
  EMULATOR_RETURN_IF_ERROR(CheckRestored(object));
  EMULATOR_ASSIGN_OR_RETURN(
      const ByteRange range,
      ResolveRange(request.Header("range"), behavior == "standard", object.size));
  EMULATOR_RETURN_IF_ERROR(ApplyOverrides(request, object));
  Reply reply;
  AddObjectHeaders(object, reply);
  if (range.partial) {
    reply.status = 206;
    reply.headers.emplace_back("Content-Range", ContentRange(range, object.size));
  }
  reply.object = stored;
  reply.offset = range.first;
  reply.size = range.size;
  return reply;
}

Result<Reply> HeadObject(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored, Find(call));
  EMULATOR_RETURN_IF_ERROR(CheckConditions(call.request, stored->object));
  Reply reply;
  AddObjectHeaders(stored->object, reply);
  AddAppendPosition(stored->object, reply);
  reply.object = stored;
  reply.size = stored->object.size;
  return reply;
}

Result<Reply> GetObjectMeta(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored, Find(call));
  Reply reply;
  reply.headers.emplace_back("ETag", Quoted(stored->object.etag));
  reply.headers.emplace_back("Last-Modified", HttpDate(stored->object.modified));
  if (stored->object.crc64) {
    reply.headers.emplace_back("x-oss-hash-crc64ecma", std::to_string(*stored->object.crc64));
  }
  AddVersionHeader(stored->object, reply);
  reply.object = stored;
  reply.size = stored->object.size;
  return reply;
}

}  // namespace penstock::emulator
