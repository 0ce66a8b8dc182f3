#include "plugin/oss/object_replies.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "plugin/oss/replies.h"
#include "plugin/oss/reply_xml.h"

namespace penstock::oss {
namespace {

bool ParseXmlTime(const std::string& text, absl::Time& time) {
  std::string ignored;
  return absl::ParseTime(absl::RFC3339_full, text, &time, &ignored);
}

absl::StatusOr<ListedObject> ParseContents(const pugi::xml_node& root, const pugi::xml_node& node) {
  ListedObject object;
  object.key = DecodedChildText(root, node, "Key");
  object.stat.etag = Unquoted(ChildText(node, "ETag"));
  object.stat.storage_class = ChildText(node, "StorageClass");
  const bool good = absl::SimpleAtoi(ChildText(node, "Size"), &object.stat.size) &&
                    object.stat.size >= 0 &&
                    ParseXmlTime(ChildText(node, "LastModified"), object.stat.update_time);
  if (object.key.empty() || !good) {
    return BadReply("an object of its list has no key, size or time");
  }
  return object;
}

}  // namespace

absl::StatusOr<ListedObjects> ParseObjectsReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root,
                            ReplyRoot(document, xml, "ListBucketResult"));
  ListedObjects page;
  for (const pugi::xml_node& node : root.children("Contents")) {
    PENSTOCK_ASSIGN_OR_RETURN(ListedObject object, ParseContents(root, node));
    page.objects.push_back(std::move(object));
  }
  for (const pugi::xml_node& node : root.children("CommonPrefixes")) {
    page.prefixes.push_back(DecodedChildText(root, node, "Prefix"));
  }
  if (!IsTruncated(root)) return page;
  page.next_page = DecodedChildText(root, root, "NextContinuationToken");
  if (page.next_page.empty()) return BadReply("its list goes on and does not say where");
  return page;
}

absl::StatusOr<BucketsPage> ParseBucketsReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root,
                            ReplyRoot(document, xml, "ListAllMyBucketsResult"));
  BucketsPage page;
  for (const pugi::xml_node& node : root.child("Buckets").children("Bucket")) {
    ListedBucket bucket;
    bucket.name = ChildText(node, "Name");
    bucket.region = ChildText(node, "Region");
    if (bucket.region.empty()) {
      bucket.region = std::string(absl::StripPrefix(ChildText(node, "Location"), "oss-"));
    }
    if (bucket.name.empty() || !ParseXmlTime(ChildText(node, "CreationDate"), bucket.create_time)) {
      return BadReply("a bucket of its list has no name or time");
    }
    page.buckets.push_back(std::move(bucket));
  }
  if (!IsTruncated(root)) return page;
  page.next_marker = ChildText(root, "NextMarker");
  if (page.next_marker.empty()) return BadReply("its list goes on and does not say where");
  return page;
}

bool FitsXml(const std::string& key) {
  // The two characters beside the control characters that XML excludes, U+FFFE and U+FFFF.
  for (const std::string_view excluded : {"\xef\xbf\xbe", "\xef\xbf\xbf"}) {
    if (key.find(excluded) != std::string::npos) return false;
  }
  return !key.empty() && key.front() != ' ' && key.back() != ' ' &&
         std::all_of(key.begin(), key.end(), [](unsigned char c) { return c >= 0x20; });
}

std::string DeleteEntry(const std::string& key) {
  return absl::StrCat("<Object><Key>",
                      absl::StrReplaceAll(key, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}}),
                      "</Key></Object>");
}

std::string DeleteBody(const std::string& entries) {
  return absl::StrCat("<Delete><Quiet>false</Quiet>", entries, "</Delete>");
}

absl::StatusOr<std::set<std::string>> ParseDeletedReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root, ReplyRoot(document, xml, "DeleteResult"));
  std::set<std::string> deleted;
  for (const pugi::xml_node& node : root.children("Deleted")) {
    deleted.insert(DecodedChildText(root, node, "Key"));
  }
  return deleted;
}

absl::StatusOr<std::string> ParseCopyReply(const char* root, const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node result, ReplyRoot(document, xml, root));
  std::string etag = Unquoted(ChildText(result, "ETag"));
  if (etag.empty()) return BadReply("its XML has no ETag");
  return etag;
}

absl::StatusOr<std::string> ParseAclReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root,
                            ReplyRoot(document, xml, "AccessControlPolicy"));
  std::string grant = ChildText(root.child("AccessControlList"), "Grant");
  if (grant.empty()) return BadReply("its XML has no grant");
  return grant;
}

absl::StatusOr<std::map<std::string, std::string>> ParseTagsReply(const std::string& xml) {
  pugi::xml_document document;
  PENSTOCK_ASSIGN_OR_RETURN(const pugi::xml_node root, ReplyRoot(document, xml, "Tagging"));
  std::map<std::string, std::string> tags;
  for (const pugi::xml_node& node : root.child("TagSet").children("Tag")) {
    const std::string name = ChildText(node, "Key");
    if (name.empty()) return BadReply("a tag of its list has no name");
    tags[name] = ChildText(node, "Value");
  }
  return tags;
}

}  // namespace penstock::oss
