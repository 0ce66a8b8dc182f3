#include "plugin/oss/credentials/metadata.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "plugin/oss/credentials/issued_reply.h"
#include "plugin/oss/credentials/source_errors.h"

namespace penstock::oss {
namespace {

constexpr char kRolesPath[] = "/latest/meta-data/ram/security-credentials/";
constexpr char kTokenPath[] = "/latest/api/token";

// The service is one hop away: what takes longer is not there.
constexpr absl::Duration kTimeout = absl::Seconds(3);

constexpr size_t kMaxRoleName = 64;

constexpr char kRemedy[] =
    "attach a RAM role to the instance, or choose other credentials for the remote";

std::string Stripped(const std::string& text) {
  return std::string(absl::StripAsciiWhitespace(text));
}

struct MetadataFetch {
  CredentialHttp* http = nullptr;
  MetadataSettings settings;
  std::string role_name;
  Done<IssuedCredentials> done;
  std::string token;          // empty: plain mode
  std::string token_problem;  // why there is none

  std::string Source() const { return absl::StrCat("the ECS metadata service at ", settings.url); }
};
using FetchPtr = std::unique_ptr<MetadataFetch>;

using Answer = absl::StatusOr<HttpResponse>;
using Step = void (*)(FetchPtr fetch, Answer answer);

void Send(FetchPtr fetch, HttpRequest request, Step next) {
  request.stall_timeout = kTimeout;
  request.total_timeout = kTimeout;
  CredentialHttp& http = *fetch->http;
  http.Send(std::move(request), [fetch = std::move(fetch), next](Answer answer) mutable {
    next(std::move(fetch), std::move(answer));
  });
}

void Get(FetchPtr fetch, const std::string& path, Step next) {
  HttpRequest request;
  request.method = "GET";
  request.url = absl::StrCat(fetch->settings.url, path);
  if (!fetch->token.empty()) {
    request.headers.push_back(absl::StrCat("X-aliyun-ecs-metadata-token: ", fetch->token));
  }
  Send(std::move(fetch), std::move(request), next);
}

void Fail(FetchPtr fetch, absl::Status error) {
  Done<IssuedCredentials> done = std::move(fetch->done);
  std::move(done)(std::move(error));
}

// The error of a GET that did not answer 200; `missing` is what 404 means.
absl::Status Judge(const MetadataFetch& fetch, const Answer& answer, const std::string& missing) {
  if (!answer.ok()) return SourceSilent(fetch.Source(), answer.status());
  const int status = answer->status;
  const std::string problem = absl::StrCat("it answered HTTP ", status);
  if (status == 404) return SourceRefuses(fetch.Source(), missing, kRemedy);
  if (status >= 400 && status < 500 && status != 408 && status != 429) {
    if (fetch.token_problem.empty()) return SourceRefuses(fetch.Source(), problem, kRemedy);
    return SourceRefuses(fetch.Source(),
                         absl::StrCat(problem, " to a request without a token, and gave none (",
                                      fetch.token_problem, ")"),
                         "the instance may accept its hardened mode only");
  }
  if (status != 200) return SourceUnavailable(fetch.Source(), problem);
  return absl::OkStatus();
}

void OnCredentials(FetchPtr fetch, Answer answer) {
  const std::string missing =
      absl::StrCat("the instance has no RAM role \"", fetch->role_name, "\"");
  if (absl::Status error = Judge(*fetch, answer, missing); !error.ok()) {
    Fail(std::move(fetch), std::move(error));
    return;
  }
  absl::StatusOr<IssuedCredentials> issued = ParseMetadataReply(answer->body);
  if (issued.ok()) {
    Done<IssuedCredentials> done = std::move(fetch->done);
    std::move(done)(std::move(issued));
    return;
  }
  const std::string problem(issued.status().message());
  absl::Status error = issued.status().code() == absl::StatusCode::kFailedPrecondition
                           ? SourceRefuses(fetch->Source(), problem, kRemedy)
                           : SourceUnavailable(fetch->Source(), problem);
  Fail(std::move(fetch), std::move(error));
}

void AskCredentials(FetchPtr fetch) {
  const std::string path = absl::StrCat(kRolesPath, fetch->role_name);
  Get(std::move(fetch), path, OnCredentials);
}

void OnRoleName(FetchPtr fetch, Answer answer) {
  constexpr char kMissing[] = "no RAM role is attached to the instance";
  absl::Status error = Judge(*fetch, answer, kMissing);
  if (error.ok()) {
    const std::string names = Stripped(answer->body);
    fetch->role_name = Stripped(names.substr(0, names.find('\n')));
    if (names.empty()) {
      error = SourceRefuses(fetch->Source(), kMissing, kRemedy);
    } else if (!IsRoleName(fetch->role_name)) {
      error = SourceUnavailable(fetch->Source(), "its answer is not the name of a RAM role");
    }
  }
  if (error.ok()) {
    AskCredentials(std::move(fetch));
  } else {
    Fail(std::move(fetch), std::move(error));
  }
}

void AskRoleOrCredentials(FetchPtr fetch) {
  if (fetch->role_name.empty()) {
    Get(std::move(fetch), kRolesPath, OnRoleName);
  } else {
    AskCredentials(std::move(fetch));
  }
}

// Why there is no token; empty when there is one.
std::string TokenProblem(const Answer& answer) {
  if (!answer.ok()) return std::string(answer.status().message());
  if (answer->status != 200) return absl::StrCat("HTTP ", answer->status);
  if (!IsWord(Stripped(answer->body))) return "its answer is not a token";
  return "";
}

void OnToken(FetchPtr fetch, Answer answer) {
  fetch->token_problem = TokenProblem(answer);
  if (fetch->token_problem.empty()) {
    fetch->token = Stripped(answer->body);
  } else if (!fetch->settings.plain_allowed) {
    const std::string problem =
        absl::StrCat("it gave no token for the hardened mode (", fetch->token_problem, ")");
    absl::Status error =
        answer.ok() && answer->status >= 400 && answer->status < 500
            ? SourceRefuses(fetch->Source(), problem,
                            "it was not asked without one because ALIBABA_CLOUD_IMDSV1_DISABLED "
                            "is set")
            : SourceUnavailable(fetch->Source(), problem);
    Fail(std::move(fetch), std::move(error));
    return;
  }
  AskRoleOrCredentials(std::move(fetch));
}

}  // namespace

bool IsRoleName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxRoleName && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ||
                  c == '_' || c == '@';
         });
}

void FetchFromMetadata(CredentialHttp& http, const MetadataSettings& settings,
                       const std::string& role_name, Done<IssuedCredentials> done) {
  auto fetch = std::make_unique<MetadataFetch>();
  fetch->http = &http;
  fetch->settings = settings;
  fetch->role_name = role_name;
  fetch->done = std::move(done);
  HttpRequest request;
  request.method = "PUT";
  request.url = absl::StrCat(settings.url, kTokenPath);
  request.headers = {"X-aliyun-ecs-metadata-token-ttl-seconds: 21600"};
  Send(std::move(fetch), std::move(request), OnToken);
}

}  // namespace penstock::oss
