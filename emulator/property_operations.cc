// Tags and ACLs of objects: PutObjectTagging, GetObjectTagging, DeleteObjectTagging, PutObjectAcl
// and GetObjectAcl.

#include "emulator/attributes.h"
#include "emulator/operation.h"
#include "emulator/tags.h"

namespace penstock::emulator {
namespace {

constexpr size_t kMaxTaggingBytes = 64 << 10;

Result<Reply> Change(Call& call, const std::string& effect,
                     const std::function<void(Object&)>& change) {
  EMULATOR_ASSIGN_OR_RETURN(
      const ObjectPtr stored,
      call.bucket.ChangeObject(call.request.key, call.request.Query("versionId"), change));
  Reply reply;
  AddVersionHeader(stored->object, reply);
  reply.effect = effect;
  return reply;
}

Result<ObjectPtr> Find(const Call& call) {
  return call.bucket.FindObject(call.request.key, call.request.Query("versionId"));
}

}  // namespace

Result<Reply> PutObjectTagging(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const std::string body, ReadCheckedBody(call, kMaxTaggingBytes));
  EMULATOR_ASSIGN_OR_RETURN(const std::vector<Tag> tags, ParseTagging(body));
  return Change(call, "changed the tags", [&](Object& object) { object.attributes.tags = tags; });
}

Result<Reply> GetObjectTagging(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored, Find(call));
  Reply reply = XmlReply(TaggingXml(stored->object.attributes.tags));
  AddVersionHeader(stored->object, reply);
  return reply;
}

Result<Reply> DeleteObjectTagging(Call& call) {
  Result<Reply> reply =
      Change(call, "removed the tags", [](Object& object) { object.attributes.tags.clear(); });
  if (reply.ok()) reply.value().status = 204;
  return reply;
}

Result<Reply> PutObjectAcl(Call& call) {
  if (call.request.Header("x-oss-object-acl") == nullptr) {
    return MissingArgument("x-oss-object-acl");
  }
  EMULATOR_ASSIGN_OR_RETURN(const std::string acl, ReadAcl(call.request));
  return Change(call, "changed the ACL", [&](Object& object) { object.acl = acl; });
}

Result<Reply> GetObjectAcl(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const ObjectPtr stored, Find(call));
  Reply reply = XmlReply(AclXml(stored->object.acl));
  AddVersionHeader(stored->object, reply);
  return reply;
}

}  // namespace penstock::emulator
