#ifndef PENSTOCK_BASE_PAGE_TOKEN_H_
#define PENSTOCK_BASE_PAGE_TOKEN_H_

// Tokens of lists that are told a page at a time: a position, sealed together with the query that
// it is of, so that a token of another query is refused instead of misunderstood. No secret: a
// forged token shows nothing that another query of the same client would not show.

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace penstock {

// Writes down a query and a position of it, without ambiguity.
using PageText = absl::FunctionRef<std::string(const std::string& position)>;

// `position` in letters and digits, with the seal before it.
std::string MakePageToken(const std::string& position, PageText text);

// The position of a token; empty for an empty one, which is the first page. INVALID_ARGUMENT /
// BAD_PAGE_TOKEN when no page of this query gave it.
absl::StatusOr<std::string> ReadPageToken(const std::string& token, PageText text);

}  // namespace penstock

#endif  // PENSTOCK_BASE_PAGE_TOKEN_H_
