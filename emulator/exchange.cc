#include "emulator/exchange.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/time/clock.h"
#include "base/checksum.h"
#include "emulator/authentication_errors.h"
#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

// Another value of the same form.
std::string Altered(const std::string& name, const std::string& value) {
  std::string altered = value;
  if (name == "ETag") {
    altered[1] = altered[1] == '0' ? '1' : '0';  // behind the quote
  } else {
    altered.back() = altered.back() == '0' ? '1' : '0';
  }
  return altered;
}

// Replaces the value of a header, also where the XML repeats it.
void AlterHeader(const std::string& name, Reply& reply) {
  for (auto& [header, value] : reply.headers) {
    if (header != name) continue;
    const std::string altered = Altered(name, value);
    const size_t found = reply.body.find(value);
    if (found != std::string::npos) reply.body.replace(found, value.size(), altered);
    value = altered;
  }
}

}  // namespace

Result<size_t> CountingBody::Read(char* data, size_t size) {
  if (pause_) pause_();
  Result<size_t> read = body_.Read(data, std::min(size, piece_bytes_));
  if (!read.ok()) return read;
  count_ += static_cast<int64_t>(read.value());
  crc64_ = ExtendCrc64(crc64_, {data, read.value()});
  if (read.value() == 0 && before_end_) std::exchange(before_end_, nullptr)();
  return read;
}

Exchange::Exchange(Service& service, Request& request, Body& body)
    : service_(service),
      request_(request),
      body_(body),
      started_(absl::Now()),
      now_(started_),
      request_id_(RandomUpperHex(12)) {
  entry_.time = started_;
  entry_.method = request.method;
  entry_.operation = "Unknown";
  entry_.request_id = request_id_;
  entry_.effect = "none";
}

Outcome Exchange::Run() {
  Outcome outcome;
  const Result<Reply> result = Perform();
  if (result.ok()) {
    outcome.reply = result.value();
    entry_.effect = outcome.reply.effect;
  } else {
    outcome.reply = ErrorReply(result.error());
    entry_.code = result.error().code;
    entry_.effect = result.error().effect;
  }
  if (fault_) FaultAfterEffect(outcome.reply);
  AddCommonHeaders(outcome.reply);
  outcome.fate = fate_;
  entry_.status = fate_ == Fate::kReset ? 0 : outcome.reply.status;
  if (fate_ == Fate::kReset) entry_.code.clear();
  entry_.bytes = body_.count();
  entry_.crc64 = body_.crc64();
  service_.journal().Append(entry_);
  if (fault_ && fault_->kind == FaultKind::kSlowDrip) outcome.drip = fault_;
  if (fault_ && fault_->kind == FaultKind::kHold) service_.faults().Hold(*fault_);
  return outcome;
}

Result<Reply> Exchange::Perform() {
  EMULATOR_RETURN_IF_ERROR(ParseTarget(request_));
  EMULATOR_RETURN_IF_ERROR(Route(service_.options().routing, request_));
  entry_.bucket = request_.bucket;
  entry_.key = request_.key;
  entry_.upload_id = request_.QueryOr("uploadId", "");
  entry_.part_number =
      static_cast<int>(ParseNumber(request_.QueryOr("partNumber", ""), 1000000).value_or(0));
  EMULATOR_ASSIGN_OR_RETURN(const Operation* operation, Identify(request_));
  entry_.operation = operation->name;
  EMULATOR_RETURN_IF_ERROR(Authorize());
  EMULATOR_RETURN_IF_ERROR(CheckSupported(*operation, request_));
  if (operation->run != nullptr) {
    bucket_ = service_.FindBucket(request_.bucket);
    if (bucket_ == nullptr) return NoSuchBucket(request_.bucket);
    EMULATOR_RETURN_IF_ERROR(CheckPayer());
  }
  fault_ = service_.faults().Take({entry_.operation, entry_.key, entry_.part_number}, false);
  if (fault_) {
    entry_.fault = FaultName(fault_->kind);
    EMULATOR_RETURN_IF_ERROR(FaultBeforeEffect());
  }
  const ReplyOptions& options = service_.options().reply;
  if (operation->run == nullptr) {
    ServiceCall call{request_, service_.buckets(), options};
    return operation->run_of_service(call);
  }
  Call call{request_, *bucket_, service_.buckets(), body_, options, now_};
  return operation->run(call);
}

Failure Exchange::CheckPayer() const {
  constexpr char kPayer[] = "x-oss-request-payer";
  const std::string payer = request_.HeaderOr(kPayer, request_.QueryOr(kPayer, ""));
  if (!payer.empty() && payer != "requester") {
    return InvalidArgument("The payer can only be the requester.", kPayer, payer);
  }
  if (bucket_->options().requester_pays && payer.empty()) {
    return AccessDenied("The bucket is a requester pays bucket: the request lacks " +
                        std::string(kPayer) + ".");
  }
  return std::nullopt;
}

