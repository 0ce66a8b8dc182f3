#include "plugin/oss/callback.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock::oss {
namespace {

using Json = nlohmann::json;

constexpr char kCallback[] = "callback";
constexpr char kCallbackVar[] = "callback_var";

constexpr size_t kMaxEncodedBytes = 5 * 1024;
constexpr int kMaxUrls = 5;

absl::Status Bad(const std::string& option, const std::string& problem) {
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_BACKEND_OPTION",
                   absl::StrCat("backend option \"", option, "\" ", problem), {{"option", option}});
}

// Parses an option's value into `json`.
absl::Status ReadObject(const std::string& option, const std::string& value, Json& json) {
  json = Json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Bad(option, "must be a JSON object as OSS documents it, not encoded in base64");
  }
  const size_t bytes = absl::Base64Escape(value).size();
  if (bytes <= kMaxEncodedBytes) return absl::OkStatus();
  return Bad(option,
             absl::StrCat("may have ", kMaxEncodedBytes, " bytes in base64, ", bytes, " came"));
}

bool IsText(const Json& json, const char* member) {
  const auto it = json.find(member);
  return it != json.end() && it->is_string() && !it->get_ref<const std::string&>().empty();
}

absl::Status CheckSettings(const Json& json) {
  for (const char* member : {"callbackUrl", "callbackBody"}) {
    if (!IsText(json, member)) {
      return Bad(kCallback, absl::StrCat("must have the text \"", member, "\""));
    }
  }
  const std::string& urls = json["callbackUrl"].get_ref<const std::string&>();
  const auto separators = std::count(urls.begin(), urls.end(), ';');
  if (separators >= kMaxUrls) {
    return Bad(kCallback, absl::StrCat("may have ", kMaxUrls, " URLs, ", separators + 1, " came"));
  }
  const auto type = json.find("callbackBodyType");
  if (type == json.end() || *type == "application/x-www-form-urlencoded" ||
      *type == "application/json") {
    return absl::OkStatus();
  }
  return Bad(kCallback,
             "must have application/x-www-form-urlencoded or application/json as callbackBodyType");
}

absl::Status CheckVariables(const Json& json) {
  for (const auto& [name, value] : json.items()) {
    if (absl::StartsWith(name, "x:") && value.is_string()) continue;
    return Bad(kCallbackVar, absl::StrCat("must have names that begin with x: and texts, \"",
                                          absl::CHexEscape(name), "\" came"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<OptionInfo> CallbackOptions() {
  OptionInfo callback;
  callback.name = kCallback;
  callback.help =
      "Whom OSS tells that the object is published, as the JSON that OSS documents. Only where the "
      "remote's allow_callback is true. A callback that fails leaves the object published.";
  callback.examples = {
      R"({"callbackUrl":"https://app.example/put","callbackBody":"key=${object}&size=${size}"})"};
  OptionInfo variables;
  variables.name = kCallbackVar;
  variables.help = "Variables of the callback's body, as the JSON that OSS documents.";
  variables.examples = {R"({"x:job":"nightly"})"};
  return {callback, variables};
}

absl::Status CheckCallback(const std::map<std::string, std::string>& options) {
  const auto callback = options.find(kCallback);
  const auto variables = options.find(kCallbackVar);
  Json json;
  if (callback != options.end()) {
    PENSTOCK_RETURN_IF_ERROR(ReadObject(kCallback, callback->second, json));
    PENSTOCK_RETURN_IF_ERROR(CheckSettings(json));
  }
  if (variables == options.end()) return absl::OkStatus();
  if (callback == options.end()) return Bad(kCallbackVar, "needs the option callback");
  PENSTOCK_RETURN_IF_ERROR(ReadObject(kCallbackVar, variables->second, json));
  return CheckVariables(json);
}

bool AsksForCallback(const std::map<std::string, std::string>& options) {
  return options.contains(kCallback) || options.contains(kCallbackVar);
}

Headers CallbackHeaders(const std::map<std::string, std::string>& options) {
  Headers headers;
  const std::pair<const char*, const char*> names[] = {{kCallback, "x-oss-callback"},
                                                       {kCallbackVar, "x-oss-callback-var"}};
  for (const auto& [option, header] : names) {
    const auto it = options.find(option);
    if (it != options.end()) headers[header] = absl::Base64Escape(it->second);
  }
  return headers;
}

}  // namespace penstock::oss
