#ifndef PENSTOCK_TESTS_SUPPORT_PENDING_H_
#define PENSTOCK_TESTS_SUPPORT_PENDING_H_

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/error.h"
#include "base/notification.h"
#include "plugin/backend.h"

namespace penstock::testing_support {

// An asynchronous call of a backend that was made and has perhaps not answered yet. Checks that it
// does not answer from within the call.
//
//   Pending<std::string> id([&](auto done) { backend.InitiateUpload(..., std::move(done)); });
//   ... other calls ...
//   absl::StatusOr<std::string> answer = id.Get();
template <typename T>
class Pending {
 public:
  template <typename Call>
  explicit Pending(Call call) : state_(std::make_shared<State>()) {
    const std::thread::id caller = std::this_thread::get_id();
    state_->calling = true;
    call(Done<T>([state = state_, caller](absl::StatusOr<T> answer) {
      // Who does not have a call may say so at once.
      if (std::this_thread::get_id() == caller && state->calling &&
          ErrorReason(answer.status()) != kReasonNotSupported) {
        ADD_FAILURE() << "the callback ran within the call";
      }
      state->answer.emplace(std::move(answer));
      state->answered.Notify();
    }));
    state_->calling = false;
  }

  // Waits for the answer, once.
  absl::StatusOr<T> Get() {
    if (!state_->answered.WaitForNotificationWithTimeout(absl::Minutes(2))) {
      ADD_FAILURE() << "the call does not answer";
      return absl::DeadlineExceededError("the call does not answer");
    }
    return *std::move(state_->answer);
  }

 private:
  struct State {
    std::atomic<bool> calling = false;
    std::optional<absl::StatusOr<T>> answer;  // written before `answered`
    Notification answered;
  };

  std::shared_ptr<State> state_;
};

// Makes a call that answers with a status, and waits.
template <typename Call>
absl::Status AwaitStatus(Call call) {
  return Pending<bool>([&](Done<bool> done) {
           call(DoneStatus([done = std::move(done)](absl::Status status) mutable {
             if (status.ok()) {
               std::move(done)(true);
             } else {
               std::move(done)(std::move(status));
             }
           }));
         })
      .Get()
      .status();
}

}  // namespace penstock::testing_support

#endif  // PENSTOCK_TESTS_SUPPORT_PENDING_H_
