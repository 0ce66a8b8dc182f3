#include "emulator/errors.h"

#include "emulator/xml.h"

namespace penstock::emulator {

OssError AccessDenied(const std::string& message) {
  return {403, "AccessDenied", message, "0003-00000001"};
}

OssError BadDigest() {
  return {400, "InvalidDigest", "The Content-MD5 you specified is not that of the body received.",
          kUnknownEc};
}

OssError EntityTooLarge(const std::string& what) {
  return {400, "EntityTooLarge", what + " exceeds the maximum allowed size.", kUnknownEc};
}

OssError EntityTooSmall(int64_t size, int part_number, const std::string& etag) {
  return {400,
          "EntityTooSmall",
          "A part that is not the last is smaller than the minimum allowed size.",
          "0042-00000213",
          {{"ProposedSize", std::to_string(size)},
           {"MinSizeAllowed", "102400"},
           {"PartNumber", std::to_string(part_number)},
           {"ETag", etag}}};
}

OssError FileAlreadyExists(const std::string& ec) {
  return {409, "FileAlreadyExists", "The object you specified already exists.", ec};
}

OssError IncompleteBody() {
  return {400, "IncompleteBody", "The connection ended before the whole body had been received.",
          kUnknownEc};
}

OssError InternalError(const std::string& message) {
  return {500, "InternalError", message, kUnknownEc};
}

OssError InvalidArgument(const std::string& message, const std::string& name,
                         const std::string& value, const std::string& ec) {
  return {400, "InvalidArgument", message, ec, {{"ArgumentName", name}, {"ArgumentValue", value}}};
}

OssError InvalidBucketName(const std::string& bucket) {
  return {400,
          "InvalidBucketName",
          "The specified bucket is not valid.",
          kUnknownEc,
          {{"BucketName", bucket}}};
}

OssError InvalidObjectName(const std::string& key) {
  return {400,
          "InvalidObjectName",
          "The specified object is not valid: 1 to 1023 bytes of UTF-8 that do not begin with / "
          "or \\.",
          kUnknownEc,
          {{"ObjectName", key}}};
}

OssError InvalidPart(const std::string& etag, int part_number, const std::string& upload_id) {
  return {400,
          "InvalidPart",
          "One of the listed parts was not uploaded, or its ETag is not that of the uploaded part.",
          kUnknownEc,
          {{"ETag", etag}, {"PartNumber", std::to_string(part_number)}, {"UploadId", upload_id}}};
}

OssError InvalidPartOrder(const std::string& upload_id) {
  return {400,
          "InvalidPartOrder",
          "The list of parts is not in strictly ascending order of part numbers.",
          "0042-00000209",
          {{"UploadId", upload_id}}};
}

OssError MalformedXml(const std::string& message) {
  return {400, "MalformedXML", message, "0042-00000205"};
}

OssError MethodNotAllowed(const std::string& message) {
  return {405, "MethodNotAllowed", message, kUnknownEc};
}

OssError MissingArgument(const std::string& name) {
  return {400,
          "MissingArgument",
          "Missing some required arguments.",
          kUnknownEc,
          {{"ArgumentName", name}}};
}

OssError MissingContentLength() {
  return {411, "MissingContentLength", "You must provide the Content-Length HTTP header.",
          kUnknownEc};
}

OssError NoSuchBucket(const std::string& bucket) {
  return {404,
          "NoSuchBucket",
          "The specified bucket does not exist.",
          "0015-00000101",
          {{"BucketName", bucket}}};
}

OssError NoSuchKey(const std::string& key) {
  return {404, "NoSuchKey", "The specified key does not exist.", "0026-00000001", {{"Key", key}}};
}

OssError NoSuchUpload(const std::string& upload_id, const std::string& ec) {
  return {404,
          "NoSuchUpload",
          "The specified upload does not exist. The upload ID may be invalid, or the upload may "
          "have been aborted or completed.",
          ec,
          {{"UploadId", upload_id}}};
}

OssError NoSuchVersion(const std::string& key, const std::string& version_id) {
  return {404,
          "NoSuchVersion",
          "The specified version does not exist.",
          kUnknownEc,
          {{"Key", key}, {"VersionId", version_id}}};
}

OssError NotImplemented(const std::string& name) {
  return {501,
          "NotImplemented",
          "The emulator does not implement " + name + ".",
          kUnknownEc,
          {{"Name", name}}};
}

OssError PreconditionFailed(const std::string& header) {
  return {412,
          "PreconditionFailed",
          "At least one of the pre-conditions you specified did not hold.",
          kUnknownEc,
          {{"Condition", header}}};
}

OssError RequestTimeout() {
  return {400, "RequestTimeout", "The body was not received within the time allowed.", kUnknownEc};
}

std::string ErrorXml(const OssError& error, const std::string& request_id,
                     const std::string& host_id) {
  XmlWriter xml("Error");
  xml.Add("Code", error.code);
  xml.Add("Message", error.message);
  xml.Add("RequestId", request_id);
  xml.Add("HostId", host_id);
  for (const ErrorElement& element : error.elements) xml.Add(element.name, element.value);
  xml.Add("EC", error.ec);
  xml.Add("RecommendDoc", "https://api.aliyun.com/troubleshoot?q=" + error.ec);
  return xml.Text();
}

}  // namespace penstock::emulator
