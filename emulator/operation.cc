#include "emulator/operation.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "emulator/encoding.h"

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
                                                    "security-token",
                                                    "x-oss-request-payer"};
const std::vector<std::string> kCommonHeaders = {"x-oss-date", "x-oss-content-sha256",
                                                 "x-oss-security-token", "x-oss-request-payer"};

constexpr char kTrafficLimit[] = "x-oss-traffic-limit";  // header or query parameter

// Headers outside x-oss-* that change what an operation does.
const std::vector<std::string> kConditionalHeaders = {
    "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range"};

// An operation on a bucket or an object.
Operation Of(const char* name, Result<Reply> (*run)(Call& call),
             std::vector<std::string> parameters = {}, std::vector<std::string> headers = {}) {
  return {name, run, nullptr, std::move(parameters), std::move(headers)};
}

const std::vector<std::string> kWriteHeaders = {"x-oss-meta-*",
                                                "x-oss-storage-class",
                                                "x-oss-tagging",
                                                "x-oss-server-side-encryption",
                                                "x-oss-server-side-encryption-key-id",
                                                "x-oss-server-side-data-encryption"};
const std::vector<std::string> kReadConditions = {"if-match", "if-none-match", "if-modified-since",
                                                  "if-unmodified-since"};
const std::vector<std::string> kCopyHeaders = {
    "x-oss-copy-source", "x-oss-copy-source-if-match", "x-oss-copy-source-if-none-match",
    "x-oss-copy-source-if-modified-since", "x-oss-copy-source-if-unmodified-since"};

std::vector<std::string> Join(std::vector<std::string> names,
                              const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

const Operation kPutObject =
    Of("PutObject", PutObject, {kTrafficLimit, "callback", "callback-var"},
       Join(kWriteHeaders, {"x-oss-object-acl", "x-oss-forbid-overwrite", "x-oss-callback",
                            "x-oss-callback-var", kTrafficLimit}));
const Operation kAppendObject =
    Of("AppendObject", AppendObject, {"append", "position", kTrafficLimit},
       Join(kWriteHeaders, {"x-oss-object-acl", kTrafficLimit}));
const Operation kCopyObject =
    Of("CopyObject", CopyObject, {},
       Join(Join(kWriteHeaders, kCopyHeaders),
            {"x-oss-object-acl", "x-oss-forbid-overwrite", "x-oss-metadata-directive",
             "x-oss-tagging-directive", kTrafficLimit}));
const Operation kGetObject =
    Of("GetObject", GetObject,
       {"response-content-type", "response-content-language", "response-expires",
        "response-cache-control", "response-content-disposition", "response-content-encoding",
        "versionId", kTrafficLimit},
       Join(kReadConditions, {"x-oss-range-behavior", "range", kTrafficLimit}));
const Operation kHeadObject = Of("HeadObject", HeadObject, {"versionId"}, kReadConditions);
const Operation kGetObjectMeta = Of("GetObjectMeta", GetObjectMeta, {"objectMeta", "versionId"});
const Operation kDeleteObject = Of("DeleteObject", DeleteObject, {"versionId"});
const Operation kPutTagging = Of("PutObjectTagging", PutObjectTagging, {"tagging", "versionId"});
const Operation kGetTagging = Of("GetObjectTagging", GetObjectTagging, {"tagging", "versionId"});
const Operation kDeleteTagging =
    Of("DeleteObjectTagging", DeleteObjectTagging, {"tagging", "versionId"});
const Operation kPutAcl =
    Of("PutObjectAcl", PutObjectAcl, {"acl", "versionId"}, {"x-oss-object-acl"});
const Operation kGetAcl = Of("GetObjectAcl", GetObjectAcl, {"acl", "versionId"});

const Operation kInitiate =
    Of("InitiateMultipartUpload", InitiateMultipartUpload, {"uploads", "encoding-type"},
       Join(kWriteHeaders, {"x-oss-forbid-overwrite"}));
const Operation kUploadPart =
    Of("UploadPart", UploadPart, {"partNumber", "uploadId", kTrafficLimit},
       {"x-oss-server-side-*", kTrafficLimit});
const Operation kUploadPartCopy =
    Of("UploadPartCopy", UploadPartCopy, {"partNumber", "uploadId"},
       Join(kCopyHeaders, {"x-oss-copy-source-range", kTrafficLimit}));
const Operation kComplete = Of("CompleteMultipartUpload", CompleteMultipartUpload,
                               {"uploadId", "encoding-type", "callback", "callback-var"},
                               {"x-oss-forbid-overwrite", "x-oss-complete-all", "x-oss-object-acl",
                                "x-oss-callback", "x-oss-callback-var"});
const Operation kAbort = Of("AbortMultipartUpload", AbortMultipartUpload, {"uploadId"});
const Operation kListParts =
    Of("ListParts", ListParts, {"uploadId", "max-parts", "part-number-marker", "encoding-type"});

const std::vector<std::string> kListParameters = {"prefix", "delimiter", "encoding-type"};
const Operation kListUploads =
    Of("ListMultipartUploads", ListMultipartUploads,
       Join(kListParameters, {"uploads", "key-marker", "upload-id-marker", "max-uploads"}));
const Operation kListObjects =
    Of("ListObjects", ListObjects, Join(kListParameters, {"marker", "max-keys"}));
const Operation kListObjectsV2 =
    Of("ListObjectsV2", ListObjectsV2,
       Join(kListParameters,
            {"list-type", "start-after", "continuation-token", "max-keys", "fetch-owner"}));
const Operation kListVersions =
    Of("ListObjectVersions", ListObjectVersions,
       Join(kListParameters, {"versions", "key-marker", "version-id-marker", "max-keys"}));
const Operation kDeleteMultiple =
    Of("DeleteMultipleObjects", DeleteMultipleObjects, {"delete", "encoding-type"});
const Operation kGetBucketInfo = Of("GetBucketInfo", GetBucketInfo, {"bucketInfo"});
const Operation kGetBucketLocation = Of("GetBucketLocation", GetBucketLocation, {"location"});
const Operation kGetBucketAcl = Of("GetBucketAcl", GetBucketAcl, {"acl"});
const Operation kGetBucketVersioning =
    Of("GetBucketVersioning", GetBucketVersioning, {"versioning"});
const Operation kListBuckets = {
    "ListBuckets", nullptr, ListBuckets, {"prefix", "marker", "max-keys"}, {}};

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& known) {
    if (!known.ends_with('*')) return known == name;
    return name.starts_with(std::string_view(known).substr(0, known.size() - 1));
  });
}

