#include "base/error.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "base/error_details.pb.h"
#include "base/utf8.h"

namespace penstock {
namespace {

// Public type URLs (googleapis, google/rpc/error_details.proto).
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

template <typename Message>
std::optional<Message> PayloadOf(const absl::Status& status, const char* url) {
  const auto payload = status.GetPayload(url);
  Message message;
  if (!payload.has_value() || !message.ParseFromString(std::string(*payload))) return std::nullopt;
  return message;
}

void SetRetryInfo(absl::Status& status, absl::Duration delay) {
  base::RetryInfo info;
  const int64_t nanos = absl::ToInt64Nanoseconds(std::max(delay, absl::ZeroDuration()));
  info.mutable_retry_delay()->set_seconds(nanos / 1'000'000'000);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  status.SetPayload(kRetryInfoUrl, absl::Cord(info.SerializeAsString()));
}

void AddDetail(base::RpcStatus& to, const absl::Status& from, const char* url) {
  const auto payload = from.GetPayload(url);
  if (!payload.has_value()) return;
  auto* any = to.add_details();
  any->set_type_url(url);
  any->set_value(std::string(*payload));
}

absl::Status CopyWithMessage(const absl::Status& status, const std::string& message) {
  absl::Status copy(status.code(), message);
  status.ForEachPayload(
      [&copy](absl::string_view url, const absl::Cord& value) { copy.SetPayload(url, value); });
  return copy;
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, const std::string& reason, const std::string& message,
                       const ErrorMetadata& metadata, std::optional<absl::Duration> retry_delay) {
  // Texts of others, such as what a backend answered, need not be UTF-8; a message whose `string`
  // is not cannot be read back, and the reason would be lost with it.
  absl::Status status(code, ToUtf8(message));
  base::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(kErrorDomain);
  for (const auto& [name, value] : metadata) {
    (*info.mutable_metadata())[ToUtf8(name)] = ToUtf8(value);
  }
  status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  if (retry_delay.has_value()) SetRetryInfo(status, *retry_delay);
  return status;
}

std::string ErrorReason(const absl::Status& status) {
  const auto info = PayloadOf<base::ErrorInfo>(status, kErrorInfoUrl);
  return info.has_value() ? info->reason() : std::string();
}

ErrorMetadata ErrorMetadataOf(const absl::Status& status) {
  const auto info = PayloadOf<base::ErrorInfo>(status, kErrorInfoUrl);
  if (!info.has_value()) return {};
  return {info->metadata().begin(), info->metadata().end()};
}

std::optional<absl::Duration> RetryDelay(const absl::Status& status) {
  const auto info = PayloadOf<base::RetryInfo>(status, kRetryInfoUrl);
  if (!info.has_value()) return std::nullopt;
  return absl::Seconds(info->retry_delay().seconds()) +
         absl::Nanoseconds(info->retry_delay().nanos());
}

absl::Status WithRetryDelay(const absl::Status& status, std::optional<absl::Duration> delay) {
  absl::Status copy = status;
  if (delay.has_value()) {
    SetRetryInfo(copy, *delay);
  } else {
    copy.ErasePayload(kRetryInfoUrl);
  }
  return copy;
}

absl::Status WithPrefix(const absl::Status& status, const std::string& prefix) {
  return CopyWithMessage(status, prefix + ": " + std::string(status.message()));
}

std::string ClipText(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  while (limit > 0 && continues(text[limit])) --limit;
  return text.substr(0, limit);
}

std::string EncodeStatusDetails(const absl::Status& status) {
  base::RpcStatus proto;
  proto.set_code(static_cast<int>(status.code()));
  const std::string message = ToUtf8({status.message().data(), status.message().size()});
  proto.set_message(message);
  AddDetail(proto, status, kErrorInfoUrl);
  AddDetail(proto, status, kRetryInfoUrl);
  if (proto.ByteSizeLong() <= kMaxStatusDetailsBytes) return proto.SerializeAsString();

  // Too long for a trailer: the reason and the retry delay matter most, so shorten the texts around
  // them.
  constexpr size_t kShort = 200;
  proto.set_message(ClipText(message, kShort));
  ErrorMetadata metadata = ErrorMetadataOf(status);
  for (auto& [name, value] : metadata) value = ClipText(value, kShort);
  while (metadata.size() > 8) metadata.erase(std::prev(metadata.end()));
  const absl::Status shorter =
      MakeError(status.code(), ErrorReason(status), proto.message(), metadata, RetryDelay(status));
  proto.clear_details();
  AddDetail(proto, shorter, kErrorInfoUrl);
  AddDetail(proto, shorter, kRetryInfoUrl);
  return proto.SerializeAsString();
}

absl::Status DecodeStatusDetails(absl::StatusCode code, const std::string& message,
                                 const std::string& details) {
  absl::Status status(code, message);
  base::RpcStatus proto;
  if (status.ok() || !proto.ParseFromString(details)) return status;
  for (const auto& any : proto.details()) {
    status.SetPayload(any.type_url(), absl::Cord(any.value()));
  }
  return status;
}

}  // namespace penstock
