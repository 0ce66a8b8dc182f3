#include "client/cli/session_text.h"

#include <google/protobuf/util/time_util.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/byte_size.h"
#include "base/error.h"
#include "client/cli/destination.h"
#include "client/cli/json_events.h"
#include "client/cli/terminal.h"

namespace penstock::cli {
namespace {

using google::protobuf::util::TimeUtil;

constexpr char kPrefix[] = "STATE_";

std::string NameOf(const v1::ObjectSpec& object) {
  return Printable(FormatDestination({object.remote(), object.bucket(), object.key()}));
}

// To the second, in UTC.
std::string TimeText(const google::protobuf::Timestamp& time) {
  google::protobuf::Timestamp seconds;
  seconds.set_seconds(time.seconds());
  return TimeUtil::ToString(seconds);
}

std::string Line(const std::string& name, const std::string& value) {
  return absl::StrFormat("  %-10s  %s\n", name, Printable(value));
}

}  // namespace

std::string StateName(v1::Session::State state) {
  if (state == v1::Session::STATE_UNSPECIFIED || !v1::Session::State_IsValid(state)) {
    return "unknown";
  }
  return absl::AsciiStrToLower(v1::Session::State_Name(state).substr(sizeof kPrefix - 1));
}

absl::StatusOr<v1::Session::State> ParseState(const std::string& name) {
  v1::Session::State state = v1::Session::STATE_UNSPECIFIED;
  if (v1::Session::State_Parse(absl::StrCat(kPrefix, absl::AsciiStrToUpper(name)), &state) &&
      state != v1::Session::STATE_UNSPECIFIED) {
    return state;
  }
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_STATE",
                   absl::StrCat("expected open, finishing, finished, aborted, failed or expired, "
                                "got \"",
                                name, "\""),
                   {{"got", name}});
}

std::string CommittedText(const v1::Session& session) {
  std::string committed = FormatByteSize(session.committed_size());
  if (!session.object().has_total_size()) return committed;
  const int64_t total = session.object().total_size();
  if (total <= 0) return absl::StrCat(committed, " of ", FormatByteSize(total));
  const auto percent = static_cast<int>(static_cast<double>(session.committed_size()) /
                                        static_cast<double>(total) * 100);
  return absl::StrCat(committed, " of ", FormatByteSize(total), " (", percent, "%)");
}

std::string DescribeSession(const v1::Session& session) {
  std::string text = absl::StrCat(NameOf(session.object()), "\n");
  absl::StrAppend(&text, Line("state", absl::StrCat(StateName(session.state()),
                                                    session.connected() ? ", connected" : "")));
  absl::StrAppend(&text,
                  Line("committed", absl::StrCat(CommittedText(session), ", CRC-64 ",
                                                 FormatCrc64(session.committed_crc64_ecma()))));
  absl::StrAppend(&text, Line("parts", absl::StrCat(session.part_count())));
  if (session.has_create_time()) {
    absl::StrAppend(&text, Line("created", TimeText(session.create_time())));
  }
  if (session.has_update_time()) {
    absl::StrAppend(&text, Line("updated", TimeText(session.update_time())));
  }
  if (session.has_expire_time()) {
    absl::StrAppend(&text, Line("expires", TimeText(session.expire_time())));
  }
  if (!session.failure_reason().empty()) {
    absl::StrAppend(&text, Line("failure", absl::StrCat(session.failure_message(), " [",
                                                        session.failure_reason(), "]")));
  }
  if (session.has_result()) {
    const v1::StoredObject& object = session.result();
    absl::StrAppend(&text, Line("object", absl::StrCat(FormatByteSize(object.size()), ", CRC-64 ",
                                                       FormatCrc64(object.crc64_ecma()), ", ETag ",
                                                       object.etag())));
  }
  absl::StrAppend(&text, Line("session id", session.session_id()));
  return text;
}

std::string SessionRow(const v1::Session& session) {
  return absl::StrFormat("%-9s  %-28s  %-20s  %s  %s", StateName(session.state()),
                         CommittedText(session), TimeText(session.update_time()),
                         session.session_id(), NameOf(session.object()));
}

std::string DescribeRemote(const v1::Remote& remote) {
  std::string text = absl::StrCat(Printable(remote.name()), " (", remote.backend(), ")\n");
  absl::StrAppend(&text, Line("parts", absl::StrCat(FormatByteSize(remote.min_part_size()), " to ",
                                                    FormatByteSize(remote.max_part_size()),
                                                    ", up to ", remote.max_part_count())));
  absl::StrAppend(&text,
                  Line("objects", absl::StrCat("up to ", FormatByteSize(remote.max_known_length()),
                                               "; of unknown length up to ",
                                               FormatByteSize(remote.max_unknown_length()))));
  absl::StrAppend(
      &text, Line("CRC-64", remote.reports_crc64() ? "also from the backend" : "of Penstock only"));
  absl::StrAppend(&text,
                  Line("overwrite", remote.overwrite_protection() == v1::OVERWRITE_PROTECTION_ATOMIC
                                        ? "can be forbidden"
                                        : "cannot be forbidden"));
  for (const v1::BackendOption& option : remote.options()) {
    absl::StrAppend(&text, Line("option", absl::StrCat(option.name(), ": ", option.help())));
  }
  return text;
}

}  // namespace penstock::cli
