// Effects as the tests of the session core read them.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/error.h"
#include "server/session/session_test_util.h"

namespace penstock {
namespace {

const char* NameOf(SessionState state) {
  switch (state) {
    case SessionState::kOpen:
      return "open";
    case SessionState::kFinishing:
      return "finishing";
    case SessionState::kFailed:
      return "failed";
    default:
      return "?";
  }
}

const char* NameOf(SessionTimer timer) {
  switch (timer) {
    case SessionTimer::kTick:
      return "tick";
    case SessionTimer::kAge:
      return "age";
    case SessionTimer::kLinger:
      return "linger";
    case SessionTimer::kRetryStore:
      return "retry store";
    case SessionTimer::kRetryPublish:
      return "retry publish";
  }
  return "?";
}

struct DescribeWrite {
  std::string operator()(const CreateSession& write) const {
    return absl::StrCat("create ", NameOf(write.record.state));
  }
  std::string operator()(const ClaimSession& write) const {
    return write.keep.has_value() ? "claim keeping" : "claim";
  }
  std::string operator()(const SetUpload& write) const {
    return absl::StrCat("set upload ", write.upload_id);
  }
  std::string operator()(const CommitParts& write) const {
    std::vector<int32_t> numbers;
    for (const PartRecord& row : write.rows) numbers.push_back(row.number);
    return absl::StrCat("commit ", absl::StrJoin(numbers, ","));
  }
  std::string operator()(const SaveTail& write) const {
    return absl::StrCat("save tail ", write.bytes);
  }
  std::string operator()(const TouchSession&) const { return "touch"; }
  std::string operator()(const SealSession&) const { return "seal"; }
  std::string operator()(const RenewPut&) const { return "renew"; }
  std::string operator()(const FinishSession&) const { return "record finished"; }
  std::string operator()(const FailSession& write) const {
    return absl::StrCat("record failed ", write.reason);
  }
  std::string operator()(const AbortSession&) const { return "abort"; }
  std::string operator()(const ExpireSession&) const { return "expire"; }
  std::string operator()(const StartOver&) const { return "start over"; }
  std::string operator()(const UploadAborted&) const { return "upload aborted"; }
  std::string operator()(const UploadNotAborted&) const { return "upload not aborted"; }
  std::string operator()(const ForgetSession&) const { return "forget"; }
};

struct DescribeFrame {
  std::string operator()(const OpenedFrame& frame) const {
    return absl::StrCat("opened ", frame.resume_offset);
  }
  std::string operator()(const ProgressFrame& frame) const {
    return absl::StrCat("progress ", frame.committed_size, "/", frame.received_size);
  }
  std::string operator()(const DrainingFrame& frame) const {
    return absl::StrCat("draining ", frame.committed_size);
  }
  std::string operator()(const FinishedFrame& frame) const {
    return frame.replayed ? "finished before" : "finished";
  }
};

struct Describer {
  std::string operator()(const SendFrame& effect) const {
    return std::visit(DescribeFrame(), effect.frame);
  }
  std::string operator()(const ReadFrame&) const { return "read"; }
  std::string operator()(const CloseStream& effect) const {
    return effect.status.ok() ? "close OK" : absl::StrCat("close ", ErrorReason(effect.status));
  }
  std::string operator()(const AdoptStream&) const { return "adopt"; }
  std::string operator()(const RefuseStream& effect) const {
    return absl::StrCat("refuse ", ErrorReason(effect.status));
  }
  std::string operator()(const PassOn&) const { return "pass on"; }
  std::string operator()(const WriteStore& effect) const {
    return std::visit(DescribeWrite(), effect.write);
  }
  std::string operator()(const ReadStore&) const { return "look up"; }
  std::string operator()(const InitiateUpload&) const { return "initiate"; }
  std::string operator()(const UploadPart& effect) const {
    return absl::StrCat("part ", effect.number, " ", effect.body->ToString());
  }
  std::string operator()(const PreparePut& effect) const {
    return absl::StrCat("prepare ", effect.body->ToString());
  }
  std::string operator()(const SendPut&) const { return "put"; }
  std::string operator()(const CompleteUpload& effect) const {
    return absl::StrCat("complete ", effect.upload_id, " ",
                        absl::StrJoin(effect.parts, ",", [](std::string* out, const auto& part) {
                          absl::StrAppend(out, part.number, ":", part.etag);
                        }));
  }
  std::string operator()(const DescribeObject&) const { return "head"; }
  std::string operator()(const DiscardUpload& effect) const {
    return absl::StrCat("discard ", effect.upload.upload_id);
  }
  std::string operator()(const AskMemory& effect) const {
    return absl::StrCat("ask ", effect.bytes, effect.new_part ? " for a new part" : "");
  }
  std::string operator()(const SetTimer& effect) const {
    return absl::StrCat(NameOf(effect.timer), " ", absl::FormatDuration(effect.delay));
  }
  std::string operator()(const BecameOwner&) const { return "owner"; }
  std::string operator()(const Release&) const { return "release"; }
};

}  // namespace

std::string DescribeEffect(const SessionEffect& effect) { return std::visit(Describer(), effect); }

}  // namespace penstock
