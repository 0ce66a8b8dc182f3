// for each bucket, for each page of its uploads:
//   list                            the backend
//   leave out what is young
//   ask for the owners of the rest  the store; those that have one are left
//   kParallel at a time: list the parts, discard, tell

#include "server/session/garbage_collector.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/error.h"
#include "base/log.h"
#include "base/notification.h"
#include "base/status_macros.h"

namespace penstock {
namespace {

absl::Status Stopped() { return absl::CancelledError("the collection was stopped"); }

absl::Status ListDoesNotAdvance(const std::string& bucket) {
  return MakeError(absl::StatusCode::kUnavailable, kReasonUnavailable,
                   absl::StrCat("the list of uploads of bucket \"", bucket, "\" does not advance"),
                   {{"bucket", bucket}}, absl::Seconds(1));
}

// Begins `begin(i, done)` for 0 to count - 1 and waits for all answers.
template <typename T, typename Begin>
std::vector<absl::StatusOr<T>> AwaitAll(size_t count, Begin begin) {
  std::vector<absl::StatusOr<T>> answers(count);
  BlockingCounter missing(static_cast<int>(count));
  for (size_t i = 0; i < count; ++i) {
    begin(i, [&answers, &missing, i](absl::StatusOr<T> answer) {
      answers[i] = std::move(answer);
      missing.DecrementCount();
    });
  }
  missing.Wait();
  return answers;
}

void SetSize(const absl::StatusOr<std::vector<ListedPart>>& parts, OrphanedUpload& upload) {
  upload.size_error = parts.status();
  if (!parts.ok()) return;
  int64_t size = 0;
  for (const ListedPart& part : *parts) size += part.size;
  upload.part_count = static_cast<int32_t>(parts->size());
  upload.stored_size = size;
}

void Count(const OrphanedUpload& upload, GarbageSummary& summary) {
  const int64_t size = upload.stored_size.value_or(0);
  ++summary.orphaned_count;
  summary.orphaned_size += size;
  if (upload.disposal == Disposal::kFailed) ++summary.failed_count;
  if (upload.disposal != Disposal::kAborted) return;
  ++summary.aborted_count;
  summary.aborted_size += size;
}

void Log(const OrphanedUpload& upload) {
  log::Fields fields = {{"bucket", upload.object.bucket},
                        {"key", upload.object.key},
                        {"upload_id", upload.upload_id}};
  if (upload.disposal == Disposal::kAborted) log::Info("orphaned upload discarded", fields);
  if (upload.disposal != Disposal::kFailed) return;
  for (auto& field : log::FieldsOf(upload.error)) fields.push_back(std::move(field));
  log::Warning("an orphaned upload cannot be discarded", fields);
}

}  // namespace

absl::StatusOr<GarbageSummary> GarbageCollector::Run(const Scope& scope, const Hooks& hooks) {
  GarbageSummary summary;
  for (const std::string& bucket : scope.buckets) {
    std::string page;
    do {
      if (hooks.stopped()) return Stopped();
      PENSTOCK_ASSIGN_OR_RETURN(ListedUploads listed, Await<ListedUploads>([&](auto done) {
                                  backend_.ListUploads(bucket, scope.prefix, page, std::move(done));
                                }));
      if (!page.empty() && listed.next_page == page) return ListDoesNotAdvance(bucket);
      page = std::move(listed.next_page);
      PENSTOCK_ASSIGN_OR_RETURN(const std::vector<ListedUpload> orphans,
                                OrphansOf(scope, std::move(listed.uploads), summary));
      Dispose(bucket, orphans, scope.dry_run, hooks, summary);
    } while (!page.empty());
  }
  if (hooks.stopped()) return Stopped();
  return summary;
}

absl::StatusOr<std::vector<ListedUpload>> GarbageCollector::OrphansOf(
    const Scope& scope, std::vector<ListedUpload> listed, GarbageSummary& summary) {
  summary.listed_count += std::ssize(listed);
  summary.young_count +=
      static_cast<int64_t>(std::erase_if(listed, [&](const ListedUpload& upload) {
        return upload.initiate_time >= scope.initiated_before;
      }));
  // What is to be discarded is not left to the filter of somebody else.
  std::erase_if(listed, [&](const ListedUpload& upload) {
    return !absl::StartsWith(upload.key, scope.prefix);
  });
  if (listed.empty()) return listed;
  std::vector<std::string> ids;
  ids.reserve(listed.size());
  for (const ListedUpload& upload : listed) ids.push_back(upload.upload_id);
  PENSTOCK_ASSIGN_OR_RETURN(const std::set<std::string> owned,
                            Await<std::set<std::string>>([&](auto done) {
                              store_.OwnedUploads(std::move(ids), std::move(done));
                            }));
  summary.owned_count += static_cast<int64_t>(std::erase_if(
      listed, [&](const ListedUpload& upload) { return owned.contains(upload.upload_id); }));
  return listed;
}

void GarbageCollector::Dispose(const std::string& bucket, const std::vector<ListedUpload>& orphans,
                               bool dry_run, const Hooks& hooks, GarbageSummary& summary) {
  for (size_t first = 0; first < orphans.size() && !hooks.stopped(); first += kParallel) {
    std::vector<OrphanedUpload> group;
    const size_t end = std::min(orphans.size(), first + kParallel);
    for (size_t i = first; i < end; ++i) {
      OrphanedUpload& upload = group.emplace_back();
      upload.object = {bucket, orphans[i].key};
      upload.upload_id = orphans[i].upload_id;
      upload.initiate_time = orphans[i].initiate_time;
    }
    const auto parts = AwaitAll<std::vector<ListedPart>>(group.size(), [&](size_t i, auto done) {
      backend_.ListParts(group[i].object, group[i].upload_id, std::move(done));
    });
    std::vector<OrphanedUpload> there;
    for (size_t i = 0; i < group.size(); ++i) {
      if (ErrorReason(parts[i].status()) == kReasonNoSuchUpload) continue;
      SetSize(parts[i], group[i]);
      there.push_back(std::move(group[i]));
    }
    summary.gone_count += std::ssize(group) - std::ssize(there);
    if (hooks.stopped()) return;
    if (!dry_run) AbortAll(there);
    for (const OrphanedUpload& upload : there) {
      Count(upload, summary);
      Log(upload);
      hooks.tell(upload);
    }
  }
}

void GarbageCollector::AbortAll(std::vector<OrphanedUpload>& uploads) {
  const auto answers = AwaitAll<bool>(uploads.size(), [&](size_t i, auto done) {
    backend_.AbortUpload(uploads[i].object, uploads[i].upload_id,
                         [done = std::move(done)](absl::Status status) mutable {
                           std::move(done)(status.ok() ? absl::StatusOr<bool>(true)
                                                       : absl::StatusOr<bool>(std::move(status)));
                         });
  });
  for (size_t i = 0; i < uploads.size(); ++i) {
    uploads[i].error = answers[i].status();
    uploads[i].disposal = answers[i].ok() ? Disposal::kAborted : Disposal::kFailed;
  }
}

}  // namespace penstock
