// The order of the checks: who answers, then what may be done.
//
//   list uploads                 endpoint, credentials, region, bucket follow from its answer
//   put, stat                    clock and CRC-64 follow from theirs
//   initiate, part, list, complete
//   initiate, abort
//   delete
//   and whatever happened: abort and delete what is left

#include "plugin/remote_diagnosis.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/await.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/explanation.h"

namespace penstock {
namespace {

constexpr char kClockCheck[] = "clock";
constexpr char kCrc64Check[] = "crc64";
constexpr char kCleanupCheck[] = "cleanup";

struct Link {
  Blame blame;
  const char* name;
  const char* in_order;
};

// What every request depends on.
constexpr std::array kChain = {
    Link{Blame::kEndpoint, "endpoint", "it answers"},
    Link{Blame::kClock, kClockCheck, ""},
    Link{Blame::kCredentials, "credentials", "they are known and accepted"},
    Link{Blame::kRegion, "region", "the bucket is there"},
    Link{Blame::kBucket, "bucket", "it exists"},
};

constexpr std::array kOperations = {kListUploads,    kPutObject,      kClockCheck,  kStatObject,
                                    kCrc64Check,     kInitiateUpload, kUploadPart,  kListParts,
                                    kCompleteUpload, kAbortUpload,    kDeleteObject};

// An attempt to put that met a clock or credentials that were mended just now is made once more.
constexpr int kPutAttempts = 2;

absl::Status Unexpected(const std::string& what) {
  return MakeError(absl::StatusCode::kInternal, "UNEXPECTED_ANSWER", what);
}

// The checks of one bucket.
class Examination {
 public:
  Examination(Backend& backend, const BackendInfo& kind, const Clock& clock, RandomSource& random,
              ObjectName object, const RemoteDiagnosis::Hooks& hooks)
      : backend_(backend),
        kind_(kind),
        clock_(clock),
        object_(std::move(object)),
        hooks_(hooks),
        mark_(ToHex(random.Bytes(16))),
        body_(MakeBuffer(absl::StrCat("penstock doctor ", mark_))) {}

  void Run() {
    if (Contact()) {
      using Step = void (Examination::*)();
      for (const Step step :
           {&Examination::CheckPut, &Examination::CheckStat, &Examination::CheckUpload,
            &Examination::CheckAbort, &Examination::CheckDelete}) {
        if (hooks_.stopped()) break;
        (this->*step)();
      }
    }
    SkipRest();
    CleanUp();
  }

 private:
  Explanation Explain(const std::string& operation, const absl::Status& error) const {
    return kind_.explain ? kind_.explain(operation, error) : ExplainByReason(operation, error);
  }

  void Tell(const std::string& name, CheckOutcome outcome, const std::string& message,
            const std::string& remedy = "", const std::string& reason = "") {
    told_.insert(name);
    if (outcome == CheckOutcome::kFailed) failed_.insert(name);
    if (!hooks_.stopped()) {
      hooks_.tell({object_.bucket, name, outcome, message, remedy, reason});
    }
  }
  void TellOk(const std::string& name, const std::string& message) {
    Tell(name, CheckOutcome::kOk, message);
  }
  void TellFailed(const std::string& name, const absl::Status& error, const std::string& remedy) {
    Tell(name, CheckOutcome::kFailed, std::string(error.message()), remedy, ErrorReason(error));
  }

  // Tells how an operation went; true when it went well.
  bool Judge(const char* operation, const absl::Status& status, const std::string& seen) {
    if (status.ok()) {
      TellOk(operation, seen);
    } else {
      TellFailed(operation, status, Explain(operation, status).remedy);
    }
    return status.ok();
  }

