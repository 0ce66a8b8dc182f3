// ListParts and ListMultipartUploads.

#include <limits>

#include "emulator/attributes.h"
#include "emulator/encoding.h"
#include "emulator/listing.h"
#include "emulator/operation.h"
#include "emulator/xml.h"

namespace penstock::emulator {
namespace {

constexpr char kListPartsNoSuchUpload[] = "0042-00000102";

void AddPart(const Part& part, XmlWriter& xml) {
  xml.Open("Part");
  xml.Add("PartNumber", part.number);
  xml.Add("LastModified", IsoSeconds(part.modified));
  xml.Add("ETag", Quoted(part.etag));
  if (part.crc64) xml.Add("HashCrc64ecma", std::to_string(*part.crc64));
  xml.Add("Size", part.size);
  xml.Close();
}

Result<ListQuery> ReadUploadQuery(const Request& request) {
  ListQuery query = ReadListQuery(request);
  query.key_marker = request.QueryOr("key-marker", "");
  query.id_marker = request.QueryOr("upload-id-marker", "");
  EMULATOR_ASSIGN_OR_RETURN(query.max_entries,
                            ReadNumber(request, "max-uploads", 1, kMaxPage, kMaxPage));
  return query;
}

}  // namespace

Result<Reply> ListParts(Call& call) {
  const Request& request = call.request;
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(request));
  EMULATOR_ASSIGN_OR_RETURN(const int64_t max_parts,
                            ReadNumber(request, "max-parts", 1, kMaxPage, kMaxPage));
  EMULATOR_ASSIGN_OR_RETURN(const int64_t marker, ReadNumber(request, "part-number-marker", 0,
                                                             std::numeric_limits<int>::max(), 0));
  EMULATOR_ASSIGN_OR_RETURN(
      const Upload upload,
      call.bucket.FindUpload(request.key, *request.Query("uploadId"), kListPartsNoSuchUpload));
  const auto first = upload.parts.upper_bound(static_cast<int>(marker));
  auto end = first;
  for (int64_t i = 0; i < max_parts && end != upload.parts.end(); ++i) ++end;
  XmlWriter xml("ListPartsResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  xml.Add("Bucket", call.bucket.name());
  xml.Add("Key", Named(request.key, url_encoded));
  xml.Add("UploadId", upload.id);
  xml.Add("StorageClass", upload.attributes.storage_class);
  xml.Add("PartNumberMarker", marker);
  xml.Add("NextPartNumberMarker", first == end ? 0 : std::prev(end)->first);
  xml.Add("MaxParts", max_parts);
  xml.Add("IsTruncated", end == upload.parts.end() ? "false" : "true");
  for (auto part = first; part != end; ++part) AddPart(part->second, xml);
  return XmlReply(xml.Text());
}

Result<Reply> ListMultipartUploads(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(call.request));
  EMULATOR_ASSIGN_OR_RETURN(const ListQuery query, ReadUploadQuery(call.request));
  const std::vector<Upload> uploads = call.bucket.Uploads();
  std::vector<ListedName> names;
  for (const Upload& upload : uploads) names.push_back({upload.key, upload.id});
  const ListPage page = SelectPage(names, query);
  XmlWriter xml("ListMultipartUploadsResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  xml.Add("Bucket", call.bucket.name());
  xml.Add("KeyMarker", Named(query.key_marker, url_encoded));
  xml.Add("UploadIdMarker", query.id_marker);
  xml.Add("NextKeyMarker", Named(page.next.key, url_encoded));
  xml.Add("NextUploadIdMarker", page.next.id);
  xml.Add("Delimiter", Named(query.delimiter, url_encoded));
  xml.Add("Prefix", Named(query.prefix, url_encoded));
  xml.Add("MaxUploads", query.max_entries);
  xml.Add("IsTruncated", page.truncated ? "true" : "false");
  for (const size_t entry : page.entries) {
    xml.Open("Upload");
    xml.Add("Key", Named(uploads[entry].key, url_encoded));
    xml.Add("UploadId", uploads[entry].id);
    xml.Add("Initiated", IsoSeconds(uploads[entry].initiated));
    xml.Close();
  }
  AddCommonPrefixes(page.prefixes, url_encoded, xml);
  return XmlReply(xml.Text());
}

}  // namespace penstock::emulator
