// What may be asked about buckets: ListBuckets, GetBucketInfo, GetBucketLocation, GetBucketAcl and
// GetBucketVersioning.

#include "emulator/attributes.h"
#include "emulator/encoding.h"
#include "emulator/listing.h"
#include "emulator/operation.h"
#include "emulator/xml.h"

namespace penstock::emulator {
namespace {

void AddEndpoints(const std::string& region, XmlWriter& xml) {
  xml.Add("ExtranetEndpoint", "oss-" + region + ".aliyuncs.com");
  xml.Add("IntranetEndpoint", "oss-" + region + "-internal.aliyuncs.com");
  xml.Add("Location", "oss-" + region);
}

}  // namespace

Result<Reply> ListBuckets(ServiceCall& call) {
  ListQuery query;
  query.prefix = call.request.QueryOr("prefix", "");
  query.key_marker = call.request.QueryOr("marker", "");
  EMULATOR_ASSIGN_OR_RETURN(query.max_entries,
                            ReadNumber(call.request, "max-keys", 1, kMaxPage, 100));
  std::vector<ListedName> names;
  for (const auto& [name, bucket] : call.buckets) names.push_back({name, ""});
  const ListPage page = SelectPage(names, query);
  XmlWriter xml("ListAllMyBucketsResult");
  xml.Add("Prefix", query.prefix);
  xml.Add("Marker", query.key_marker);
  xml.Add("MaxKeys", query.max_entries);
  xml.Add("IsTruncated", page.truncated ? "true" : "false");
  if (page.truncated) xml.Add("NextMarker", page.next.key);
  AddOwner(xml);
  xml.Open("Buckets");
  for (const size_t entry : page.entries) {
    xml.Open("Bucket");
    xml.Add("CreationDate", IsoSeconds(call.buckets.at(names[entry].key)->created()));
    AddEndpoints(call.options.region, xml);
    xml.Add("Name", names[entry].key);
    xml.Add("Region", call.options.region);
    xml.Add("StorageClass", "Standard");
    xml.Close();
  }
  xml.Close();
  return XmlReply(xml.Text());
}

Result<Reply> GetBucketInfo(Call& call) {
  XmlWriter xml("BucketInfo");
  xml.Open("Bucket");
  xml.Add("AccessMonitor", "Disabled");
  xml.Add("CreationDate", IsoSeconds(call.bucket.created()));
  xml.Add("DataRedundancyType", "LRS");
  AddEndpoints(call.options.region, xml);
  xml.Add("Name", call.bucket.name());
  xml.Add("StorageClass", "Standard");
  if (call.bucket.options().versioning) xml.Add("Versioning", "Enabled");
  AddOwner(xml);
  xml.Open("AccessControlList");
  xml.Add("Grant", "private");
  xml.Close();
  xml.Open("ServerSideEncryptionRule");
  xml.Add("SSEAlgorithm", "None");
  xml.Close();
  xml.Close();
  return XmlReply(xml.Text());
}

Result<Reply> GetBucketLocation(Call& call) {
  XmlWriter xml("LocationConstraint");
  xml.SetText("oss-" + call.options.region);
  return XmlReply(xml.Text());
}

Result<Reply> GetBucketAcl(Call& /*call*/) { return XmlReply(AclXml("private")); }

Result<Reply> GetBucketVersioning(Call& call) {
  XmlWriter xml("VersioningConfiguration");
  if (call.bucket.options().versioning) xml.Add("Status", "Enabled");
  return XmlReply(xml.Text());
}

}  // namespace penstock::emulator
