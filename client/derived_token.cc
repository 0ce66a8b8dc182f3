#include "client/derived_token.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock {
namespace {

constexpr char kDomain[] = "penstock.derived-token.v1";
constexpr size_t kMinSecretLength = 16;
constexpr size_t kSecretBytes = 32;
constexpr size_t kMaxSecretFileBytes = 4096;

void AppendNumber(std::string& text, uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(number >> shift));
}

// With its length before it, so that no two lists of fields give the same text.
void AppendField(std::string& text, const std::string& field) {
  AppendNumber(text, field.size());
  text += field;
}

std::string Base64Url(const std::string& bytes) {
  std::string text;
  absl::WebSafeBase64Escape(bytes, &text);  // without padding
  return text;
}

absl::Status FileError(const std::string& what, const std::string& path, int error) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "TOKEN_SECRET_UNUSABLE",
      absl::StrCat("cannot ", what, " the token secret \"", path, "\": ", std::strerror(error),
                   "; set PENSTOCK_TOKEN_SECRET or give the token"),
      {{"path", path}});
}

absl::StatusOr<std::string> CheckedSecret(std::string secret, const std::string& origin) {
  if (secret.size() >= kMinSecretLength) return secret;
  return MakeError(absl::StatusCode::kInvalidArgument, "BAD_TOKEN_SECRET",
                   absl::StrCat("the token secret in ", origin, " must have at least ",
                                kMinSecretLength, " characters, it has ", secret.size()),
                   {{"origin", origin}});
}

// An open file, closed at the end of its scope.
class OpenFile {
 public:
  explicit OpenFile(int fd) : fd_(fd) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// nullopt: there is no such file.
absl::StatusOr<std::optional<std::string>> ReadSecret(const std::string& path) {
  const OpenFile file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0 && errno == ENOENT) return std::optional<std::string>();
  if (file.fd() < 0) return FileError("open", path, errno);
  struct stat status {};
  if (fstat(file.fd(), &status) != 0) return FileError("look at", path, errno);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return MakeError(absl::StatusCode::kFailedPrecondition, "TOKEN_SECRET_EXPOSED",
                     absl::StrCat("other users may read the token secret \"", path,
                                  "\"; run chmod 600 on it, or delete it to get a new one"),
                     {{"path", path}});
  }
  std::string text(kMaxSecretFileBytes, '\0');
  const ssize_t count = read(file.fd(), text.data(), text.size());
  if (count < 0) return FileError("read", path, errno);
  text.resize(static_cast<size_t>(count));
  absl::StripAsciiWhitespace(&text);
  PENSTOCK_ASSIGN_OR_RETURN(text, CheckedSecret(text, absl::StrCat("\"", path, "\"")));
  return std::optional<std::string>(text);
}

absl::Status WriteWhole(const OpenFile& file, const std::string& path, const std::string& text) {
  if (file.fd() < 0) return FileError("create", path, errno);
  if (write(file.fd(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      fsync(file.fd()) != 0) {
    return FileError("write", path, errno);
  }
  return absl::OkStatus();
}

// Creates the file whole or not at all. OK too when another process was faster.
absl::Status CreateSecret(const std::string& path, RandomSource& random) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error) return FileError("create the folder of", path, error.value());
  const std::string draft = absl::StrCat(path, ".", ToHex(random.Bytes(8)));
  const OpenFile file(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const std::string text = absl::StrCat(ToHex(random.Bytes(kSecretBytes)), "\n");
  absl::Status status = WriteWhole(file, path, text);
  // A link, unlike a rename, leaves an existing file alone.
  if (status.ok() && link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    status = FileError("create", path, errno);
  }
  unlink(draft.c_str());
  return status;
}

}  // namespace

std::string DeriveToken(const std::string& secret, const TokenFacts& facts) {
  std::string text(kDomain, sizeof kDomain);  // with its NUL
  AppendField(text, facts.remote);
  AppendField(text, facts.bucket);
  AppendField(text, facts.key);
  AppendNumber(text, static_cast<uint64_t>(facts.file.size));
  AppendNumber(text, static_cast<uint64_t>(absl::ToUnixNanos(facts.file.modified)));
  if (!facts.etag.empty()) AppendField(text, facts.etag);
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       reinterpret_cast<unsigned char*>(digest.data()), &length);
  digest.resize(length);
  return Base64Url(digest);
}

std::string RandomToken(RandomSource& random) { return Base64Url(random.Bytes(32)); }

absl::StatusOr<std::string> LoadTokenSecret(RandomSource& random) {
  const char* const given = std::getenv("PENSTOCK_TOKEN_SECRET");
  if (given != nullptr && *given != '\0') return CheckedSecret(given, "PENSTOCK_TOKEN_SECRET");
  const char* const config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config == '/') {  // relative ones are to be ignored, says XDG
    return LoadTokenSecretFile(absl::StrCat(config, "/penstock/token-secret"), random);
  }
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    return MakeError(absl::StatusCode::kFailedPrecondition, "TOKEN_SECRET_UNUSABLE",
                     "neither HOME, XDG_CONFIG_HOME nor PENSTOCK_TOKEN_SECRET is set: give the "
                     "token or a secret");
  }
  return LoadTokenSecretFile(absl::StrCat(home, "/.config/penstock/token-secret"), random);
}

absl::StatusOr<std::string> LoadTokenSecretFile(const std::string& path, RandomSource& random) {
  PENSTOCK_ASSIGN_OR_RETURN(std::optional<std::string> secret, ReadSecret(path));
  if (!secret.has_value()) {
    PENSTOCK_RETURN_IF_ERROR(CreateSecret(path, random));
    PENSTOCK_ASSIGN_OR_RETURN(secret, ReadSecret(path));
  }
  if (!secret.has_value()) return FileError("read", path, ENOENT);
  return *secret;
}

}  // namespace penstock