// Section 5: in bits per second.
Failure CheckTrafficLimit(const Request& request) {
  constexpr int64_t kMin = 819200;
  constexpr int64_t kMax = 838860800;
  const std::string* header = request.Header(kTrafficLimit);
  const std::string* parameter = request.Query(kTrafficLimit);
  const std::string* value = header != nullptr ? header : parameter;
  if (value == nullptr) return std::nullopt;
  if (header != nullptr && parameter != nullptr) {
    return InvalidArgument("The traffic limit stands in the header and in the query.",
                           kTrafficLimit, *header, "0004-00000501");
  }
  const auto limit = ParseNumber(*value, kMax);
  if (limit && *limit >= kMin) return std::nullopt;
  return InvalidArgument("The traffic limit must be 819200 to 838860800 bit/s.", kTrafficLimit,
                         *value, "0004-00000502");
}

// "POST of an object ?select"
OssError Unknown(const Request& request, const char* of) {
  std::string name = request.method + " " + of;
  for (const auto& [parameter, value] : request.query) {
    if (!Contains(kCommonParameters, parameter)) name += " ?" + parameter;
  }
  return NotImplemented(name);
}

Result<const Operation*> IdentifyPut(const Request& request) {
  const bool part = request.Query("uploadId") != nullptr || request.Query("partNumber") != nullptr;
  if (request.Header("x-oss-copy-source") != nullptr) return part ? &kUploadPartCopy : &kCopyObject;
  if (part) return &kUploadPart;
  if (request.Query("tagging") != nullptr) return &kPutTagging;
  if (request.Query("acl") != nullptr) return &kPutAcl;
  return &kPutObject;
}

Result<const Operation*> IdentifyGet(const Request& request) {
  if (request.Query("uploadId") != nullptr) return &kListParts;
  if (request.Query("tagging") != nullptr) return &kGetTagging;
  if (request.Query("acl") != nullptr) return &kGetAcl;
  return &kGetObject;
}

Result<const Operation*> IdentifyPost(const Request& request) {
  if (request.Query("uploads") != nullptr) return &kInitiate;
  if (request.Query("uploadId") != nullptr) return &kComplete;
  if (request.Query("append") != nullptr) return &kAppendObject;
  return Unknown(request, "of an object");
}

Result<const Operation*> IdentifyOfObject(const Request& request) {
  if (request.method == "PUT") return IdentifyPut(request);
  if (request.method == "POST") return IdentifyPost(request);
  if (request.method == "GET") return IdentifyGet(request);
  if (request.method == "HEAD") {
    return request.Query("objectMeta") != nullptr ? &kGetObjectMeta : &kHeadObject;
  }
  if (request.method == "DELETE") {
    if (request.Query("uploadId") != nullptr) return &kAbort;
    return request.Query("tagging") != nullptr ? &kDeleteTagging : &kDeleteObject;
  }
  return Unknown(request, "of an object");
}

Result<const Operation*> IdentifyOfBucket(const Request& request) {
  constexpr std::pair<const char*, const Operation*> kSubresources[] = {
      {"uploads", &kListUploads},           {"list-type", &kListObjectsV2},
      {"versions", &kListVersions},         {"bucketInfo", &kGetBucketInfo},
      {"location", &kGetBucketLocation},    {"acl", &kGetBucketAcl},
      {"versioning", &kGetBucketVersioning}};
  if (request.method == "POST" && request.Query("delete") != nullptr) return &kDeleteMultiple;
  if (request.method != "GET") return Unknown(request, "of a bucket");
  for (const auto& [name, operation] : kSubresources) {
    if (request.Query(name) != nullptr) return operation;
  }
  return &kListObjects;
}

}  // namespace

Result<const Operation*> Identify(const Request& request) {
  if (!request.key.empty()) return IdentifyOfObject(request);
  if (!request.bucket.empty()) return IdentifyOfBucket(request);
  if (request.method == "GET" && request.Query("regions") == nullptr) return &kListBuckets;
  return Unknown(request, "of the service");
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
  return CheckTrafficLimit(request);
}

}  // namespace penstock::emulator
