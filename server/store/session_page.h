#ifndef PENSTOCK_SERVER_STORE_SESSION_PAGE_H_
#define PENSTOCK_SERVER_STORE_SESSION_PAGE_H_

// How every store cuts a list of sessions into pages: in the order of session ids, each page
// beginning after the last id of the one before. An id never changes within a life, so that what
// comes and goes meanwhile neither hides another session nor shows one twice.

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "server/store/session_store.h"

namespace penstock {

inline constexpr int kDefaultPageSize = 100;
inline constexpr int kMaxPageSize = 1000;

// The number of sessions of a page: query.page_size within 1 and kMaxPageSize, or kDefaultPageSize
// when it is not positive.
int PageSize(const SessionQuery& query);

// The token of the page that begins after `last_session_id`. It is good for the same query only,
// whatever the page size.
std::string MakePageToken(const SessionQuery& query, const std::string& last_session_id);

// The session id after which the page of query.page_token begins; empty for the first page.
// INVALID_ARGUMENT / BAD_PAGE_TOKEN when no page of this query gave the token.
absl::StatusOr<std::string> ReadPageToken(const SessionQuery& query);

// A page that is being filled, in the order of session ids: up to the size that is asked for, and
// to so many bytes that the answer fits into a message of gRPC (4 MiB), but with one session at
// least.
class PageOfSessions {
 public:
  explicit PageOfSessions(SessionQuery query) : query_(std::move(query)) {}

  // `bytes`: of the record as a store encodes it. False when there is no room: then the page is
  // complete, and tells how to go on.
  bool Add(SessionRecord record, size_t bytes);

  SessionPage Take() && { return std::move(page_); }

  static constexpr size_t kMaxBytes = size_t{3} << 20;

 private:
  const SessionQuery query_;
  SessionPage page_;
  size_t bytes_ = 0;
};

// The least string above every string that begins with `prefix`, comparing bytes; empty when there
// is none.
std::string PrefixEnd(std::string prefix);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SESSION_PAGE_H_
