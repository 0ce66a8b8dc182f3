// Page tokens: one that is accepted was made by us for this very query. The input is the query's
// remote, bucket and key prefix and a session id, a line each; what follows is the token.

#include "server/store/session_page.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock {
namespace {

void CheckOwnToken(SessionQuery query, const std::string& session_id) {
  query.page_token = MakePageToken(query, session_id);
  const auto read = ReadPageToken(query);
  FUZZ_CHECK(session_id.empty() || (read.ok() && *read == session_id));
  SessionQuery other = query;
  other.bucket += "x";
  FUZZ_CHECK(!ReadPageToken(other).ok());
}

void CheckGivenToken(SessionQuery query, const std::string& token) {
  query.page_token = token;
  const auto read = ReadPageToken(query);
  if (!read.ok() || token.empty()) return;
  FUZZ_CHECK(MakePageToken(query, *read) == token);
}

void CheckPrefixEnd(const std::string& prefix) {
  const std::string end = PrefixEnd(prefix);
  FUZZ_CHECK(end.empty() || (end > prefix && end > prefix + "\xff\xff"));
  FUZZ_CHECK(end.empty() || end.compare(0, prefix.size(), prefix) > 0);
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string rest = penstock::Text(data, size);
  penstock::SessionQuery query;
  query.remote = penstock::TakeLine(rest);
  query.bucket = penstock::TakeLine(rest);
  query.key_prefix = penstock::TakeLine(rest);
  const std::string session_id = penstock::TakeLine(rest);
  penstock::CheckOwnToken(query, session_id);
  penstock::CheckGivenToken(query, rest);
  penstock::CheckPrefixEnd(query.key_prefix);
  return 0;
}
