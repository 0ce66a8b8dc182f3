#ifndef PENSTOCK_TESTS_STRESS_PUT_ATTEMPT_H_
#define PENSTOCK_TESTS_STRESS_PUT_ATTEMPT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "base/mutex.h"
#include "server/session/put_stream.h"
#include "server/session/session_service.h"
#include "server/session/stream_input.h"

namespace penstock {

// One PutObject call without gRPC: opens a session and sends a content from the server's resume
// offset on, in chunks of random sizes. `content` must outlive it. Thread-safe, but Run is called
// once.
class PutAttempt final : public PutStream, public std::enable_shared_from_this<PutAttempt> {
 public:
  PutAttempt(const std::string& content, uint64_t seed) : content_(content), random_(seed) {}

  // Where the client is lost.
  struct Cut {
    int64_t after = 0;         // bytes sent by this attempt; the rest is never sent
    bool half_closed = false;  // the server sees the end of the input before the stream is lost
  };

  // Runs the call until the server closes it, or to the cut. Its status; nullopt when it was cut.
  // UNAVAILABLE / DRAINING also when the service takes no more streams.
  std::optional<absl::Status> Run(SessionService& service, const std::string& principal,
                                  const std::string& token, OpenFrame open, std::optional<Cut> cut);

  void Send(ServerFrame frame) override;
  void Read() override;
  void Close(const absl::Status& status) override;

 private:
  void Offer() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string& content_;

  Mutex mutex_;  // guards what follows
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<StreamInput> input_ ABSL_GUARDED_BY(mutex_);  // null: nothing is sent any more
  int64_t left_ ABSL_GUARDED_BY(mutex_) = 0;                    // bytes before the cut
  std::optional<int64_t> position_ ABSL_GUARDED_BY(mutex_);     // from `opened` on
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> closed_with_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace penstock

#endif  // PENSTOCK_TESTS_STRESS_PUT_ATTEMPT_H_
