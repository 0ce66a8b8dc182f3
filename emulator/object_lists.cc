// ListObjects, ListObjectsV2 and ListObjectVersions.

#include "emulator/attributes.h"
#include "emulator/encoding.h"
#include "emulator/listing.h"
#include "emulator/operation.h"
#include "emulator/xml.h"

namespace penstock::emulator {
namespace {

constexpr int64_t kDefaultKeys = 100;

// Objects in the order of the list, and their names for SelectPage.
struct Listed {
  std::vector<ObjectPtr> objects;
  std::vector<ListedName> names;
};

std::string VersionId(const Object& object) {
  return object.version_id.empty() ? "null" : object.version_id;
}

Listed Name(std::vector<ObjectPtr> objects) {
  Listed listed;
  for (const ObjectPtr& stored : objects) {
    listed.names.push_back({stored->object.key, VersionId(stored->object)});
  }
  listed.objects = std::move(objects);
  return listed;
}

void AddContent(const Object& object, XmlWriter& xml) {
  xml.Add("LastModified", IsoSeconds(object.modified));
  xml.Add("ETag", Quoted(object.etag));
  xml.Add("Type", object.type);
  xml.Add("Size", object.size);
  xml.Add("StorageClass", object.attributes.storage_class);
}

void AddContents(const Listed& listed, const ListPage& page, bool url_encoded, bool owner,
                 XmlWriter& xml) {
  for (const size_t entry : page.entries) {
    const Object& object = listed.objects[entry]->object;
    xml.Open("Contents");
    xml.Add("Key", Named(object.key, url_encoded));
    AddContent(object, xml);
    if (owner) AddOwner(xml);
    xml.Close();
  }
  AddCommonPrefixes(page.prefixes, url_encoded, xml);
}

// Removes the versions up to the marker's: they are not in the order of their ids.
void SkipVersions(const ListedName& marker, Listed& listed) {
  size_t skip = 0;
  while (skip < listed.names.size()) {
    const ListedName& name = listed.names[skip];
    if (name.key > marker.key) break;
    ++skip;
    if (name.key == marker.key && name.id == marker.id) break;
  }
  listed.names.erase(listed.names.begin(), listed.names.begin() + static_cast<ptrdiff_t>(skip));
  listed.objects.erase(listed.objects.begin(),
                       listed.objects.begin() + static_cast<ptrdiff_t>(skip));
}

void AddVersion(const Object& object, bool latest, bool url_encoded, XmlWriter& xml) {
  xml.Open(object.delete_marker ? "DeleteMarker" : "Version");
  xml.Add("Key", Named(object.key, url_encoded));
  xml.Add("VersionId", VersionId(object));
  xml.Add("IsLatest", latest ? "true" : "false");
  if (object.delete_marker) {
    xml.Add("LastModified", IsoSeconds(object.modified));
  } else {
    AddContent(object, xml);
  }
  AddOwner(xml);
  xml.Close();
}

}  // namespace

Result<Reply> ListObjects(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(call.request));
  ListQuery query = ReadListQuery(call.request);
  query.key_marker = call.request.QueryOr("marker", "");
  EMULATOR_ASSIGN_OR_RETURN(query.max_entries,
                            ReadNumber(call.request, "max-keys", 1, kMaxPage, kDefaultKeys));
  const Listed listed = Name(call.bucket.Objects());
  const ListPage page = SelectPage(listed.names, query);
  XmlWriter xml("ListBucketResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  xml.Add("Name", call.bucket.name());
  xml.Add("Prefix", Named(query.prefix, url_encoded));
  xml.Add("Marker", Named(query.key_marker, url_encoded));
  xml.Add("MaxKeys", query.max_entries);
  xml.Add("Delimiter", Named(query.delimiter, url_encoded));
  xml.Add("IsTruncated", page.truncated ? "true" : "false");
  if (page.truncated) xml.Add("NextMarker", Named(page.next.key, url_encoded));
  AddContents(listed, page, url_encoded, true, xml);
  return XmlReply(xml.Text());
}

Result<Reply> ListObjectsV2(Call& call) {
  const Request& request = call.request;
  const std::string type = request.QueryOr("list-type", "");
  if (type != "2") return InvalidArgument("The only list-type is 2.", "list-type", type);
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(request));
  ListQuery query = ReadListQuery(request);
  EMULATOR_ASSIGN_OR_RETURN(query.max_entries,
                            ReadNumber(request, "max-keys", 1, kMaxPage, kDefaultKeys));
  const std::string start_after = request.QueryOr("start-after", "");
  const std::string token = request.QueryOr("continuation-token", "");
  query.key_marker = token.empty() ? start_after : HexDecode(token);
  if (!token.empty() && query.key_marker.empty()) {
    return InvalidArgument("The continuation token is not one of this list.", "continuation-token",
                           token);
  }
  const Listed listed = Name(call.bucket.Objects());
  const ListPage page = SelectPage(listed.names, query);
  XmlWriter xml("ListBucketResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  xml.Add("Name", call.bucket.name());
  xml.Add("Prefix", Named(query.prefix, url_encoded));
  if (!start_after.empty()) xml.Add("StartAfter", Named(start_after, url_encoded));
  xml.Add("MaxKeys", query.max_entries);
  xml.Add("Delimiter", Named(query.delimiter, url_encoded));
  xml.Add("IsTruncated", page.truncated ? "true" : "false");
  if (!token.empty()) xml.Add("ContinuationToken", token);
  // In hex, so that it is the same whether it is percent-encoded or not.
  if (page.truncated) xml.Add("NextContinuationToken", UpperHex(page.next.key));
  xml.Add("KeyCount", static_cast<int64_t>(page.count()));
  AddContents(listed, page, url_encoded, request.QueryOr("fetch-owner", "") == "true", xml);
  return XmlReply(xml.Text());
}

Result<Reply> ListObjectVersions(Call& call) {
  const Request& request = call.request;
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(request));
  ListQuery query = ReadListQuery(request);
  EMULATOR_ASSIGN_OR_RETURN(query.max_entries,
                            ReadNumber(request, "max-keys", 1, kMaxPage, kDefaultKeys));
  const ListedName marker{request.QueryOr("key-marker", ""),
                          request.QueryOr("version-id-marker", "")};
  if (marker.key.empty() && !marker.id.empty()) {
    return InvalidArgument("A version-id-marker needs a key-marker.", "version-id-marker",
                           marker.id);
  }
  Listed listed = Name(call.bucket.Versions());
  query.key_marker = marker.id.empty() ? marker.key : "";
  if (!marker.id.empty()) SkipVersions(marker, listed);
  const ListPage page = SelectPage(listed.names, query);
  XmlWriter xml("ListVersionsResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  xml.Add("Name", call.bucket.name());
  xml.Add("Prefix", Named(query.prefix, url_encoded));
  xml.Add("KeyMarker", Named(marker.key, url_encoded));
  xml.Add("VersionIdMarker", marker.id);
  xml.Add("MaxKeys", query.max_entries);
  xml.Add("Delimiter", Named(query.delimiter, url_encoded));
  xml.Add("IsTruncated", page.truncated ? "true" : "false");
  if (page.truncated) {
    xml.Add("NextKeyMarker", Named(page.next.key, url_encoded));
    xml.Add("NextVersionIdMarker", page.next.id);
  }
  for (const size_t entry : page.entries) {
    const ObjectPtr& stored = listed.objects[entry];
    AddVersion(stored->object, call.bucket.IsCurrent(stored), url_encoded, xml);
  }
  AddCommonPrefixes(page.prefixes, url_encoded, xml);
  return XmlReply(xml.Text());
}

}  // namespace penstock::emulator
