#ifndef PENSTOCK_PLUGIN_EXPLANATION_H_
#define PENSTOCK_PLUGIN_EXPLANATION_H_

// What the failure of an operation is due to, and what an operator can do about it.

#include <string>

#include "absl/status/status.h"

namespace penstock {

// What is to blame. All but the last concern every request alike.
enum class Blame {
  kEndpoint,     // nobody answers, or somebody who is no such backend
  kClock,        // this machine's
  kCredentials,  // they are unknown, wrong or out of date
  kRegion,       // the bucket, if there is one, is elsewhere
  kBucket,       // it is not there
  kOperation,    // what was asked for: not allowed, not possible, or not now
};

struct Explanation {
  Blame blame = Blame::kOperation;
  bool tells = true;   // kOperation: the answer shows that nothing else is to blame
  std::string remedy;  // a sentence or two; empty: nothing is known
};

// The operations that Penstock needs of a remote, as they are named to operators.
inline constexpr char kListUploads[] = "list_uploads";
inline constexpr char kPutObject[] = "put_object";
inline constexpr char kStatObject[] = "stat_object";
inline constexpr char kInitiateUpload[] = "initiate_upload";
inline constexpr char kUploadPart[] = "upload_part";
inline constexpr char kListParts[] = "list_parts";
inline constexpr char kCompleteUpload[] = "complete_upload";
inline constexpr char kAbortUpload[] = "abort_upload";
inline constexpr char kDeleteObject[] = "delete_object";

// What a remote's backend can tell of the error of an operation by the reason alone.
Explanation ExplainByReason(const std::string& operation, const absl::Status& error);

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_EXPLANATION_H_
