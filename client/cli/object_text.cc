#include "client/cli/object_text.h"

#include <google/protobuf/util/time_util.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/byte_size.h"
#include "client/cli/json_events.h"
#include "client/cli/object_name.h"
#include "client/cli/terminal.h"
#include "client/modification_time.h"

namespace penstock::cli {
namespace {

constexpr char kRow[] = "%10s  %-20s  %-11s  %-16s  %-20s  %s";

// To the second, in UTC; "-" for none.
std::string TimeText(bool known, const google::protobuf::Timestamp& time) {
  if (!known) return "-";
  google::protobuf::Timestamp seconds;
  seconds.set_seconds(time.seconds());
  return google::protobuf::util::TimeUtil::ToString(seconds);
}

std::string TimeText(const std::optional<absl::Time>& time) {
  if (!time.has_value()) return "-";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", *time, absl::UTCTimeZone());
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : Printable(text); }

void AddLine(std::string& text, const std::string& name, const std::string& value) {
  if (value.empty()) return;
  absl::StrAppendFormat(&text, "  %-19s  %s\n", name, Printable(value));
}

}  // namespace

std::string DescribeObject(const v1::StoredObject& object) {
  std::string text =
      absl::StrCat(DescribeName(object.remote(), object.bucket(), object.key()), "\n");
  AddLine(text, "size",
          absl::StrCat(FormatByteSize(object.size()), " (", object.size(), " bytes)"));
  AddLine(text, "CRC-64", object.has_crc64_ecma() ? FormatCrc64(object.crc64_ecma()) : "not known");
  AddLine(text, "ETag", object.etag());
  AddLine(text, "version", object.version_id());
  if (object.has_update_time()) AddLine(text, "updated", TimeText(true, object.update_time()));
  if (const auto modified = ModificationTimeOf(object); modified.has_value()) {
    AddLine(text, "modified", TimeText(modified));
  }
  AddLine(text, "storage class", object.storage_class());
  AddLine(text, "content type", object.content_type());
  AddLine(text, "cache control", object.cache_control());
  AddLine(text, "content disposition", object.content_disposition());
  AddLine(text, "content encoding", object.content_encoding());
  const std::map<std::string, std::string> metadata(object.metadata().begin(),
                                                    object.metadata().end());
  for (const auto& [name, value] : metadata) {
    AddLine(text, "metadata", absl::StrCat(name, "=", value));
  }
  AddLine(text, "request id", object.backend_request_id());
  return text;
}

std::string ObjectRow(const v1::StoredObject& object) {
  return absl::StrFormat(kRow, FormatByteSize(object.size()),
                         TimeText(object.has_update_time(), object.update_time()),
                         OrDash(object.storage_class()),
                         object.has_crc64_ecma() ? FormatCrc64(object.crc64_ecma()) : "-",
                         TimeText(ModificationTimeOf(object)), Printable(object.key()));
}

std::string PrefixRow(const std::string& prefix) {
  return absl::StrFormat(kRow, "-", "-", "-", "-", "-", Printable(prefix));
}

std::string BucketRow(const v1::Bucket& bucket) {
  return absl::StrFormat("%-20s  %-16s  %s",
                         TimeText(bucket.has_create_time(), bucket.create_time()),
                         OrDash(bucket.region()), Printable(bucket.name()));
}

}  // namespace penstock::cli
