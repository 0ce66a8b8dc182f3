#ifndef PENSTOCK_CLIENT_CLI_SESSION_TEXT_H_
#define PENSTOCK_CLIENT_CLI_SESSION_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "penstock/v1/put.pb.h"

namespace penstock::cli {

// "open", "finishing", "finished", "aborted", "failed", "expired"; "unknown" for any other.
std::string StateName(v1::Session::State state);

// The inverse, in any case. INVALID_ARGUMENT / BAD_STATE.
absl::StatusOr<v1::Session::State> ParseState(const std::string& name);

// "12.4 GiB of 19.7 GiB (62%)", "12.4 GiB".
std::string CommittedText(const v1::Session& session);

// Several lines with all that a person asks about one session, each ended.
std::string DescribeSession(const v1::Session& session);

// One line for a list: state, committed bytes, last update, session id, name of the object.
std::string SessionRow(const v1::Session& session);

// Several lines about one remote, each ended.
std::string DescribeRemote(const v1::Remote& remote);

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_SESSION_TEXT_H_
