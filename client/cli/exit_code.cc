#include "client/cli/exit_code.h"

#include <iterator>

#include "base/error.h"

namespace penstock::cli {
namespace {

struct ReasonRow {
  const char* reason;
  int exit_code;
  const char* next_step;
};

// Reasons whose code alone would say too little.
constexpr ReasonRow kReasons[] = {
    {"CANCELLED", kExitInterrupted, ""},
    {"NO_PROGRESS", kExitGaveUp,
     "Check that the server runs, then run the same command again: it resumes."},
    {"SOURCE_CHANGED", kExitChecksum,
     "Nothing was published. To put the source as it is now, use another token."},
    {"SEALED_CONTENT_DIFFERS", kExitChecksum, "Put the same content again, or use another token."},
    {"CHECKSUM_MISMATCH", kExitChecksum,
     "Do not trust the object; put it again under another token."},
    {"CONTENT_MISMATCH", kExitChecksum,
     "Nothing was published and the session has failed: put the source again under another token."},
    {"PUBLISHED_CONTENT_DIFFERS", kExitChecksum,
     "Do not trust the object; put it again under another token."},
    {"STALE_WRITER", kExitConflict,
     "Another process puts the same object. Let it finish, or stop it and run this command again."},
    {"STALE_OPEN", kExitConflict,
     "Another process puts the same object. Let it finish, or stop it and run this command again."},
    {"SPEC_MISMATCH", kExitConflict,
     "Use the options of the first run, abort the session (penstock abort), or use another token."},
    {"OBJECT_EXISTS", kExitConflict, "Use another key, or leave out --forbid-overwrite."},
    {"SESSION_NOT_FOUND", kExitNotFound,
     "The session ended too long ago, or never began: putting again starts from the beginning."},
    {"SESSION_ABORTED", kExitConflict, "Use another token to begin anew."},
    {"SESSION_EXPIRED", kExitConflict, "Use another token to begin anew."},
    {"UNKNOWN_REMOTE", kExitUsage, "Run penstock remotes to see what this server can store to."},
    {"OBJECT_TOO_LARGE", kExitUsage, "Use larger parts (--part-size) or a larger --replay-buffer."},
    {"REPLAY_BUFFER_TOO_SMALL", kExitUsage, "Use a larger --replay-buffer."},
    {"IS_A_DIRECTORY", kExitUsage,
     "Pipe an archive of it: tar c DIRECTORY | penstock put - DESTINATION. File by file: rclone, "
     "with Penstock's backend."},
    {"NOT_A_FILE", kExitUsage, "Pipe it: penstock put - DESTINATION < FILE."},
    {"SOURCE_NOT_REPLAYABLE", kExitOther,
     "Give the same bytes from the start again, with the same token."},
    {"READ_DIFFERS", kExitChecksum,
     "What came is discarded. Get it again; if that fails too, the object is damaged where it is "
     "stored."},
    {"OBJECT_CHANGED", kExitConflict,
     "The object is another one now: run the same command again to begin with that."},
    {"TARGET_EXISTS", kExitConflict, "Name another file, or leave out --no-clobber."},
    {"TARGET_BUSY", kExitConflict, "Let the other process finish."},
    {"NOT_CONFIRMED", kExitUsage, "Use --force to delete without being asked."},
    {"PART_NUMBERS_EXHAUSTED", kExitQuota, "Abort the session and put it with larger parts."},
};

struct CodeRow {
  absl::StatusCode code;
  int exit_code;
  const char* next_step;
};

constexpr CodeRow kCodes[] = {
    {absl::StatusCode::kInvalidArgument, kExitUsage, ""},
    {absl::StatusCode::kNotFound, kExitNotFound, ""},
    {absl::StatusCode::kPermissionDenied, kExitPermission, ""},
    {absl::StatusCode::kUnauthenticated, kExitPermission, ""},
    {absl::StatusCode::kUnavailable, kExitGaveUp,
     "Check that the server runs and its address is right."},
    {absl::StatusCode::kDeadlineExceeded, kExitGaveUp, "Try again later."},
    {absl::StatusCode::kAborted, kExitConflict, ""},
    {absl::StatusCode::kAlreadyExists, kExitConflict, ""},
    {absl::StatusCode::kResourceExhausted, kExitQuota, ""},
};

const ReasonRow* FindReason(const std::string& reason) {
  for (const ReasonRow& row : kReasons) {
    if (reason == row.reason) return &row;
  }
  return nullptr;
}

const CodeRow* FindCode(absl::StatusCode code) {
  for (const CodeRow& row : kCodes) {
    if (code == row.code) return &row;
  }
  return nullptr;
}

}  // namespace

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  // The contract's own mark of what can be resumed stands above every code.
  if (RetryDelay(status).has_value()) return kExitGaveUp;
  if (const ReasonRow* row = FindReason(ErrorReason(status))) return row->exit_code;
  if (const CodeRow* row = FindCode(status.code())) return row->exit_code;
  return kExitOther;
}

int CombineExitCodes(int first, int second) {
  for (const int overriding : {kExitInterrupted, kExitGaveUp}) {
    if (first == overriding || second == overriding) return overriding;
  }
  if (first == kExitOk || first == second) return second;
  return second == kExitOk ? first : kExitOther;
}

bool IsResumable(const absl::Status& status) {
  return ErrorReason(status) == "CANCELLED" || RetryDelay(status).has_value();
}

std::string NextStep(const absl::Status& status) {
  if (const ReasonRow* row = FindReason(ErrorReason(status))) return row->next_step;
  if (RetryDelay(status).has_value()) return "Run the same command again later: it resumes.";
  if (const CodeRow* row = FindCode(status.code())) return row->next_step;
  return "";
}

}  // namespace penstock::cli
