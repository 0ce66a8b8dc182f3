#include "bench/sink/sink_store.h"

#include <optional>
#include <pugixml.hpp>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/checksum.h"
#include "nlohmann/json.hpp"

namespace penstock::bench {
namespace {

constexpr char kCrc64Header[] = "x-oss-hash-crc64ecma";
constexpr char kMetadataPrefix[] = "x-oss-meta-";
constexpr char kOwn[] = "-";

SinkReply Error(int status, const std::string& code) {
  return {status, {}, absl::StrCat("<Error><Code>", code, "</Code></Error>")};
}

SinkReply NotImplemented() { return Error(501, "NotImplemented"); }

SinkReply Xml(const std::string& body) { return {200, {}, body}; }

SinkReply Json(const nlohmann::ordered_json& json) { return {200, {}, json.dump()}; }

// The same for the same bytes, another one for others.
std::string EtagOf(int64_t size, uint64_t crc64) { return absl::StrFormat("%016X%X", crc64, size); }

std::string Quoted(const std::string& etag) { return absl::StrCat("\"", etag, "\""); }

SinkReply Stored(const std::string& etag, uint64_t crc64) {
  return {200, {{"etag", Quoted(etag)}, {kCrc64Header, absl::StrCat(crc64)}}, ""};
}

std::map<std::string, std::string> MetadataOf(const HttpHead& head) {
  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : head.headers) {
    if (absl::StartsWith(name, kMetadataPrefix)) metadata[name] = value;
  }
  return metadata;
}

struct PartOfList {
  int number = 0;
  std::string etag;
};

// The list of a CompleteMultipartUpload; nullopt when it is none.
std::optional<std::vector<PartOfList>> ParseList(const std::string& xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size())) return std::nullopt;
  std::vector<PartOfList> list;
  for (const pugi::xml_node& node : document.child("CompleteMultipartUpload").children("Part")) {
    list.push_back(
        {node.child("PartNumber").text().as_int(), node.child("ETag").text().as_string()});
  }
  return list.empty() ? std::nullopt : std::make_optional(list);
}

// What plugin/oss may ask of a bucket: it belongs to nobody in particular and has no versions.
SinkReply DescribeBucket(const HttpHead& head) {
  if (head.method != "GET") return NotImplemented();
  if (head.Has("versioning")) return Xml("<VersioningConfiguration/>");
  if (head.Has("acl")) {
    return Xml(
        "<AccessControlPolicy><AccessControlList><Grant>private</Grant></AccessControlList>"
        "</AccessControlPolicy>");
  }
  if (head.Has("bucketInfo")) {
    return Xml(
        absl::StrCat("<BucketInfo><Bucket><Name>", head.bucket, "</Name></Bucket></BucketInfo>"));
  }
  return NotImplemented();
}

const char* ReasonPhrase(int status) { return status < 300 ? "OK" : "Error"; }

}  // namespace

std::string Serialize(const SinkReply& reply, bool to_head) {
  std::string text =
      absl::StrCat("HTTP/1.1 ", reply.status, " ", ReasonPhrase(reply.status), "\r\n");
  for (const auto& [name, value] : reply.headers) absl::StrAppend(&text, name, ": ", value, "\r\n");
  if (reply.status != 204 && !reply.headers.contains("content-length")) {
    absl::StrAppend(&text, "content-length: ", reply.body.size(), "\r\n");
  }
  absl::StrAppend(&text, "\r\n");
  if (!to_head) absl::StrAppend(&text, reply.body);
  return text;
}

SinkReply SinkStore::Handle(const HttpHead& head, const SinkBody& body) {
  if (head.bucket == kOwn) return HandleOwn(head);
  const int64_t request = ++requests_;
  SinkReply reply = head.key.empty() ? DescribeBucket(head) : HandleObject(head, body);
  reply.headers["x-oss-request-id"] = absl::StrCat(request);
  if (reply.status >= 400) ++errors_;
  return reply;
}

SinkReply SinkStore::HandleObject(const HttpHead& head, const SinkBody& body) {
  if (head.method == "PUT") {
    bytes_ += body.size;
    return head.Has("uploadId") ? PutPart(head, body) : PutObject(head, body);
  }
  if (head.method == "POST" && head.Has("uploads")) return Initiate(head);
  if (head.method == "POST" && head.Has("uploadId")) return Complete(head, body);
  if (head.method == "DELETE") return head.Has("uploadId") ? Abort(head) : Delete(head);
  if (head.method == "HEAD") return Head(head);
  return NotImplemented();
}

SinkReply SinkStore::HandleOwn(const HttpHead& head) {
  if (head.method == "GET" && head.key == "stats") return Stats();
  if (head.method == "GET" && head.key == "object") {
    return Describe(head.Parameter("bucket"), head.Parameter("key"));
  }
  if (head.method == "POST" && head.key == "control") return Control(head);
  return Error(404, "NoSuchResource");
}

