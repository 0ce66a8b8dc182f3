#ifndef PENSTOCK_PLUGIN_OSS_SIGNING_CLOCK_H_
#define PENSTOCK_PLUGIN_OSS_SIGNING_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/http/http_loop.h"
#include "plugin/oss/errors.h"

namespace penstock::oss {

// The time that requests are signed with: this machine's, corrected by what OSS said when it
// refused one for its time. A correction serves all requests of the remote. Thread-safe.
class SigningClock {
 public:
  // `clock` must outlive this.
  explicit SigningClock(const Clock& clock) : clock_(clock) {}

  // What OSS's clock shows, as far as is known.
  absl::Time Now() const;

  // Learns OSS's time from an answer that refused a request for its time, and what `error` says of
  // it: the Date header, or else the ServerTime of the body. False when neither is there, or OSS
  // did not give the answer: the clock of a proxy proves nothing.
  bool Correct(const HttpResponse& answer, const OssError& error);

 private:
  const Clock& clock_;
  std::atomic<int64_t> offset_nanos_ = 0;  // OSS's clock less this machine's
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_SIGNING_CLOCK_H_
