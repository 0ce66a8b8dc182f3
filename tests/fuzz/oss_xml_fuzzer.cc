// The XML of OSS's replies: any body is read or refused, and what is read is what its users rely
// on.

#include <pugixml.hpp>

#include "plugin/oss/object_replies.h"
#include "plugin/oss/replies.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock::oss {
namespace {

// An ETag of a reply comes back in the list that Complete publishes: it must not become markup.
void CheckCompleteBody(const std::string& etag) {
  const std::string body = CompleteBody({{7, etag}});
  const std::string begin = "<CompleteMultipartUpload><Part><PartNumber>7</PartNumber><ETag>\"";
  const std::string end = "\"</ETag></Part></CompleteMultipartUpload>";
  FUZZ_CHECK(body.starts_with(begin) && body.ends_with(end));
  const std::string inside = body.substr(begin.size(), body.size() - begin.size() - end.size());
  FUZZ_CHECK(inside.find_first_of("<&>") == std::string::npos);
}

void CheckReplies(const std::string& xml) {
  if (const auto upload_id = ParseInitiateReply(xml); upload_id.ok()) {
    FUZZ_CHECK(!upload_id->empty());
  }
  if (const auto etag = ParseCompleteReply(xml); etag.ok()) {
    FUZZ_CHECK(!etag->empty());
    CheckCompleteBody(*etag);
  }
  if (const auto page = ParsePartsReply(xml); page.ok()) {
    for (const ListedPart& part : page->parts) CheckCompleteBody(part.etag);
  }
  if (const auto page = ParseUploadsReply(xml); page.ok()) {
    for (const ListedUpload& upload : page->uploads) FUZZ_CHECK(!upload.upload_id.empty());
    FUZZ_CHECK(page->next_upload_id_marker.empty() || !page->next_key_marker.empty());
  }
  if (const auto versioned = ParseVersioningReply(xml); versioned.ok()) {
    FUZZ_CHECK(!ParseInitiateReply(xml).ok());  // one body is one reply
  }
  OssError error;
  ParseErrorBody(xml, error);
}

void CheckObjectReplies(const std::string& xml) {
  if (const auto page = ParseObjectsReply(xml); page.ok()) {
    for (const ListedObject& object : page->objects) {
      FUZZ_CHECK(!object.key.empty() && object.stat.size >= 0);
    }
  }
  if (const auto page = ParseBucketsReply(xml); page.ok()) {
    for (const ListedBucket& bucket : page->buckets) FUZZ_CHECK(!bucket.name.empty());
  }
  for (const char* root : {"CopyObjectResult", "CopyPartResult"}) {
    if (const auto etag = ParseCopyReply(root, xml); etag.ok()) FUZZ_CHECK(!etag->empty());
  }
  if (const auto acl = ParseAclReply(xml); acl.ok()) FUZZ_CHECK(!acl->empty());
  if (const auto tags = ParseTagsReply(xml); tags.ok()) FUZZ_CHECK(!tags->contains(""));
  if (const auto deleted = ParseDeletedReply(xml); deleted.ok()) {
    FUZZ_CHECK(!ParseObjectsReply(xml).ok());
  }
}

// A key that XML carries is what its reader finds there: no other object is deleted.
void CheckDeleteEntry(const std::string& key) {
  if (!FitsXml(key)) return;
  const std::string reply = "<DeleteResult>" + DeleteEntry(key) + "</DeleteResult>";
  pugi::xml_document document;
  FUZZ_CHECK(document.load_buffer(reply.data(), reply.size()));
  FUZZ_CHECK(document.child("DeleteResult").child("Object").child_value("Key") == key);
}

}  // namespace
}  // namespace penstock::oss

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = penstock::Text(data, size);
  penstock::oss::CheckReplies(text);
  penstock::oss::CheckObjectReplies(text);
  penstock::oss::CheckDeleteEntry(text);
  FUZZ_CHECK(penstock::oss::UrlDecode(text).size() <= text.size());
  return 0;
}