SinkReply SinkStore::Control(const HttpHead& head) {
  if (head.Has("latency_ms")) {
    int64_t latency_ms = 0;
    if (!absl::SimpleAtoi(head.Parameter("latency_ms"), &latency_ms) || latency_ms < 0) {
      return Error(400, "InvalidArgument");
    }
    settings_.latency_ms = latency_ms;
  }
  if (head.Has("stall")) {
    bool stall = false;
    if (!absl::SimpleAtob(head.Parameter("stall"), &stall)) return Error(400, "InvalidArgument");
    settings_.stall = stall;
  }
  return Json({{"latency_ms", settings_.latency_ms.load()}, {"stall", settings_.stall.load()}});
}

SinkReply SinkStore::Stats() const {
  return Json({{"requests", requests_.load()},
               {"bytes", bytes_.load()},
               {"parts", parts_.load()},
               {"objects", put_objects_.load()},
               {"errors", errors_.load()}});
}

SinkReply SinkStore::Describe(const std::string& bucket, const std::string& key) {
  MutexLock lock(&mutex_);
  const auto object = objects_.find({bucket, key});
  if (object == objects_.end()) return Error(404, "NoSuchKey");
  return Json({{"size", object->second.content.size}, {"crc64", object->second.content.crc64}});
}

SinkReply SinkStore::PutPart(const HttpHead& head, const SinkBody& body) {
  int number = 0;
  if (!absl::SimpleAtoi(head.Parameter("partNumber"), &number)) {
    return Error(400, "InvalidArgument");
  }
  MutexLock lock(&mutex_);
  const auto upload = uploads_.find(head.Parameter("uploadId"));
  if (upload == uploads_.end()) return Error(404, "NoSuchUpload");
  upload->second.parts[number] = {body.size, body.crc64};
  ++parts_;
  return Stored(EtagOf(body.size, body.crc64), body.crc64);
}

SinkReply SinkStore::PutObject(const HttpHead& head, const SinkBody& body) {
  const std::string etag = EtagOf(body.size, body.crc64);
  Object object = {{body.size, body.crc64}, etag, MetadataOf(head)};
  MutexLock lock(&mutex_);
  objects_.insert_or_assign({head.bucket, head.key}, std::move(object));
  ++put_objects_;
  return Stored(etag, body.crc64);
}

SinkReply SinkStore::Initiate(const HttpHead& head) {
  MutexLock lock(&mutex_);
  const std::string id = absl::StrFormat("upload-%d", ++upload_count_);
  uploads_[id] = {{head.bucket, head.key}, MetadataOf(head), {}};
  return Xml(absl::StrCat("<InitiateMultipartUploadResult><UploadId>", id,
                          "</UploadId></InitiateMultipartUploadResult>"));
}

SinkReply SinkStore::Complete(const HttpHead& head, const SinkBody& body) {
  const auto list = ParseList(body.text);
  if (!list.has_value()) return Error(400, "MalformedXML");
  MutexLock lock(&mutex_);
  const auto upload = uploads_.find(head.Parameter("uploadId"));
  if (upload == uploads_.end()) return Error(404, "NoSuchUpload");
  Object object;
  for (const PartOfList& listed : *list) {
    const auto part = upload->second.parts.find(listed.number);
    if (part == upload->second.parts.end() ||
        listed.etag != Quoted(EtagOf(part->second.size, part->second.crc64))) {
      return Error(400, "InvalidPart");
    }
    object.content.crc64 =
        CombineCrc64(object.content.crc64, part->second.crc64, part->second.size);
    object.content.size += part->second.size;
  }
  object.etag = absl::StrCat(EtagOf(object.content.size, object.content.crc64), "-", list->size());
  object.metadata = std::move(upload->second.metadata);
  SinkReply reply = Stored(object.etag, object.content.crc64);
  reply.body = absl::StrCat("<CompleteMultipartUploadResult><ETag>", Quoted(object.etag),
                            "</ETag></CompleteMultipartUploadResult>");
  objects_.insert_or_assign(upload->second.name, std::move(object));
  uploads_.erase(upload);
  ++put_objects_;
  return reply;
}

SinkReply SinkStore::Abort(const HttpHead& head) {
  MutexLock lock(&mutex_);
  if (uploads_.erase(head.Parameter("uploadId")) == 0) return Error(404, "NoSuchUpload");
  return {204, {}, ""};
}

SinkReply SinkStore::Head(const HttpHead& head) {
  MutexLock lock(&mutex_);
  const auto object = objects_.find({head.bucket, head.key});
  if (object == objects_.end()) return {404, {}, ""};
  SinkReply reply = Stored(object->second.etag, object->second.content.crc64);
  reply.headers.insert(object->second.metadata.begin(), object->second.metadata.end());
  reply.headers["content-length"] = absl::StrCat(object->second.content.size);
  reply.headers["last-modified"] =
      absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone());
  return reply;
}

SinkReply SinkStore::Delete(const HttpHead& head) {
  MutexLock lock(&mutex_);
  objects_.erase({head.bucket, head.key});
  return {204, {}, ""};
}

}  // namespace penstock::bench
