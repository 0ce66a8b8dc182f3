#include "emulator/operation.h"

#include <algorithm>
#include <string_view>

namespace penstock::emulator {
namespace {

// What every request may carry: signatures V4 and V1, in the header or the query.
const std::vector<std::string> kCommonParameters = {"x-oss-signature-version",
                                                    "x-oss-credential",
                                                    "x-oss-date",
                                                    "x-oss-expires",
                                                    "x-oss-additional-headers",
                                                    "x-oss-security-token",
                                                    "x-oss-signature",
                                                    "OSSAccessKeyId",
                                                    "Expires",
                                                    "Signature",
                                                    "security-token"};
const std::vector<std::string> kCommonHeaders = {"x-oss-date", "x-oss-content-sha256",
                                                 "x-oss-security-token", "x-oss-request-payer"};

// Headers outside x-oss-* that change what an operation does.
const std::vector<std::string> kConditionalHeaders = {
    "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range"};

const Operation kPutObject = {
    "PutObject",
    PutObject,
    {},
    {"x-oss-meta-*", "x-oss-storage-class", "x-oss-object-acl", "x-oss-forbid-overwrite",
     "x-oss-tagging", "x-oss-server-side-encryption"}};
const Operation kGetObject = {
    "GetObject",
    GetObject,
    {"response-content-type", "response-content-language", "response-expires",
     "response-cache-control", "response-content-disposition", "response-content-encoding"},
    {"x-oss-range-behavior", "if-match", "if-none-match", "if-modified-since",
     "if-unmodified-since", "range"}};
const Operation kHeadObject = {
    "HeadObject",
    HeadObject,
    {},
    {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}};
const Operation kGetObjectMeta = {"GetObjectMeta", GetObjectMeta, {"objectMeta"}, {}};
const Operation kDeleteObject = {"DeleteObject", DeleteObject, {}, {}};
const Operation kInitiate = {"InitiateMultipartUpload",
                             InitiateMultipartUpload,
                             {"uploads", "encoding-type"},
                             {"x-oss-meta-*", "x-oss-storage-class", "x-oss-forbid-overwrite",
                              "x-oss-tagging", "x-oss-server-side-encryption"}};
const Operation kUploadPart = {
    "UploadPart", UploadPart, {"partNumber", "uploadId"}, {"x-oss-server-side-encryption*"}};
const Operation kComplete = {"CompleteMultipartUpload",
                             CompleteMultipartUpload,
                             {"uploadId", "encoding-type"},
                             {"x-oss-forbid-overwrite", "x-oss-complete-all", "x-oss-object-acl"}};
const Operation kAbort = {"AbortMultipartUpload", AbortMultipartUpload, {"uploadId"}, {}};
const Operation kListParts = {
    "ListParts", ListParts, {"uploadId", "max-parts", "part-number-marker", "encoding-type"}, {}};
const Operation kListUploads = {"ListMultipartUploads",
                                ListMultipartUploads,
                                {"uploads", "prefix", "delimiter", "key-marker", "upload-id-marker",
                                 "max-uploads", "encoding-type"},
                                {}};

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& known) {
    if (!known.ends_with('*')) return known == name;
    return name.starts_with(std::string_view(known).substr(0, known.size() - 1));
  });
}

// "POST of an object ?append"
OssError Unknown(const Request& request, const char* of) {
  std::string name = request.method + " " + of;
  for (const auto& [parameter, value] : request.query) {
    if (!Contains(kCommonParameters, parameter)) name += " ?" + parameter;
  }
  return NotImplemented(name);
}

Result<const Operation*> IdentifyOfObject(const Request& request) {
  const bool with_upload = request.Query("uploadId") != nullptr;
  const bool copy = request.Header("x-oss-copy-source") != nullptr;
  if (request.method == "PUT") {
    const bool part = with_upload || request.Query("partNumber") != nullptr;
    if (copy) return NotImplemented(part ? "UploadPartCopy" : "CopyObject");
    return part ? &kUploadPart : &kPutObject;
  }
  if (request.method == "POST") {
    if (request.Query("uploads") != nullptr) return &kInitiate;
    if (with_upload) return &kComplete;
    return Unknown(request, "of an object");
  }
  if (request.method == "GET") return with_upload ? &kListParts : &kGetObject;
  if (request.method == "HEAD") {
    return request.Query("objectMeta") != nullptr ? &kGetObjectMeta : &kHeadObject;
  }
  if (request.method == "DELETE") return with_upload ? &kAbort : &kDeleteObject;
  return Unknown(request, "of an object");
}

}  // namespace

Result<const Operation*> Identify(const Request& request) {
  if (request.bucket.empty()) return Unknown(request, "of the service");
  if (!request.key.empty()) return IdentifyOfObject(request);
  if (request.method == "GET" && request.Query("uploads") != nullptr) return &kListUploads;
  return Unknown(request, "of a bucket");
}

Failure CheckSupported(const Operation& operation, const Request& request) {
  for (const auto& [name, value] : request.query) {
    if (!Contains(operation.parameters, name) && !Contains(kCommonParameters, name)) {
      return NotImplemented("the query parameter " + name + " of " + operation.name);
    }
  }
  for (const auto& [name, value] : request.headers) {
    const bool matters = name.starts_with("x-oss-") || Contains(kConditionalHeaders, name);
    if (matters && !Contains(operation.headers, name) && !Contains(kCommonHeaders, name)) {
      return NotImplemented("the header " + name + " of " + operation.name);
    }
  }
  return std::nullopt;
}

}  // namespace penstock::emulator
