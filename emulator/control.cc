#include "emulator/control.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

using nlohmann::json;

constexpr char kPrefix[] = "/-/emulator/";
constexpr size_t kMaxBodyBytes = 64 << 10;
constexpr int64_t kMaxNumber = int64_t{1} << 53;
constexpr int64_t kMaxTimeoutMs = 600000;

Reply JsonReply(int status, const json& content) {
  Reply reply;
  reply.status = status;
  reply.headers.emplace_back("Content-Type", "application/json");
  // Keys of objects are UTF-8, but anything may stand in a refused request.
  reply.body = content.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return reply;
}

int64_t NumberOr(const Request& request, const char* name, int64_t fallback, int64_t max) {
  const std::string* text = request.Query(name);
  if (text == nullptr) return fallback;
  const auto number = ParseNumber(*text, max);
  if (!number) throw std::invalid_argument(std::string(name) + " is not a number in range");
  return *number;
}

json AddFault(Service& service, Body& body) {
  const Result<std::string> text = ReadAll(body, kMaxBodyBytes);
  if (!text.ok()) throw std::invalid_argument(text.error().message);
  return {{"id", service.faults().Add(json::parse(text.value()).get<Fault>())}};
}

json ReadJournal(Service& service, const Request& request) {
  const auto entries = service.journal().Since(NumberOr(request, "since", 0, kMaxNumber));
  const int64_t next = entries.empty() ? service.journal().Last() : entries.back().seq;
  return {{"next", next}, {"entries", entries}};
}

json WaitForEntries(Service& service, const Request& request) {
  const std::string* operation = request.Query("operation");
  const auto count = static_cast<size_t>(NumberOr(request, "count", 1, kMaxNumber));
  const auto entries = service.journal().Wait(
      NumberOr(request, "since", 0, kMaxNumber), operation == nullptr ? "*" : *operation, count,
      absl::Milliseconds(NumberOr(request, "timeout_ms", 10000, kMaxTimeoutMs)));
  return {{"next", service.journal().Last()},
          {"entries", entries},
          {"timed_out", entries.size() < count}};
}

json WaitForHeld(Service& service, const Request& request) {
  const bool held = service.faults().AwaitHeld(
      NumberOr(request, "id", 0, kMaxNumber),
      absl::Milliseconds(NumberOr(request, "timeout_ms", 10000, kMaxTimeoutMs)));
  return {{"held", held}};
}

json StateOf(const Bucket& bucket) {
  json uploads = json::array();
  for (const Upload& upload : bucket.Uploads()) {
    int64_t bytes = 0;
    for (const auto& [number, part] : upload.parts) bytes += part.size;
    uploads.push_back({{"key", upload.key},
                       {"id", upload.id},
                       {"parts", upload.parts.size()},
                       {"bytes", bytes},
                       {"in_flight", upload.in_flight}});
  }
  int64_t bytes = 0;
  const auto objects = bucket.Objects();
  for (const ObjectPtr& stored : objects) bytes += stored->object.size;
  return {{"objects", objects.size()}, {"object_bytes", bytes}, {"uploads", uploads}};
}

json ReadState(Service& service) {
  json state = {{"objects", 0}, {"uploads", 0}, {"buckets", json::object()}};
  for (const auto& [name, bucket] : service.buckets()) {
    json of_bucket = StateOf(*bucket);
    state["objects"] = state["objects"].get<size_t>() + of_bucket["objects"].get<size_t>();
    state["uploads"] = state["uploads"].get<size_t>() + of_bucket["uploads"].size();
    state["buckets"][name] = std::move(of_bucket);
  }
  return state;
}

json DropUploads(Service& service) {
  int dropped = 0;
  for (const auto& [name, bucket] : service.buckets()) dropped += bucket->DropUploads();
  return {{"dropped", dropped}};
}

json SetCredential(Service& service, Body& body) {
  const Result<std::string> text = ReadAll(body, kMaxBodyBytes);
  if (!text.ok()) throw std::invalid_argument(text.error().message);
  const json value = json::parse(text.value());
  std::optional<std::string> token;
  if (value.contains("security_token")) token = value.at("security_token").get<std::string>();
  service.SetCredential(value.at("access_key_id"), value.at("access_key_secret"), token);
  return json::object();
}

Reply Dispatch(Service& service, const Request& request, Body& body) {
  const std::string what = request.method + " " + request.path.substr(std::string(kPrefix).size());
  if (what == "POST faults") return JsonReply(200, AddFault(service, body));
  if (what == "GET faults") return JsonReply(200, {{"faults", service.faults().List()}});
  if (what == "DELETE faults") {
    service.faults().Clear();
    return JsonReply(200, json::object());
  }
  if (what == "GET journal") return JsonReply(200, ReadJournal(service, request));
  if (what == "GET wait") return JsonReply(200, WaitForEntries(service, request));
  if (what == "GET wait_held") return JsonReply(200, WaitForHeld(service, request));
  if (what == "GET state") return JsonReply(200, ReadState(service));
  if (what == "POST credential") return JsonReply(200, SetCredential(service, body));
  if (what == "POST drop_uploads") return JsonReply(200, DropUploads(service));
  return JsonReply(404, {{"error", "the control endpoint has no " + what}});
}

}  // namespace

bool IsControlRequest(const Request& request) { return request.target.starts_with(kPrefix); }

Reply HandleControl(Service& service, Request& request, Body& body) {
  if (const Failure failure = ParseTarget(request)) {
    return JsonReply(400, {{"error", failure->message}});
  }
  try {
    return Dispatch(service, request, body);
  } catch (const std::exception& error) {  // of the JSON library, or a value out of range
    return JsonReply(400, {{"error", error.what()}});
  }
}

}  // namespace penstock::emulator