  bool Contact();
  void TellChain(const Explanation& explanation, const absl::Status& status);
  void CheckPut();
  void CheckStat();
  void CheckClock(const ObjectStat& stat);
  void CheckCrc64(const ObjectStat& stat);
  void CheckUpload();
  absl::Status CheckParts(const std::string& upload_id, const std::string& etag);
  void CheckAbort();
  void CheckDelete();
  std::string Obstacle() const;
  void SkipRest();
  void FindLostUploads();
  void CleanUp();

  absl::StatusOr<ListedUploads> ListUploads();
  absl::StatusOr<ObjectStat> Put();
  absl::StatusOr<std::string> Initiate();
  absl::Status Abort(const std::string& upload_id);
  absl::Status Delete();

  Backend& backend_;
  const BackendInfo& kind_;
  const Clock& clock_;
  const ObjectName object_;
  const RemoteDiagnosis::Hooks& hooks_;
  const std::string mark_;
  const std::shared_ptr<const Buffer> body_;

  std::set<std::string> told_;
  std::set<std::string> failed_;
  bool object_may_exist_ = false;
  bool upload_may_be_lost_ = false;  // begun, perhaps, but its id did not come
  std::set<std::string> uploads_;    // that were begun and not ended
};

// The first request tells most of what can be wrong. False: any other would fail for the same.
bool Examination::Contact() {
  const absl::Status status = ListUploads().status();
  const Explanation explanation = status.ok() ? Explanation() : Explain(kListUploads, status);
  TellChain(explanation, status);
  if (explanation.blame != Blame::kOperation) return false;
  Judge(kListUploads, status, "multipart uploads are listed");
  return true;
}

// In which order a backend looks at these is its own affair: an answer that blames one of them
// proves of the others only that somebody answers.
void Examination::TellChain(const Explanation& explanation, const absl::Status& status) {
  const bool passed = explanation.blame == Blame::kOperation;
  for (const Link& link : kChain) {
    const bool is_kinds_own = link.blame == Blame::kCredentials || link.blame == Blame::kRegion;
    if (link.blame == explanation.blame) {
      TellFailed(link.name, status, explanation.remedy);
    } else if (!kind_.explain && is_kinds_own) {
      Tell(link.name, CheckOutcome::kSkipped, "this kind of remote has none");
    } else if (*link.in_order == '\0') {
      continue;  // told when it was measured
    } else if (passed && !explanation.tells) {
      Tell(link.name, CheckOutcome::kSkipped,
           absl::StrCat("the answer does not tell: ", std::string(status.message())));
    } else if (passed || link.blame == Blame::kEndpoint) {
      TellOk(link.name, link.in_order);
    }
  }
}

absl::StatusOr<ListedUploads> Examination::ListUploads() {
  return Await<ListedUploads>([this](auto done) {
    backend_.ListUploads(object_.bucket, object_.key, "", std::move(done));
  });
}

absl::StatusOr<ObjectStat> Examination::Put() {
  PENSTOCK_ASSIGN_OR_RETURN(const std::unique_ptr<PreparedPut> put,
                            Await<std::unique_ptr<PreparedPut>>([this](auto done) {
                              backend_.PreparePut(object_, {}, mark_, body_, std::move(done));
                            }));
  object_may_exist_ = true;
  return Await<ObjectStat>([&put](auto done) { put->Send(std::move(done)); });
}

void Examination::CheckPut() {
  absl::StatusOr<ObjectStat> stat = Put();
  for (int i = 1; i < kPutAttempts && absl::IsUnavailable(stat.status()); ++i) stat = Put();
  if (!Judge(kPutObject, stat.status(), absl::StrCat("\"", object_.key, "\" was put"))) return;
  CheckClock(*stat);
  CheckCrc64(*stat);
}

// The time of what was stored just now is the backend's.
void Examination::CheckClock(const ObjectStat& stat) {
  if (stat.update_time == absl::InfinitePast()) {
    Tell(kClockCheck, CheckOutcome::kSkipped, "the remote told no time");
    return;
  }
  const absl::Duration skew = stat.update_time - clock_.Now();
  const std::string message =
      absl::StrCat("the remote's is ", std::abs(absl::ToInt64Seconds(skew)), " s ",
                   skew < absl::ZeroDuration() ? "behind" : "ahead of", " this machine's");
  if (absl::AbsDuration(skew) <= kMaxClockSkew) {
    TellOk(kClockCheck, message);
  } else {
    Tell(
        kClockCheck, CheckOutcome::kFailed, message,
        "Set this machine's clock, for instance by NTP. Requests are signed with the remote's time "
        "as far as it is known, but ages are told by this clock.",
        "CLOCK_SKEW");
  }
}

void Examination::CheckCrc64(const ObjectStat& stat) {
  if (!backend_.capabilities().reports_crc64) {
    Tell(kCrc64Check, CheckOutcome::kSkipped, "this kind of remote reports none");
  } else if (stat.crc64 == body_->crc64()) {
    TellOk(kCrc64Check, "the remote's CRC-64 of what it stored is that of what was sent");
  } else if (stat.crc64.has_value()) {
    Tell(kCrc64Check, CheckOutcome::kFailed, "the remote stored other bytes than were sent",
         "Find out what changes bytes on the way to the remote.", kReasonChecksumMismatch);
  } else {
    Tell(kCrc64Check, CheckOutcome::kFailed,
         "the remote told no CRC-64 of what it stored: bytes that change on the way would be "
         "noticed only by whoever reads them",
         "See that no proxy takes headers from the remote's answers (of OSS: "
         "x-oss-hash-crc64ecma), or use an endpoint that tells it.",
         "NO_CRC64");
  }
}

void Examination::CheckStat() {
  if (failed_.contains(kPutObject)) return;
  absl::StatusOr<ObjectStat> stat =
      Await<ObjectStat>([this](auto done) { backend_.Stat(object_, std::move(done)); });
  if (stat.ok() && (stat->size != body_->size() || stat->mark != mark_)) {
    stat = Unexpected("what is described is not what was put");
  }
  Judge(kStatObject, stat.status(), "its size and metadata are as they were put");
}

absl::StatusOr<std::string> Examination::Initiate() {
  absl::StatusOr<std::string> upload_id = Await<std::string>(
      [this](auto done) { backend_.InitiateUpload(object_, {}, mark_, std::move(done)); });
  if (upload_id.ok()) uploads_.insert(*upload_id);
  if (!upload_id.ok() && OutcomeUnknown(upload_id.status())) upload_may_be_lost_ = true;
  return upload_id;
}

void Examination::CheckUpload() {
  const absl::StatusOr<std::string> upload_id = Initiate();
  if (!Judge(kInitiateUpload, upload_id.status(), "a multipart upload was begun")) return;
  const absl::StatusOr<std::string> etag = Await<std::string>(
      [&](auto done) { backend_.UploadPart(object_, *upload_id, 1, body_, std::move(done)); });
  if (!Judge(kUploadPart, etag.status(), "a part was stored")) return;
  Judge(kListParts, CheckParts(*upload_id, *etag), "the part is listed as it was stored");
  object_may_exist_ = true;
  absl::StatusOr<ObjectStat> stat = Await<ObjectStat>([&](auto done) {
    backend_.CompleteUpload(object_, *upload_id, {{1, *etag}}, {}, std::move(done));
  });
  if (stat.ok()) uploads_.erase(*upload_id);
  if (stat.ok() && (stat->size != body_->size() || stat->mark != mark_)) {
    stat = Unexpected("what was published is not what was uploaded");
  }
  Judge(kCompleteUpload, stat.status(), "the upload was published as an object");
}

absl::Status Examination::CheckParts(const std::string& upload_id, const std::string& etag) {
  PENSTOCK_ASSIGN_OR_RETURN(const std::vector<ListedPart> parts,
                            Await<std::vector<ListedPart>>([&](auto done) {
                              backend_.ListParts(object_, upload_id, std::move(done));
                            }));
  const bool same = parts.size() == 1 && parts[0].number == 1 && parts[0].etag == etag &&
                    parts[0].size == body_->size() &&
                    parts[0].crc64.value_or(body_->crc64()) == body_->crc64();
  return same ? absl::OkStatus() : Unexpected("the list is not that of the part that was stored");
}

absl::Status Examination::Abort(const std::string& upload_id) {
  return AwaitStatus([&](auto done) { backend_.AbortUpload(object_, upload_id, std::move(done)); });
}

void Examination::CheckAbort() {
  if (failed_.contains(kInitiateUpload)) return;
  const absl::StatusOr<std::string> upload_id = Initiate();
  const absl::Status status = upload_id.ok() ? Abort(*upload_id) : upload_id.status();
  if (Judge(kAbortUpload, status, "an upload was discarded")) uploads_.erase(*upload_id);
}

absl::Status Examination::Delete() {
  return AwaitStatus([this](auto done) { backend_.Delete(object_, std::move(done)); });
}

void Examination::CheckDelete() {
  const absl::Status status = Delete();
  if (Judge(kDeleteObject, status, absl::StrCat("\"", object_.key, "\" was deleted"))) {
    object_may_exist_ = false;
  }
}

// What was in the way of a check that was not made: the first that failed of those it needs.
std::string Examination::Obstacle() const {
  for (const Link& link : kChain) {
    if (failed_.contains(link.name) && !told_.contains(kListUploads)) return link.name;
  }
  for (const char* needed : {kPutObject, kInitiateUpload, kUploadPart}) {
    if (failed_.contains(needed)) return needed;
  }
  return "";
}

void Examination::SkipRest() {
  const std::string obstacle = Obstacle();
  const auto skip = [&](const char* name) {
    if (told_.contains(name)) return;
    Tell(name, CheckOutcome::kSkipped,
         obstacle.empty() ? "not made" : absl::StrCat("not made, for ", obstacle, " failed"));
  };
  for (const Link& link : kChain) skip(link.name);
  for (const char* operation : kOperations) skip(operation);
}

// Nobody else has uploads of this key.
void Examination::FindLostUploads() {
  const absl::StatusOr<ListedUploads> found = ListUploads();
  if (!found.ok()) return;
  for (const ListedUpload& upload : found->uploads) uploads_.insert(upload.upload_id);
}

void Examination::CleanUp() {
  if (upload_may_be_lost_) FindLostUploads();
  std::vector<std::string> left;
  absl::Status problem;
  for (const std::string& upload_id : uploads_) {
    const absl::Status status = Abort(upload_id);
    if (status.ok()) continue;
    problem = status;
    left.push_back(absl::StrCat("the multipart upload ", upload_id, " of \"", object_.key, "\""));
  }
  if (object_may_exist_) {
    const absl::Status status = Delete();
    if (!status.ok()) {
      problem = status;
      left.push_back(absl::StrCat("the object \"", object_.key, "\", if it was put"));
    }
  }
  if (problem.ok()) {
    TellOk(kCleanupCheck, "nothing is left behind");
    return;
  }
  Tell(kCleanupCheck, CheckOutcome::kFailed,
       absl::StrCat("left behind: ", absl::StrJoin(left, ", "), ": ",
                    std::string(problem.message())),
       "Remove it by other means; penstock gc discards uploads once they are old enough.",
       ErrorReason(problem));
}

}  // namespace

absl::Status RemoteDiagnosis::Run(const std::string& bucket, const std::string& prefix,
                                  const Hooks& hooks) {
  const ObjectName object = {bucket,
                             absl::StrCat(prefix, "penstock-doctor-", ToHex(random_.Bytes(16)))};
  PENSTOCK_RETURN_IF_ERROR(backend_.CheckObject(object, {}));
  Examination(backend_, kind_, clock_, random_, object, hooks).Run();
  return absl::OkStatus();
}

}  // namespace penstock
