#include "client/connection.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/error.h"
#include "client/backoff.h"

namespace penstock {
namespace {

constexpr int kMaxMessageBytes = 4 * 1024 * 1024;
constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kConnectTimeoutMs = 10'000;
constexpr int kFirstReconnectMs = 200;
constexpr int kMaxReconnectMs = 3'000;

// Pauses between repetitions of a call: the first, what doubling leads to, and all together.
constexpr absl::Duration kFirstPause = absl::Milliseconds(100);
constexpr absl::Duration kLongestPause = absl::Seconds(5);
constexpr absl::Duration kPatience = absl::Seconds(30);

// The serialized google.rpc.Status, which gRPC strips from the status of some releases and leaves
// in the trailer.
std::string DetailsOf(const grpc::Status& status, const grpc::ClientContext& context) {
  if (!status.error_details().empty()) return status.error_details();
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto details = trailers.find("grpc-status-details-bin");
  if (details == trailers.end()) return "";
  return {details->second.data(), details->second.size()};
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // A stream that waits for the backend carries no data for a while: ping all the same.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // gRPC's own pause between attempts to connect goes up to 2 minutes; ours decides.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  // The name misleads: this is how long one attempt to connect may take.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

absl::Status ToStatus(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.ok()) return absl::OkStatus();
  return DecodeStatusDetails(static_cast<absl::StatusCode>(status.error_code()),
                             status.error_message(), DetailsOf(status, context));
}

bool IsTransportError(const absl::Status& status) {
  if (!ErrorReason(status).empty()) return false;
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kInternal:          // a reset stream
    case absl::StatusCode::kUnknown:           // a connection that went away at a bad moment
    case absl::StatusCode::kCancelled:         // a server that was stopped
    case absl::StatusCode::kDeadlineExceeded:  // somebody on the way
      return true;
    default:
      return false;
  }
}

bool CanTryAgain(const absl::Status& status) {
  return RetryDelay(status).has_value() || IsTransportError(status);
}

absl::Status AfterAnswers(const absl::Status& status) {
  if (!IsTransportError(status)) return status;
  return MakeError(
      absl::StatusCode::kUnavailable, "CONNECTION_LOST",
      absl::StrCat("the connection was lost among the answers: ", std::string(status.message())));
}

Connection::Connection(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) Add(address, MakeChannel(address));
}

Connection::Connection(const std::shared_ptr<grpc::ChannelInterface>& channel) {
  Add("the given channel", channel);
}

void Connection::Add(const std::string& address,
                     const std::shared_ptr<grpc::ChannelInterface>& channel) {
  servers_.push_back({address, v1::PutService::NewStub(channel),
                      v1::MaintenanceService::NewStub(channel),
                      v1::ObjectService::NewStub(channel)});
}

absl::Status Connection::Call(
    const std::function<grpc::Status(v1::PutService::Stub&, grpc::ClientContext&)>& call,
    absl::Duration timeout) {
  return Try(
      [&call](Server& server, grpc::ClientContext& context) { return call(*server.put, context); },
      timeout);
}

absl::Status Connection::CallObjects(
    const std::function<grpc::Status(v1::ObjectService::Stub&, grpc::ClientContext&)>& call,
    absl::Duration timeout) {
  return Try([&call](Server& server,
                     grpc::ClientContext& context) { return call(*server.objects, context); },
             timeout);
}

absl::Status Connection::Try(const std::function<grpc::Status(Server&, grpc::ClientContext&)>& call,
                             absl::Duration timeout) {
  Backoff backoff(kFirstPause, kLongestPause);
  absl::Duration patience = kPatience;
  while (true) {
    const absl::Status status = TryEachServer(call, timeout);
    const std::optional<absl::Duration> asked = RetryDelay(status);
    // A call that ran out of time had all that it was given.
    const bool lost = answered_ && IsTransportError(status) &&
                      status.code() != absl::StatusCode::kDeadlineExceeded;
    if (!asked.has_value() && !lost) return status;
    const absl::Duration pause = backoff.Next(asked);
    if (pause > patience) return status;
    patience -= pause;
    if (asked.has_value()) UseNext();  // it may drain
    if (Pause(pause)) {
      return MakeError(absl::StatusCode::kCancelled, "CANCELLED", "stopped on request");
    }
  }
}

// True: stopped.
bool Connection::Pause(absl::Duration pause) const {
  if (stop_ != nullptr) return stop_->WaitForNotificationWithTimeout(pause);
  absl::SleepFor(pause);
  return false;
}

absl::Status Connection::TryEachServer(
    const std::function<grpc::Status(Server&, grpc::ClientContext&)>& call,
    absl::Duration timeout) {
  absl::Status status;
  for (size_t attempt = 0; attempt < servers_.size(); ++attempt) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    status = ToStatus(call(servers_[current_], context), context);
    if (!IsTransportError(status)) {
      answered_ = true;
      return status;
    }
    status = WithPrefix(status, absl::StrCat("server ", address()));
    UseNext();
  }
  return status;
}

}  // namespace penstock
