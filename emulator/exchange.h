#ifndef PENSTOCK_EMULATOR_EXCHANGE_H_
#define PENSTOCK_EMULATOR_EXCHANGE_H_

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "emulator/service.h"

namespace penstock::emulator {

// Counts and sums up what is read of a body, and may keep its end back.
class CountingBody : public Body {
 public:
  explicit CountingBody(Body& body) : body_(body) {}
  std::optional<int64_t> length() const override { return body_.length(); }
  bool chunked() const override { return body_.chunked(); }
  Result<size_t> Read(char* data, size_t size) override;
  int64_t count() const { return count_; }
  uint64_t crc64() const { return crc64_; }

  // Reads no more than `bytes` at a time, and calls `pause` before each.
  void Throttle(size_t bytes, std::function<void()> pause) {
    piece_bytes_ = bytes;
    pause_ = std::move(pause);
  }

  // Calls `hold`, once, when the whole body has been read and before the reader learns of its end.
  void BeforeEnd(std::function<void()> hold) { before_end_ = std::move(hold); }

 private:
  Body& body_;
  int64_t count_ = 0;
  uint64_t crc64_ = 0;
  std::function<void()> before_end_;
  size_t piece_bytes_ = std::numeric_limits<size_t>::max();
  std::function<void()> pause_;
};

// One request on its way through the service: routing, faults of the clock, signature, bucket,
// other faults, the operation, the common headers, the journal. Used once, by one thread.
class Exchange {
 public:
  Exchange(Service& service, Request& request, Body& body);
  Outcome Run();

 private:
  Result<Reply> Perform();
  Failure Authorize();
  // AccessDenied when the requester must agree to pay and does not.
  Failure CheckPayer() const;
  // Applies what a fault does before the operation: nullopt to go on. With a fate other than
  // kSend the error returned is never seen.
  Failure FaultBeforeEffect();
  void ReadOfBody(int64_t bytes);
  // Applies what a fault does to a reply.
  void FaultAfterEffect(Reply& reply);
  Reply ErrorReply(const OssError& error) const;
  void AddCommonHeaders(Reply& reply) const;

  Service& service_;
  Request& request_;
  CountingBody body_;
  const absl::Time started_;
  absl::Time now_;  // started_, unless a fault moved the clock
  const std::string request_id_;
  Bucket* bucket_ = nullptr;  // of a request to a bucket, once it is found
  std::optional<Fault> fault_;
  Fate fate_ = Fate::kSend;
  JournalEntry entry_;
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_EXCHANGE_H_
