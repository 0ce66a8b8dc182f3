#include "server/store/session_page.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/page_token.h"

namespace penstock {
namespace {

std::string TextOf(const SessionQuery& query, const std::string& last_session_id) {
  std::vector<int> states;
  for (const SessionState state : query.states) states.push_back(static_cast<int>(state));
  std::sort(states.begin(), states.end());
  std::string text = "penstock.page.v1";
  for (const std::string& field :
       {query.principal, query.remote, query.bucket, query.key_prefix, last_session_id}) {
    absl::StrAppend(&text, field.size(), ":", field);
  }
  for (const int state : states) absl::StrAppend(&text, state, ",");
  return text;
}

}  // namespace

int PageSize(const SessionQuery& query) {
  return query.page_size <= 0 ? kDefaultPageSize : std::min(query.page_size, kMaxPageSize);
}

std::string MakePageToken(const SessionQuery& query, const std::string& last_session_id) {
  return MakePageToken(last_session_id,
                       [&](const std::string& position) { return TextOf(query, position); });
}

absl::StatusOr<std::string> ReadPageToken(const SessionQuery& query) {
  return ReadPageToken(query.page_token,
                       [&](const std::string& position) { return TextOf(query, position); });
}

bool PageOfSessions::Add(SessionRecord record, size_t bytes) {
  const bool full = std::ssize(page_.sessions) >= PageSize(query_) || bytes_ + bytes > kMaxBytes;
  if (full && !page_.sessions.empty()) {
    page_.next_page_token = MakePageToken(query_, page_.sessions.back().session_id);
    return false;
  }
  bytes_ += bytes;
  page_.sessions.push_back(std::move(record));
  return true;
}

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) {
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  }
  return prefix;
}

}  // namespace penstock
