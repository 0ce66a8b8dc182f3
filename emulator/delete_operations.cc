// DeleteObject and DeleteMultipleObjects.

#include <cstring>
#include <pugixml.hpp>

#include "emulator/attributes.h"
#include "emulator/operation.h"
#include "emulator/xml.h"

namespace penstock::emulator {
namespace {

constexpr size_t kMaxKeys = 1000;
constexpr size_t kMaxBodyBytes = 2 << 20;

struct Target {
  std::string key;
  std::optional<std::string> version;
};

struct DeleteRequest {
  bool quiet = false;
  std::vector<Target> targets;
};

Result<DeleteRequest> ParseDelete(const std::string& body) {
  pugi::xml_document document;
  EMULATOR_RETURN_IF_ERROR(ParseXml(body, "Delete", document));
  const pugi::xml_node root = document.document_element();
  DeleteRequest parsed;
  parsed.quiet = std::strcmp(root.child("Quiet").text().get(), "true") == 0;
  for (const pugi::xml_node object : root.children("Object")) {
    Target target;
    target.key = object.child("Key").text().get();
    if (object.child("VersionId")) target.version = object.child("VersionId").text().get();
    EMULATOR_RETURN_IF_ERROR(CheckKey(target.key));
    if (target.key.empty()) return MalformedXml("An Object has one Key.");
    if (!IsXmlText(target.key)) {
      return MalformedXml("A Key has a character that XML 1.0 excludes.");
    }
    parsed.targets.push_back(std::move(target));
  }
  if (parsed.targets.empty() || parsed.targets.size() > kMaxKeys) {
    return MalformedXml("A Delete lists 1 to 1000 objects.");
  }
  return parsed;
}

void AddDeleted(const Target& target, const Deletion& deletion, bool url_encoded, XmlWriter& xml) {
  xml.Open("Deleted");
  xml.Add("Key", Named(target.key, url_encoded));
  if (target.version) xml.Add("VersionId", *target.version);
  if (deletion.delete_marker) {
    xml.Add("DeleteMarker", "true");
    xml.Add("DeleteMarkerVersionId", deletion.version_id);
  }
  xml.Close();
}

}  // namespace

Result<Reply> DeleteObject(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(
      const Deletion deletion,
      call.bucket.DeleteObject(call.request.key, call.request.Query("versionId"), call.now));
  Reply reply;
  reply.status = 204;
  if (deletion.delete_marker) reply.headers.emplace_back("x-oss-delete-marker", "true");
  if (!deletion.version_id.empty()) {
    reply.headers.emplace_back("x-oss-version-id", deletion.version_id);
  }
  if (deletion.changed) reply.effect = "deleted the object";
  return reply;
}

Result<Reply> DeleteMultipleObjects(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(call.request));
  if (!call.body.length()) return MissingContentLength();
  if (call.request.Header("content-md5") == nullptr) return MissingArgument("Content-MD5");
  EMULATOR_ASSIGN_OR_RETURN(const std::string body, ReadCheckedBody(call, kMaxBodyBytes));
  EMULATOR_ASSIGN_OR_RETURN(const DeleteRequest wanted, ParseDelete(body));
  XmlWriter xml("DeleteResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  int changed = 0;
  for (const Target& target : wanted.targets) {
    EMULATOR_ASSIGN_OR_RETURN(
        const Deletion deletion,
        call.bucket.DeleteObject(target.key, target.version ? &*target.version : nullptr,
                                 call.now));
    if (deletion.changed) ++changed;
    AddDeleted(target, deletion, url_encoded, xml);
  }
  Reply reply = wanted.quiet ? Reply() : XmlReply(xml.Text());
  if (changed > 0) reply.effect = "deleted " + std::to_string(changed) + " objects";
  return reply;
}

}  // namespace penstock::emulator
