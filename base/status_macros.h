#ifndef PENSTOCK_BASE_STATUS_MACROS_H_
#define PENSTOCK_BASE_STATUS_MACROS_H_

// Early return on errors. Newer releases of abseil bring macros of this kind; Debian 12 has none.

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expression` from the enclosing function when it is not OK.
#define PENSTOCK_RETURN_IF_ERROR(expression)                                \
  do {                                                                      \
    if (absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

// Assigns the value of the StatusOr `expression` to `target`, or returns its status.
#define PENSTOCK_ASSIGN_OR_RETURN(target, expression) \
  PENSTOCK_ASSIGN_OR_RETURN_IMPL_(PENSTOCK_CONCAT_(statusor_, __LINE__), target, expression)
#define PENSTOCK_ASSIGN_OR_RETURN_IMPL_(statusor, target, expression) \
  auto statusor = (expression);                                       \
  if (!statusor.ok()) return std::move(statusor).status();            \
  target = std::move(statusor).value()
#define PENSTOCK_CONCAT_(a, b) PENSTOCK_CONCAT_IMPL_(a, b)
#define PENSTOCK_CONCAT_IMPL_(a, b) a##b

#endif  // PENSTOCK_BASE_STATUS_MACROS_H_
