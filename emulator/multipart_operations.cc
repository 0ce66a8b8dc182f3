// InitiateMultipartUpload, UploadPart, CompleteMultipartUpload and AbortMultipartUpload.

#include "emulator/attributes.h"
#include "emulator/callback.h"
#include "emulator/encoding.h"
#include "emulator/multipart.h"
#include "emulator/operation.h"
#include "emulator/xml.h"

namespace penstock::emulator {
namespace {

constexpr char kUploadPartNoSuchUpload[] = "0017-00000244";
constexpr char kAbortNoSuchUpload[] = "0042-00000002";
constexpr char kInitiateFileExists[] = "0042-00000214";
constexpr size_t kMaxCompletionBytes = 4 << 20;  // 10,000 parts take less than 1.5 MB

Result<Part> ReceivePart(Call& call, int number) {
  EMULATOR_ASSIGN_OR_RETURN(const Blob blob,
                            ReceiveChecked(call, kMaxPartBytes, EntityTooLarge("The part")));
  Part part;
  part.number = number;
  part.blob = blob.id;
  part.size = blob.size;
  part.crc64 = blob.crc64;
  part.etag = ETagOf(call, blob);
  part.modified = call.now;
  return part;
}

// The list of parts, or nullopt for x-oss-complete-all: yes.
Result<std::optional<std::vector<ListedPart>>> ReadCompletion(Call& call) {
  const std::string* all = call.request.Header("x-oss-complete-all");
  if (all != nullptr && *all != "yes") {
    return InvalidArgument("x-oss-complete-all must be yes.", "x-oss-complete-all", *all,
                           "0042-00000216");
  }
  EMULATOR_ASSIGN_OR_RETURN(const std::string body, ReadCheckedBody(call, kMaxCompletionBytes));
  if (all != nullptr && !body.empty()) {
    return InvalidArgument("With x-oss-complete-all the body must be empty.", "x-oss-complete-all",
                           *all, "0042-00000216");
  }
  if (all != nullptr) return std::optional<std::vector<ListedPart>>();
  EMULATOR_ASSIGN_OR_RETURN(std::vector<ListedPart> parts, ParseCompletion(body));
  return std::optional(std::move(parts));
}

Reply CompletionReply(const Call& call, const Object& object, bool url_encoded) {
  const std::string& bucket = call.bucket.name();
  XmlWriter xml("CompleteMultipartUploadResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  xml.Add("Location", "http://" + bucket + ".oss-" + call.options.region + ".aliyuncs.com/" +
                          PercentEncode(object.key, true));
  xml.Add("Bucket", bucket);
  xml.Add("Key", Named(object.key, url_encoded));
  xml.Add("ETag", Quoted(object.etag));
  Reply reply = XmlReply(xml.Text());
  AddStoredHeaders(object, reply);
  reply.effect = "created an object of " + std::to_string(object.pieces.size()) + " parts, " +
                 std::to_string(object.size) + " bytes";
  return reply;
}

}  // namespace

Result<Reply> InitiateMultipartUpload(Call& call) {
  const Request& request = call.request;
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(request));
  EMULATOR_ASSIGN_OR_RETURN(const bool forbid, ReadForbidOverwrite(request));
  EMULATOR_ASSIGN_OR_RETURN(const Attributes attributes, ReadAttributes(request));
  EMULATOR_ASSIGN_OR_RETURN(const std::string body, ReadCheckedBody(call, kMaxCompletionBytes));
  if (!body.empty()) return NotImplemented("a body of InitiateMultipartUpload");
  EMULATOR_RETURN_IF_ERROR(call.bucket.CheckOverwrite(request.key, forbid, kInitiateFileExists));
  EMULATOR_ASSIGN_OR_RETURN(const std::string id,
                            call.bucket.InitiateUpload(request.key, attributes, call.now));
  XmlWriter xml("InitiateMultipartUploadResult");
  if (url_encoded) xml.Add("EncodingType", "url");
  xml.Add("Bucket", call.bucket.name());
  xml.Add("Key", Named(request.key, url_encoded));
  xml.Add("UploadId", id);
  Reply reply = XmlReply(xml.Text());
  AddEncryptionHeaders(attributes, reply);
  reply.effect = "began upload " + id;
  return reply;
}

Result<Reply> UploadPart(Call& call) {
  const Request& request = call.request;
  for (const auto& [name, value] : request.headers) {
    if (name.starts_with("x-oss-server-side-")) {
      return InvalidArgument("Encryption is fixed by InitiateMultipartUpload.", name, value);
    }
  }
  EMULATOR_ASSIGN_OR_RETURN(const int number, ReadPartNumber(request));
  const std::string* id = request.Query("uploadId");
  if (id == nullptr) return InvalidArgument("The uploadId is missing.", "uploadId", "");
  if (!call.body.length() && !call.body.chunked()) return MissingContentLength();
  EMULATOR_RETURN_IF_ERROR(call.bucket.BeginPart(request.key, *id, kUploadPartNoSuchUpload));
  const Result<Part> part = ReceivePart(call, number);
  Failure failure = call.bucket.FinishPart(request.key, *id, kUploadPartNoSuchUpload,
                                           part.ok() ? std::optional(part.value()) : std::nullopt);
  if (!part.ok()) return part.error();
  if (failure) return *std::move(failure);
  Reply reply;
  reply.headers.emplace_back("ETag", Quoted(part.value().etag));
  // With MD5 on, the ETag is the MD5 in hex; Content-MD5 says the same in base64.
  if (call.options.md5) {
    reply.headers.emplace_back("Content-MD5", Base64(HexDecode(part.value().etag)));
  }
  if (part.value().crc64) {
    reply.headers.emplace_back("x-oss-hash-crc64ecma", std::to_string(*part.value().crc64));
  }
  reply.effect = "stored part " + std::to_string(number) + " of " +
                 std::to_string(part.value().size) + " bytes";
  return reply;
}

Result<Reply> CompleteMultipartUpload(Call& call) {
  const Request& request = call.request;
  EMULATOR_ASSIGN_OR_RETURN(const bool url_encoded, ReadUrlEncoding(request));
  Completion completion;
  EMULATOR_ASSIGN_OR_RETURN(completion.forbid_overwrite, ReadForbidOverwrite(request));
  EMULATOR_ASSIGN_OR_RETURN(completion.acl, ReadAcl(request));
  EMULATOR_ASSIGN_OR_RETURN(completion.parts, ReadCompletion(call));
  EMULATOR_ASSIGN_OR_RETURN(const std::optional<Callback> callback, ReadCallback(request));
  completion.now = call.now;
  EMULATOR_ASSIGN_OR_RETURN(
      const ObjectPtr stored,
      call.bucket.CompleteUpload(request.key, *request.Query("uploadId"), completion));
  return AnswerCallback(callback, call, stored->object,
                        CompletionReply(call, stored->object, url_encoded));
}

Result<Reply> AbortMultipartUpload(Call& call) {
  EMULATOR_RETURN_IF_ERROR(call.bucket.AbortUpload(
      call.request.key, *call.request.Query("uploadId"), kAbortNoSuchUpload));
  Reply reply;
  reply.status = 204;
  reply.effect = "aborted the upload";
  return reply;
}

}  // namespace penstock::emulator
