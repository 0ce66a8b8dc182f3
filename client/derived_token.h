#ifndef PENSTOCK_CLIENT_DERIVED_TOKEN_H_
#define PENSTOCK_CLIENT_DERIVED_TOKEN_H_

// Session tokens that need not be remembered: the same file and destination give the same token, so
// running the same command again resumes, also from another machine that has the secret and a copy
// of the file with its time of modification.

#include <string>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "client/source.h"

namespace penstock {

struct TokenFacts {
  std::string remote;
  std::string bucket;
  std::string key;
  FileIdentity file;
  std::string etag = {};  // of an object that is the source, whose update time is in `file`
};

// HMAC-SHA-256 under `secret` over the destination and the file's size and time of modification, as
// 43 characters of base64url. Neither the name nor the place of the file matters. Whoever lacks the
// secret cannot compute the token from what is easily guessed. A file that was touched gets another
// token, and so another upload.
std::string DeriveToken(const std::string& secret, const TokenFacts& facts);

// An unguessable token of 43 characters that follows from nothing.
std::string RandomToken(RandomSource& random);

// The user's secret: the environment variable PENSTOCK_TOKEN_SECRET if it is set (at least 16
// characters, INVALID_ARGUMENT / BAD_TOKEN_SECRET otherwise), else the text of the file
// $XDG_CONFIG_HOME/penstock/token-secret (~/.config without XDG_CONFIG_HOME), which is created with
// 256 random bits and mode 0600 when missing. Processes that create it at the same time end up with
// one secret. The text of the file may be given in PENSTOCK_TOKEN_SECRET on another machine.
// FAILED_PRECONDITION / TOKEN_SECRET_EXPOSED when other users can read the file.
absl::StatusOr<std::string> LoadTokenSecret(RandomSource& random);

// The same with the file named, without the environment.
absl::StatusOr<std::string> LoadTokenSecretFile(const std::string& path, RandomSource& random);

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_DERIVED_TOKEN_H_
