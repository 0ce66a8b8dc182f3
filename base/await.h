#ifndef PENSTOCK_BASE_AWAIT_H_
#define PENSTOCK_BASE_AWAIT_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/notification.h"

namespace penstock {

// Makes an asynchronous call and waits for its answer, for work that is one step after the other on
// a thread of its own. Never on a thread that answers run on.
//
//   absl::StatusOr<ObjectStat> stat =
//       Await<ObjectStat>([&](auto done) { backend.Stat(object, std::move(done)); });
template <typename T, typename Begin>
absl::StatusOr<T> Await(Begin begin) {
  struct State {
    absl::StatusOr<T> answer;
    Notification answered;
  };
  const auto state = std::make_shared<State>();
  begin(absl::AnyInvocable<void(absl::StatusOr<T>) &&>([state](absl::StatusOr<T> answer) {
    state->answer = std::move(answer);
    state->answered.Notify();
  }));
  state->answered.WaitForNotification();
  return std::move(state->answer);
}

// The same for calls that answer with a status.
template <typename Begin>
absl::Status AwaitStatus(Begin begin) {
  return Await<bool>([&begin](auto done) {
           begin(absl::AnyInvocable<void(absl::Status) &&>(
               [done = std::move(done)](absl::Status status) mutable {
                 std::move(done)(status.ok() ? absl::StatusOr<bool>(true)
                                             : absl::StatusOr<bool>(std::move(status)));
               }));
         })
      .status();
}

}  // namespace penstock

#endif  // PENSTOCK_BASE_AWAIT_H_
