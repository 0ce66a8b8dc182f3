// ListParts and ListMultipartUploads.

#include <algorithm>
#include <limits>

#include "emulator/attributes.h"
#include "emulator/encoding.h"
#include "emulator/operation.h"
#include "emulator/xml.h"

namespace penstock::emulator {
namespace {

constexpr int64_t kMaxPage = 1000;
constexpr char kListPartsNoSuchUpload[] = "0042-00000102";

Result<int64_t> ReadNumber(const Request& request, const char* name, int64_t min, int64_t max,
                           int64_t fallback) {
  const std::string* text = request.Query(name);
  if (text == nullptr || text->empty()) return fallback;
  const auto number = ParseNumber(*text, max);
  if (number && *number >= min) return *number;
  return InvalidArgument(std::string(name) + " must be an integer of " + std::to_string(min) +
                             " to " + std::to_string(max) + ".",
                         name, *text);
}

std::string QueryOr(const Request& request, const char* name) {
  const std::string* value = request.Query(name);
  return value == nullptr ? std::string() : *value;
}

Reply XmlReply(const XmlWriter& xml) {
  Reply reply;
  reply.headers.emplace_back("Content-Type", "application/xml");
  reply.body = xml.Text();
  return reply;
}

void AddPart(const Part& part, XmlWriter& xml) {
  xml.Open("Part");
  xml.Add("PartNumber", part.number);
  xml.Add("LastModified", IsoMillis(part.modified));
  xml.Add("ETag", Quoted(part.etag));
  if (part.crc64) xml.Add("HashCrc64ecma", std::to_string(*part.crc64));
  xml.Add("Size", part.size);
  xml.Close();
}

// What ListMultipartUploads was asked for.
struct UploadQuery {
  std::string prefix;
  std::string delimiter;
  std::string key_marker;
  std::string id_marker;
  int64_t max_uploads = kMaxPage;
};

// A page of it: uploads and common prefixes in one order, and where the next page begins.
struct UploadPage {
  std::vector<Upload> uploads;
  std::vector<std::string> prefixes;
  bool truncated = false;
  std::string next_key;
  std::string next_id;
};

bool IsPast(const Upload& upload, const UploadQuery& query) {
  if (query.key_marker.empty()) return true;  // an id-marker alone is ignored
  // A common prefix as marker: everything below it has been listed.
  if (!query.delimiter.empty() && query.key_marker.ends_with(query.delimiter) &&
      query.id_marker.empty() && upload.key.starts_with(query.key_marker)) {
    return false;
  }
  return upload.key > query.key_marker || (upload.key == query.key_marker &&
                                           !query.id_marker.empty() && upload.id > query.id_marker);
}

// The common prefix that `key` falls into; empty when it is listed by itself.
std::string CommonPrefix(const std::string& key, const UploadQuery& query) {
  if (query.delimiter.empty()) return std::string();
  const size_t found = key.find(query.delimiter, query.prefix.size());
  return found == std::string::npos ? "" : key.substr(0, found + query.delimiter.size());
}

UploadPage SelectUploads(const std::vector<Upload>& all, const UploadQuery& query) {
  UploadPage page;
  for (const Upload& upload : all) {
    if (!upload.key.starts_with(query.prefix) || !IsPast(upload, query)) continue;
    const std::string common = CommonPrefix(upload.key, query);
    if (!common.empty() && !page.prefixes.empty() && page.prefixes.back() == common) continue;
    if (page.uploads.size() + page.prefixes.size() == static_cast<size_t>(query.max_uploads)) {
      page.truncated = true;
      return page;
    }
    if (common.empty()) page.uploads.push_back(upload);
    if (!common.empty()) page.prefixes.push_back(common);
    page.next_key = common.empty() ? upload.key : common;
    page.next_id = common.empty() ? upload.id : "";
  }
  return page;
}

Result<UploadQuery> ReadUploadQuery(const Request& request) {
  UploadQuery query;
  query.prefix = QueryOr(request, "prefix");
  query.delimiter = QueryOr(request, "delimiter");
  query.key_marker = QueryOr(request, "key-marker");
  query.id_marker = QueryOr(request, "upload-id-marker");
  EMULATOR_ASSIGN_OR_RETURN(query.max_uploads,
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
  xml.Add("Key", url_encoded ? PercentEncode(request.key, false) : request.key);
  xml.Add("UploadId", upload.id);
  xml.Add("StorageClass", upload.attributes.storage_class);
  xml.Add("PartNumberMarker", marker);
  xml.Add("NextPartNumberMarker", first == end ? 0 : std::prev(end)->first);
  xml.Add("MaxParts", max_parts);
  xml.Add("IsTruncated", end == upload.parts.end() ? "false" : "true");
  for (auto part = first; part != end; ++part) AddPart(part->second, xml);
  return XmlReply(xml);
}

Result<Reply> ListMultipartUploads(Call& call) {
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(call.request));
  EMULATOR_ASSIGN_OR_RETURN(const UploadQuery query, ReadUploadQuery(call.request));
  const UploadPage page = SelectUploads(call.bucket.Uploads(), query);
  const auto named = [&](const std::string& name) {
    return url_encoded ? PercentEncode(name, false) : name;
  };
  XmlWriter xml("ListMultipartUploadsResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  xml.Add("Bucket", call.bucket.name());
  xml.Add("KeyMarker", named(query.key_marker));
  xml.Add("UploadIdMarker", query.id_marker);
  xml.Add("NextKeyMarker", named(page.next_key));
  xml.Add("NextUploadIdMarker", page.next_id);
  xml.Add("Delimiter", named(query.delimiter));
  xml.Add("Prefix", named(query.prefix));
  xml.Add("MaxUploads", query.max_uploads);
  xml.Add("IsTruncated", page.truncated ? "true" : "false");
  for (const Upload& upload : page.uploads) {
    xml.Open("Upload");
    xml.Add("Key", named(upload.key));
    xml.Add("UploadId", upload.id);
    xml.Add("Initiated", IsoMillis(upload.initiated));
    xml.Close();
  }
  for (const std::string& prefix : page.prefixes) {
    xml.Open("CommonPrefixes");
    xml.Add("Prefix", named(prefix));
    xml.Close();
  }
  return XmlReply(xml);
}

}  // namespace penstock::emulator
