#include "client/cli/maintenance_output.h"

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/byte_size.h"
#include "client/cli/destination.h"
#include "client/cli/terminal.h"

namespace penstock::cli {
namespace {

using google::protobuf::util::TimeUtil;
using nlohmann::json;

std::string DisposalName(v1::OrphanedUpload::Disposal disposal) {
  switch (disposal) {
    case v1::OrphanedUpload::DISPOSAL_WOULD_ABORT:
      return "orphaned";
    case v1::OrphanedUpload::DISPOSAL_ABORTED:
      return "aborted";
    case v1::OrphanedUpload::DISPOSAL_FAILED:
      return "failed";
    default:
      return "unknown";
  }
}

std::string OutcomeName(v1::DiagnosticCheck::Outcome outcome) {
  switch (outcome) {
    case v1::DiagnosticCheck::OUTCOME_OK:
      return "ok";
    case v1::DiagnosticCheck::OUTCOME_FAILED:
      return "failed";
    case v1::DiagnosticCheck::OUTCOME_SKIPPED:
      return "skipped";
    default:
      return "unknown";
  }
}

// To the second, in UTC.
std::string TimeText(const google::protobuf::Timestamp& time) {
  google::protobuf::Timestamp seconds;
  seconds.set_seconds(time.seconds());
  return TimeUtil::ToString(seconds);
}

std::string SizeText(const v1::OrphanedUpload& upload) {
  if (!upload.has_stored_size()) return "size unknown";
  return absl::StrCat(FormatByteSize(upload.stored_size()), " in ", upload.part_count(),
                      upload.part_count() == 1 ? " part" : " parts");
}

std::string Indented(const std::string& text) {
  return absl::StrCat("           ", Printable(text), "\n");
}

}  // namespace

json ToJson(const std::string& remote, const v1::OrphanedUpload& upload) {
  json value = {{"event", "upload"},
                {"remote", remote},
                {"bucket", upload.bucket()},
                {"key", upload.key()},
                {"upload_id", upload.upload_id()},
                {"initiate_time", TimeUtil::ToString(upload.initiate_time())},
                {"disposal", DisposalName(upload.disposal())}};
  if (upload.has_part_count()) value["part_count"] = upload.part_count();
  if (upload.has_stored_size()) value["stored_size"] = upload.stored_size();
  if (!upload.size_message().empty()) value["size_message"] = upload.size_message();
  if (!upload.failure_reason().empty() || !upload.failure_message().empty()) {
    value["failure"] = {{"reason", upload.failure_reason()}, {"message", upload.failure_message()}};
  }
  return value;
}

json ToJson(const std::string& remote, const v1::GarbageSummary& summary, bool dry_run) {
  return {{"event", "summary"},
          {"remote", remote},
          {"dry_run", dry_run},
          {"listed_count", summary.listed_count()},
          {"young_count", summary.young_count()},
          {"owned_count", summary.owned_count()},
          {"gone_count", summary.gone_count()},
          {"orphaned_count", summary.orphaned_count()},
          {"orphaned_size", summary.orphaned_size()},
          {"aborted_count", summary.aborted_count()},
          {"aborted_size", summary.aborted_size()},
          {"failed_count", summary.failed_count()}};
}

json ToJson(const std::string& remote, const v1::DiagnosticCheck& check) {
  json value = {{"event", "check"},
                {"remote", remote},
                {"bucket", check.bucket()},
                {"name", check.name()},
                {"outcome", OutcomeName(check.outcome())},
                {"message", check.message()}};
  if (!check.remedy().empty()) value["remedy"] = check.remedy();
  if (!check.failure_reason().empty()) value["reason"] = check.failure_reason();
  return value;
}

std::string DescribeOrphan(const std::string& remote, const v1::OrphanedUpload& upload) {
  std::string text = absl::StrFormat(
      "%-9s  %-20s  %-22s  %s  %s\n", DisposalName(upload.disposal()),
      TimeText(upload.initiate_time()), SizeText(upload), Printable(upload.upload_id()),
      Printable(FormatDestination({remote, upload.bucket(), upload.key()})));
  if (!upload.failure_message().empty()) {
    absl::StrAppend(&text, Indented(absl::StrCat(upload.failure_message(), " [",
                                                 upload.failure_reason(), "]")));
  }
  if (!upload.size_message().empty()) {
    absl::StrAppend(&text, Indented("its parts could not be listed: " + upload.size_message()));
  }
  return text;
}

std::string DescribeSummary(const v1::GarbageSummary& summary, bool dry_run) {
  const std::string done = dry_run ? "nothing was discarded (dry run)"
                                   : absl::StrCat(summary.aborted_count(), " discarded, ",
                                                  summary.failed_count(), " failed");
  return absl::StrCat(
      summary.orphaned_count(), " orphaned upload", summary.orphaned_count() == 1 ? "" : "s",
      " of ", FormatByteSize(summary.orphaned_size()), ": ", done, "; of ", summary.listed_count(),
      " listed, ", summary.young_count(), " were too young, ", summary.owned_count(),
      " belong to sessions, ", summary.gone_count(), " were gone\n");
}

std::string DescribeCheck(const v1::DiagnosticCheck& check) {
  std::string text = absl::StrFormat("%-7s  %-15s  %s\n", OutcomeName(check.outcome()),
                                     Printable(check.name()), Printable(check.message()));
  if (!check.remedy().empty()) {
    absl::StrAppend(&text,
                    absl::StrFormat("%-7s  %-15s  -> %s\n", "", "", Printable(check.remedy())));
  }
  return text;
}

}  // namespace penstock::cli
