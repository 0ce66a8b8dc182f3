#include "plugin/oss/replies.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "plugin/object_rules.h"
#include "plugin/oss/metadata_encoding.h"
#include "plugin/oss/reply_xml.h"

namespace penstock::oss {
namespace {

constexpr char kMetadataPrefix[] = "x-oss-meta-";

absl::StatusOr<ListedPart> ParsePart(const pugi::xml_node& node) {
  ListedPart part;
  if (!absl::SimpleAtoi(ChildText(node, "PartNumber"), &part.number) ||
      !absl::SimpleAtoi(ChildText(node, "Size"), &part.size)) {
    return BadReply("a part of its list has no number or size");
  }
  part.etag = Unquoted(ChildText(node, "ETag"));
  if (uint64_t crc64 = 0; absl::SimpleAtoi(ChildText(node, "HashCrc64ecma"), &crc64)) {
    part.crc64 = crc64;
  }
  return part;
}

}  // namespace

bool ParseErrorBody(const std::string& xml, OssError& error) {
  pugi::xml_document document;
  const absl::StatusOr<pugi::xml_node> root = ReplyRoot(document, xml, "Error");
  if (!root.ok()) return false;
  error.code = ChildText(*root, "Code");
  error.message = ChildText(*root, "Message");
  error.ec = ChildText(*root, "EC");
  error.request_id = ChildText(*root, "RequestId");
  error.part_number = ChildText(*root, "PartNumber");
  error.endpoint = ChildText(*root, "Endpoint");
  std::string ignored;
  if (!absl::ParseTime(absl::RFC3339_full, ChildText(*root, "ServerTime"), &error.server_time,
                       &ignored)) {
    error.server_time = absl::InfinitePast();
  }
  return true;
}

absl::StatusOr<std::string> ParseInitiateReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root,
                            ReplyRoot(document, xml, "InitiateMultipartUploadResult"));
  std::string upload_id = ChildText(root, "UploadId");
  if (upload_id.empty()) return BadReply("its XML has no upload id");
  return upload_id;
}

absl::StatusOr<std::string> ParseCompleteReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root,
                            ReplyRoot(document, xml, "CompleteMultipartUploadResult"));
  std::string etag = Unquoted(ChildText(root, "ETag"));
  if (etag.empty()) return BadReply("its XML has no ETag");
  return etag;
}

absl::StatusOr<PartsPage> ParsePartsReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root, ReplyRoot(document, xml, "ListPartsResult"));
  PartsPage page;
  for (const pugi::xml_node& node : root.children("Part")) {
    PENSTOCK_ASSIGN_OR_RETURN(ListedPart part, ParsePart(node));
    page.parts.push_back(std::move(part));
  }
  if (!IsTruncated(root)) return page;
  page.next_marker = ChildText(root, "NextPartNumberMarker");
  if (page.next_marker.empty()) return BadReply("its list goes on and does not say where");
  return page;
}

absl::StatusOr<UploadsPage> ParseUploadsReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root,
                            ReplyRoot(document, xml, "ListMultipartUploadsResult"));
  UploadsPage page;
  for (const pugi::xml_node& node : root.children("Upload")) {
    ListedUpload upload;
    upload.key = DecodedChildText(root, node, "Key");
    upload.upload_id = ChildText(node, "UploadId");
    std::string ignored;
    if (!absl::ParseTime(absl::RFC3339_full, ChildText(node, "Initiated"), &upload.initiate_time,
                         &ignored) ||
        upload.upload_id.empty()) {
      return BadReply("an upload of its list has no id or time");
    }
    page.uploads.push_back(std::move(upload));
  }
  if (!IsTruncated(root)) return page;
  page.next_key_marker = DecodedChildText(root, root, "NextKeyMarker");
  page.next_upload_id_marker = ChildText(root, "NextUploadIdMarker");
  if (page.next_key_marker.empty()) return BadReply("its list goes on and does not say where");
  return page;
}

absl::StatusOr<bool> ParseVersioningReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root,
                            ReplyRoot(document, xml, "VersioningConfiguration"));
  const std::string status = ChildText(root, "Status");
  if (status.empty()) return false;  // never was enabled
  if (status == "Enabled" || status == "Suspended") return true;
  return BadReply(absl::StrCat("its versioning is \"", absl::CHexEscape(status), "\""));
}

std::string CompleteBody(const std::vector<PartReference>& parts) {
  std::string xml = "<CompleteMultipartUpload>";
  for (const PartReference& part : parts) {
    // ETags come from OSS by way of the store: what would be markup in one is not trusted.
    std::string etag;
    for (const char c : Unquoted(part.etag)) {
      if (absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '<' && c != '&' && c != '>') {
        etag.push_back(c);
      }
    }
    absl::StrAppend(&xml, "<Part><PartNumber>", part.number, "</PartNumber><ETag>\"", etag,
                    "\"</ETag></Part>");
  }
  return absl::StrCat(xml, "</CompleteMultipartUpload>");
}

std::string Unquoted(const std::string& etag) {
  const bool quoted = etag.size() >= 2 && etag.front() == '"' && etag.back() == '"';
  return quoted ? etag.substr(1, etag.size() - 2) : etag;
}

std::optional<uint64_t> Crc64Of(const HttpResponse& response) {
  uint64_t crc64 = 0;
  if (!absl::SimpleAtoi(response.Header(kCrc64Header), &crc64)) return std::nullopt;
  return crc64;
}

absl::Time TimeOf(const HttpResponse& response, const std::string& header) {
  absl::Time time;
  std::string ignored;
  const std::string value = response.Header(header);
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", value, &time, &ignored)) {
    return absl::InfinitePast();
  }
  return time;
}

ObjectStat ParseObjectHeaders(const HttpResponse& response) {
  ObjectStat stat;
  stat.etag = Unquoted(response.Header("etag"));
  stat.version_id = response.Header("x-oss-version-id");
  stat.crc64 = Crc64Of(response);
  stat.update_time = TimeOf(response, "last-modified");
  stat.content_type = response.Header("content-type");
  stat.cache_control = response.Header("cache-control");
  stat.content_disposition = response.Header("content-disposition");
  stat.content_encoding = response.Header("content-encoding");
  stat.storage_class = response.Header("x-oss-storage-class");
  stat.request_id = response.Header("x-oss-request-id");
  for (const auto& [name, value] : response.headers) {
    if (!absl::StartsWith(name, kMetadataPrefix)) continue;
    const std::string metadata_name = name.substr(sizeof kMetadataPrefix - 1);
    if (metadata_name == kMarkMetadataName) {
      stat.mark = value;
    } else {
      stat.metadata.emplace(metadata_name, value);
    }
  }
  stat.metadata = DecodeMetadata(std::move(stat.metadata));
  return stat;
}

absl::StatusOr<ObjectStat> ParseHead(const HttpResponse& response) {
  ObjectStat stat = ParseObjectHeaders(response);
  if (!absl::SimpleAtoi(response.Header("content-length"), &stat.size) || stat.size < 0) {
    return BadReply("it does not tell the object's size");
  }
  return stat;
}

std::string UrlDecode(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool encoded = text[i] == '%' && i + 2 < text.size() &&
                         absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 1])) &&
                         absl::ascii_isxdigit(static_cast<unsigned char>(text[i + 2]));
    if (encoded) {
      out += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

}  // namespace penstock::oss
