#include "plugin/oss/credentials/sts.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "plugin/oss/credentials/issued_reply.h"
#include "plugin/oss/credentials/source_errors.h"

namespace penstock::oss {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(15);
constexpr size_t kMaxMessage = 256;

// A request, and what must not be shown of it.
struct StsCall {
  std::string source;  // for messages
  Query query;
  Query form;
  std::vector<std::string> secrets;
};

Query CommonQuery(const StsSettings& sts, const std::string& action) {
  return {
      {"Action", action},
      {"Version", "2015-04-01"},
      {"Format", "JSON"},
      {"Timestamp", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", sts.clock->Now(), absl::UTCTimeZone())}};
}

Query RoleForm(const RamRole& role) {
  Query form = {{"RoleArn", role.arn},
                {"RoleSessionName", role.session_name},
                {"DurationSeconds", absl::StrCat(role.duration_seconds)}};
  if (!role.policy.empty()) form["Policy"] = role.policy;
  if (!role.external_id.empty()) form["ExternalId"] = role.external_id;
  return form;
}

// The STS's message, unless it repeats what was sent: of a wrong signature it tells the whole
// string that was to be signed.
std::string SafeMessage(const StsCall& call, const StsError& error) {
  if (absl::StrContains(error.code, "Signature")) return "";
  for (const std::string& secret : call.secrets) {
    if (secret.empty()) continue;
    if (absl::StrContains(error.message, secret) ||
        absl::StrContains(error.message, UriEncode(secret, false))) {
      return "";
    }
  }
  return PrintableText(error.message, kMaxMessage);
}

bool IsTransient(int status, const StsError& error) {
  return status >= 500 || status == 408 || status == 429 || status < 400 ||
         absl::StartsWith(error.code, "Throttling") || error.code == "ServiceUnavailable" ||
         error.code == "SignatureNonceUsed";
}

std::string Remedy(const StsError& error) {
  if (absl::StrContains(error.code, "TimeStamp")) return "set this machine's clock";
  if (absl::StrContains(error.code, "AccessKeyId") || absl::StrContains(error.code, "Signature") ||
      absl::StrContains(error.code, "SecurityToken")) {
    return "check the access key that the role is assumed with";
  }
  if (absl::StrContains(error.code, "OIDC")) {
    return "check the identity provider, its token and the client ids it accepts";
  }
  if (absl::StrContains(error.code, "NoPermission")) {
    return "allow sts:AssumeRole to who assumes the role, and name them in the role's trust policy";
  }
  return "check the role's ARN and its trust policy";
}

absl::Status Refusal(const StsCall& call, const HttpResponse& answer) {
  const StsError error = ParseStsError(answer.body);
  std::string problem = absl::StrCat("it answered HTTP ", answer.status);
  if (!error.code.empty()) absl::StrAppend(&problem, " ", error.code);
  if (const std::string message = SafeMessage(call, error); !message.empty()) {
    absl::StrAppend(&problem, " (", message, ")");
  }
  if (!error.request_id.empty()) absl::StrAppend(&problem, ", request id ", error.request_id);
  // A 4xx that is not of the STS's shape comes from something in between.
  if (IsTransient(answer.status, error) || error.code.empty()) {
    return SourceUnavailable(call.source, problem);
  }
  return SourceRefuses(call.source, problem, Remedy(error));
}

absl::StatusOr<IssuedCredentials> Judge(const StsCall& call,
                                        const absl::StatusOr<HttpResponse>& answer) {
  if (!answer.ok()) return SourceSilent(call.source, answer.status());
  if (answer->status != 200) return Refusal(call, *answer);
  absl::StatusOr<IssuedCredentials> issued = ParseStsReply(answer->body);
  if (issued.ok()) return issued;
  return SourceUnavailable(call.source, std::string(issued.status().message()));
}

void Send(const StsSettings& sts, StsCall call, Done<IssuedCredentials> done) {
  HttpRequest request;
  request.method = "POST";
  request.url = absl::StrCat(sts.url, "/?", CanonicalQuery(call.query));
  request.headers = {"Content-Type: application/x-www-form-urlencoded"};
  request.body = MakeBuffer(CanonicalQuery(call.form));
  request.stall_timeout = kTimeout;
  request.total_timeout = kTimeout;
  sts.http->Send(std::move(request), [call = std::move(call), done = std::move(done)](
                                         const absl::StatusOr<HttpResponse>& answer) mutable {
    std::move(done)(Judge(call, answer));
  });
}

std::string SourceName(const StsSettings& sts, const RamRole& role) {
  return absl::StrCat("the STS at ", sts.url, " for the role ", role.arn);
}

}  // namespace

std::string StsSignature(const std::string& method, const Query& parameters,
                         const std::string& secret) {
  const std::string text =
      absl::StrCat(method, "&%2F&", UriEncode(CanonicalQuery(parameters), false));
  const std::string key = secret + "&";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return absl::Base64Escape(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

void AssumeRole(const StsSettings& sts, const RamRole& role, const Credentials& credentials,
                Done<IssuedCredentials> done) {
  StsCall call;
  call.source = SourceName(sts, role);
  call.secrets = {credentials.access_key_secret, credentials.security_token};
  call.form = RoleForm(role);
  call.query = CommonQuery(sts, "AssumeRole");
  call.query["SignatureMethod"] = "HMAC-SHA1";
  call.query["SignatureVersion"] = "1.0";
  call.query["SignatureNonce"] = ToHex(sts.random->Bytes(16));
  call.query["AccessKeyId"] = credentials.access_key_id;
  if (!credentials.security_token.empty()) {
    call.query["SecurityToken"] = credentials.security_token;
  }
  Query all = call.query;
  all.insert(call.form.begin(), call.form.end());
  call.query["Signature"] = StsSignature("POST", all, credentials.access_key_secret);
  Send(sts, std::move(call), std::move(done));
}

void AssumeRoleWithOidc(const StsSettings& sts, const RamRole& role,
                        const std::string& provider_arn, const std::string& token,
                        Done<IssuedCredentials> done) {
  StsCall call;
  call.source = SourceName(sts, role);
  call.secrets = {token};
  call.form = RoleForm(role);
  call.form["OIDCProviderArn"] = provider_arn;
  call.form["OIDCToken"] = token;
  call.query = CommonQuery(sts, "AssumeRoleWithOIDC");
  Send(sts, std::move(call), std::move(done));
}

}  // namespace penstock::oss
