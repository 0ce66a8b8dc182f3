#ifndef PENSTOCK_SERVER_FAULT_POINTS_H_
#define PENSTOCK_SERVER_FAULT_POINTS_H_

// Fault points (base/fault_point.h) around everything that a session asks of the store and of its
// backend, and around what is done to whole objects. A server is wrapped in them only when some are
// armed; otherwise none of this exists.

#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/fault_point.h"
#include "plugin/backend.h"
#include "server/store/session_store.h"

namespace penstock {

// Every point of a server: `WRITE.before` and `WRITE.after` for each write to the store,
// `CALL.before` and `CALL.after` for each call of a backend, and a moment for each kind of frame
// that is sent to a client.
std::vector<std::string> FaultPointNames();

// The store with points around its writes. What fails before its effect answers kUnavailable, what
// fails after it kUnknown. `executor`, which answers the former, must outlive it.
std::unique_ptr<SessionStore> WithFaultPoints(std::unique_ptr<SessionStore> store,
                                              Executor& executor);

// The backend with points around its calls, which fail with UNAVAILABLE. `executor`, which answers
// what fails before its effect, must outlive it.
std::unique_ptr<Backend> WithFaultPoints(std::unique_ptr<Backend> backend, Executor& executor);

// The calls of a backend that have points.
inline constexpr const char* kBackendCallNames[] = {
    "initiate", "upload_part", "complete", "abort_upload", "prepare_put", "send_put",      "stat",
    "delete",   "delete_many", "read",     "list",         "copy",        "set_attributes"};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_FAULT_POINTS_H_