Failure Exchange::Authorize() {
  const auto skew =
      service_.faults().Take({entry_.operation, entry_.key, entry_.part_number}, true);
  if (skew) {
    entry_.fault = FaultName(skew->kind);
    if (skew->delay_ms == 0) {
      return RequestTimeTooSkewed(request_.HeaderOr("x-oss-date", ""), now_);
    }
    now_ += absl::Milliseconds(skew->delay_ms);
  }
  return Authenticate(*service_.credential(), request_, now_);
}

Failure Exchange::FaultBeforeEffect() {
  switch (fault_->kind) {
    case FaultKind::kResetBeforeEffect:
      // Of a request whose body it has not sent a client may know that it had no effect.
      ReadOfBody(std::numeric_limits<int64_t>::max());
      fate_ = Fate::kReset;
      return InternalError("reset");
    case FaultKind::kResetMidBody:
      // Of a chunked body half is not known: the first piece of it.
      ReadOfBody(body_.length() ? *body_.length() / 2 : 1);
      fate_ = Fate::kReset;
      return InternalError("reset");
    case FaultKind::kError:
      return OssError{fault_->status, fault_->code, "The fault that a test asked for.", kUnknownEc};
    case FaultKind::kDelay:
    case FaultKind::kQosDelay:
      service_.faults().Sleep(absl::Milliseconds(fault_->delay_ms));
      return std::nullopt;
    case FaultKind::kLoseUpload:
      if (bucket_ != nullptr) bucket_->DropUpload(entry_.upload_id);
      return std::nullopt;
    case FaultKind::kSlowRead:
      body_.Throttle(static_cast<size_t>(fault_->piece_bytes),
                     [this] { service_.faults().Pause(*fault_); });
      return std::nullopt;
    case FaultKind::kLate:
      body_.BeforeEnd([this] { service_.faults().Hold(*fault_); });
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

void Exchange::ReadOfBody(int64_t bytes) {
  std::vector<char> piece(64 << 10);
  while (body_.count() < bytes) {
    const int64_t wanted = std::min(bytes - body_.count(), static_cast<int64_t>(piece.size()));
    const Result<size_t> read = body_.Read(piece.data(), static_cast<size_t>(wanted));
    if (!read.ok() || read.value() == 0) return;
  }
}

void Exchange::FaultAfterEffect(Reply& reply) {
  switch (fault_->kind) {
    case FaultKind::kDropReplyAfterEffect:
      fate_ = Fate::kClose;
      break;
    case FaultKind::kWrongCrc:
      AlterHeader("x-oss-hash-crc64ecma", reply);
      break;
    case FaultKind::kWrongEtag:
      AlterHeader("ETag", reply);
      break;
    case FaultKind::kTruncatedXml:
      reply.status = 200;
      reply.body.resize(reply.body.size() / 2);
      break;
    case FaultKind::kQosDelay:
      reply.headers.emplace_back("x-oss-qos-delay-time", std::to_string(fault_->delay_ms));
      break;
    default:
      break;
  }
}

Reply Exchange::ErrorReply(const OssError& error) const {
  Reply reply;
  reply.status = error.status;
  for (const ErrorElement& header : error.headers) {
    reply.headers.emplace_back(header.name, header.value);
  }
  if (error.status == 304) return reply;
  if (fault_ && fault_->kind == FaultKind::kError && !fault_->xml) {
    // As a proxy before OSS would answer.
    reply.headers.emplace_back("Content-Type", "text/html");
    if (request_.method != "HEAD") reply.body = "<html><body>Bad gateway</body></html>\n";
    return reply;
  }
  const std::string xml = ErrorXml(error, request_id_, request_.HeaderOr("host", ""));
  reply.headers.emplace_back("x-oss-ec", error.ec);
  reply.headers.emplace_back("Content-Type", "application/xml");
  if (request_.method == "HEAD") {
    reply.headers.emplace_back("x-oss-err", Base64(xml));
  } else {
    reply.body = xml;
  }
  return reply;
}

void Exchange::AddCommonHeaders(Reply& reply) const {
  const bool by_proxy = fault_ && fault_->kind == FaultKind::kError && !fault_->xml;
  const absl::Duration elapsed = absl::Now() - started_;
  reply.headers.emplace_back("Date", HttpDate(now_ + elapsed));
  if (by_proxy) return;
  reply.headers.emplace_back("Server", "AliyunOSS");
  reply.headers.emplace_back("x-oss-request-id", request_id_);
  reply.headers.emplace_back("x-oss-server-time",
                             std::to_string(absl::ToInt64Milliseconds(elapsed)));
  if (bucket_ != nullptr && bucket_->options().requester_pays && reply.status < 300) {
    reply.headers.emplace_back("x-oss-request-charged", "requester");
  }
}

}  // namespace penstock::emulator
