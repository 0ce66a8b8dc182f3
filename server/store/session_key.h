#ifndef PENSTOCK_SERVER_STORE_SESSION_KEY_H_
#define PENSTOCK_SERVER_STORE_SESSION_KEY_H_

#include <compare>
#include <string>

namespace penstock {

// The name of a session in the store: 32 bytes from which the token cannot be told. Principals
// cannot collide.
struct SessionKey {
  std::string digest;

  auto operator<=>(const SessionKey&) const = default;
};

// SHA-256("penstock.session.v1" 0 length(principal) principal token), the length as 8 bytes,
// big-endian.
SessionKey MakeSessionKey(const std::string& principal, const std::string& token);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_STORE_SESSION_KEY_H_
