#include "plugin/oss/credentials.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "plugin/oss/options.h"

namespace penstock::oss {
namespace {

constexpr char kId[] = "access_key_id";
constexpr char kIdFile[] = "access_key_id_file";
constexpr char kSecretFile[] = "access_key_secret_file";
constexpr char kTokenFile[] = "security_token_file";

// No key or token is longer.
constexpr size_t kMaxSecretBytes = 16 * 1024;

// What goes into a header: one printable word.
bool IsWord(const std::string& text) {
  return !text.empty() && text.size() <= kMaxSecretBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

absl::StatusOr<std::string> ReadSecret(const std::string& option, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return OptionError(option, absl::StrCat("names a file that cannot be read: ", path));
  std::string text(std::istreambuf_iterator<char>(file), {});
  std::string word(absl::StripAsciiWhitespace(text));
  // What the file holds is a secret even when it is wrong.
  if (!IsWord(word)) {
    return OptionError(option, absl::StrCat("names a file that must hold one word of printable "
                                            "characters and does not: ",
                                            path));
  }
  return word;
}

}  // namespace

std::vector<OptionInfo> CredentialSource::Options() {
  OptionInfo id;
  id.name = kId;
  id.help =
      "Id of the access key. Without it and access_key_id_file the credentials are those of the "
      "environment: OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET and, if temporary, OSS_SESSION_TOKEN.";
  OptionInfo id_file;
  id_file.name = kIdFile;
  id_file.help = "File that holds the access key's id, where it changes with its secret.";
  id_file.examples = {"/run/secrets/oss/access_key_id"};
  OptionInfo secret_file;
  secret_file.name = kSecretFile;
  secret_file.help = "File that holds the access key's secret and nothing else.";
  secret_file.examples = {"/run/secrets/oss/access_key_secret"};
  secret_file.secret = true;
  OptionInfo token_file;
  token_file.name = kTokenFile;
  token_file.help =
      "File that holds the security token of temporary credentials. This and the other two files "
      "are read again when OSS refuses a token.";
  token_file.examples = {"/run/secrets/oss/security_token"};
  token_file.secret = true;
  return {id, id_file, secret_file, token_file};
}

CredentialSource::CredentialSource(const OptionValues& values, Environment environment)
    : values_(values), environment_(std::move(environment)) {}

absl::StatusOr<std::unique_ptr<CredentialSource>> CredentialSource::Create(
    const OptionValues& values, Environment environment) {
  std::unique_ptr<CredentialSource> source(new CredentialSource(values, std::move(environment)));
  PENSTOCK_ASSIGN_OR_RETURN(Credentials credentials, source->Read());
  MutexLock lock(&source->mutex_);
  source->current_ = std::make_shared<const Credentials>(std::move(credentials));
  return source;
}

std::shared_ptr<const Credentials> CredentialSource::Get() const {
  MutexLock lock(&mutex_);
  return current_;
}

absl::Status CredentialSource::Reload(const std::shared_ptr<const Credentials>& refused) {
  MutexLock reload_lock(&reload_mutex_);
  if (Get() != refused) return absl::OkStatus();
  PENSTOCK_ASSIGN_OR_RETURN(Credentials credentials, Read());
  // The same again is no news: those who compare would take it for some.
  if (credentials == *refused) return absl::OkStatus();
  MutexLock lock(&mutex_);
  current_ = std::make_shared<const Credentials>(std::move(credentials));
  return absl::OkStatus();
}

absl::StatusOr<Credentials> CredentialSource::Read() const {
  for (const char* name : {kId, kIdFile, kSecretFile, kTokenFile}) {
    if (!ValueOf(values_, name).empty()) return ReadFiles();
  }
  Credentials credentials;
  credentials.access_key_id = environment_("OSS_ACCESS_KEY_ID");
  credentials.access_key_secret = environment_("OSS_ACCESS_KEY_SECRET");
  credentials.security_token = environment_("OSS_SESSION_TOKEN");
  const bool token_good = credentials.security_token.empty() || IsWord(credentials.security_token);
  if (!IsWord(credentials.access_key_id) || !IsWord(credentials.access_key_secret) || !token_good) {
    return OptionError(kId,
                       "is not given, and the environment has no OSS_ACCESS_KEY_ID and "
                       "OSS_ACCESS_KEY_SECRET of printable characters: give access_key_id and "
                       "access_key_secret_file, or set these");
  }
  return credentials;
}

absl::StatusOr<Credentials> CredentialSource::ReadFiles() const {
  Credentials credentials;
  credentials.access_key_id = ValueOf(values_, kId);
  const std::string id_file = ValueOf(values_, kIdFile);
  if (credentials.access_key_id.empty() == id_file.empty()) {
    return OptionError(kId, "or access_key_id_file must be given, one of them");
  }
  if (!id_file.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(credentials.access_key_id, ReadSecret(kIdFile, id_file));
  } else if (!IsWord(credentials.access_key_id)) {
    return OptionError(kId, "must be one word of printable characters");
  }
  const std::string secret_file = ValueOf(values_, kSecretFile);
  if (secret_file.empty()) return OptionError(kSecretFile, "is required with an access key id");
  PENSTOCK_ASSIGN_OR_RETURN(credentials.access_key_secret, ReadSecret(kSecretFile, secret_file));
  if (const std::string token_file = ValueOf(values_, kTokenFile); !token_file.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(credentials.security_token, ReadSecret(kTokenFile, token_file));
  }
  return credentials;
}

}  // namespace penstock::oss
