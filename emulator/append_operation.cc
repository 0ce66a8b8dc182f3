// AppendObject.

#include "emulator/attributes.h"
#include "emulator/encoding.h"
#include "emulator/listing.h"
#include "emulator/multipart.h"
#include "emulator/operation.h"

namespace penstock::emulator {
namespace {

Reply AppendReply(const Object& object) {
  Reply reply;
  AddStoredHeaders(object, reply);
  reply.headers.emplace_back("x-oss-next-append-position", std::to_string(object.size));
  reply.effect = "appended to an object, now of " + std::to_string(object.size) + " bytes";
  return reply;
}

}  // namespace

Result<Reply> AppendObject(Call& call) {
  const Request& request = call.request;
  if (call.bucket.options().versioning) return NotImplemented("AppendObject with versioning");
  if (!call.body.length() && !call.body.chunked()) return MissingContentLength();
  EMULATOR_ASSIGN_OR_RETURN(const int64_t position,
                            ReadNumber(request, "position", 0, kMaxPartBytes, -1));
  if (position < 0) return MissingArgument("position");
  Object tail;
  tail.key = request.key;
  tail.type = "Appendable";
  EMULATOR_ASSIGN_OR_RETURN(tail.attributes, ReadAttributes(request));
  EMULATOR_ASSIGN_OR_RETURN(tail.acl, ReadAcl(request));
  EMULATOR_ASSIGN_OR_RETURN(const Blob blob, ReceiveChecked(call, kMaxPartBytes - position,
                                                            EntityTooLarge("The object")));
  tail.size = blob.size;
  tail.crc64 = blob.crc64;
  tail.etag = RandomUpperHex(16);
  tail.modified = call.now;
  tail.pieces = {{blob.id, blob.size}};
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored,
                            call.bucket.AppendObject(std::move(tail), position));
  return AppendReply(stored->object);
}

}  // namespace penstock::emulator
