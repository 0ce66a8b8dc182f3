#include "server/rpc/maintenance_convert.h"

#include "base/error.h"
#include "base/utf8.h"
#include "server/rpc/convert.h"

namespace penstock {
namespace {

v1::OrphanedUpload::Disposal ToProto(Disposal disposal) {
  switch (disposal) {
    case Disposal::kWouldAbort:
      return v1::OrphanedUpload::DISPOSAL_WOULD_ABORT;
    case Disposal::kAborted:
      return v1::OrphanedUpload::DISPOSAL_ABORTED;
    case Disposal::kFailed:
      break;
  }
  return v1::OrphanedUpload::DISPOSAL_FAILED;
}

v1::DiagnosticCheck::Outcome ToProto(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::kOk:
      return v1::DiagnosticCheck::OUTCOME_OK;
    case CheckOutcome::kFailed:
      return v1::DiagnosticCheck::OUTCOME_FAILED;
    case CheckOutcome::kSkipped:
      break;
  }
  return v1::DiagnosticCheck::OUTCOME_SKIPPED;
}

// Keys and ids are what others put there, and texts may quote them.
v1::OrphanedUpload ToProto(const OrphanedUpload& upload) {
  v1::OrphanedUpload proto;
  proto.set_bucket(upload.object.bucket);
  proto.set_key(ToUtf8(upload.object.key));
  proto.set_upload_id(ToUtf8(upload.upload_id));
  *proto.mutable_initiate_time() = penstock::ToProto(upload.initiate_time);
  if (upload.part_count.has_value()) proto.set_part_count(*upload.part_count);
  if (upload.stored_size.has_value()) proto.set_stored_size(*upload.stored_size);
  proto.set_size_message(ToUtf8(std::string(upload.size_error.message())));
  proto.set_disposal(ToProto(upload.disposal));
  proto.set_failure_reason(ErrorReason(upload.error));
  proto.set_failure_message(ToUtf8(std::string(upload.error.message())));
  return proto;
}

v1::GarbageSummary ToProto(const GarbageSummary& summary) {
  v1::GarbageSummary proto;
  proto.set_listed_count(summary.listed_count);
  proto.set_young_count(summary.young_count);
  proto.set_owned_count(summary.owned_count);
  proto.set_gone_count(summary.gone_count);
  proto.set_orphaned_count(summary.orphaned_count);
  proto.set_orphaned_size(summary.orphaned_size);
  proto.set_aborted_count(summary.aborted_count);
  proto.set_aborted_size(summary.aborted_size);
  proto.set_failed_count(summary.failed_count);
  return proto;
}

}  // namespace

Maintenance::GarbageQuery FromProto(const v1::CollectGarbageRequest& request) {
  Maintenance::GarbageQuery query;
  query.remote = request.remote();
  query.bucket = request.bucket();
  query.prefix = request.prefix();
  if (request.has_older_than()) query.older_than = FromProto(request.older_than());
  query.dry_run = request.dry_run();
  return query;
}

v1::CollectGarbageResponse ToProto(const Maintenance::GarbageEvent& event) {
  v1::CollectGarbageResponse response;
  if (const auto* upload = std::get_if<OrphanedUpload>(&event)) {
    *response.mutable_upload() = ToProto(*upload);
  } else {
    *response.mutable_summary() = ToProto(std::get<GarbageSummary>(event));
  }
  return response;
}

v1::DiagnoseRemoteResponse ToProto(const RemoteCheck& check) {
  v1::DiagnoseRemoteResponse response;
  v1::DiagnosticCheck& proto = *response.mutable_check();
  proto.set_bucket(check.bucket);
  proto.set_name(check.name);
  proto.set_outcome(ToProto(check.outcome));
  proto.set_message(ToUtf8(check.message));
  proto.set_remedy(ToUtf8(check.remedy));
  proto.set_failure_reason(check.reason);
  return response;
}

}  // namespace penstock
