#ifndef PENSTOCK_EMULATOR_SIGNATURE_H_
#define PENSTOCK_EMULATOR_SIGNATURE_H_

// Signature version 4: the pure computation (reference/oss-api.md, sections 2.2 and 2.3).

#include <string>
#include <string_view>
#include <vector>

#include "emulator/request.h"

namespace penstock::emulator {

// The scope of a credential: <date>/<region>/<product>/aliyun_v4_request.
struct Scope {
  std::string date;  // YYYYMMDD
  std::string region;
  std::string product;
  std::string Text() const;
};

inline constexpr char kV4Algorithm[] = "OSS4-HMAC-SHA256";
inline constexpr char kV4Terminator[] = "aliyun_v4_request";
inline constexpr char kUnsignedPayload[] = "UNSIGNED-PAYLOAD";

// Whether a header is signed without being listed: content-type, content-md5 and x-oss-*.
bool IsSignedByDefault(std::string_view lower_name);

// The additional headers that count of those that a signer names: in lower case, sorted, without
// repetitions, those that the request has and that are not signed by default.
std::vector<std::string> EffectiveAdditionalHeaders(const Request& request,
                                                    const std::vector<std::string>& names);

// The canonical request of a routed request. `additional` as EffectiveAdditionalHeaders returns
// them. The query parameter x-oss-signature is left out.
std::string CanonicalRequest(const Request& request, const std::vector<std::string>& additional);

std::string StringToSign(const std::string& date_time, const Scope& scope,
                         const std::string& canonical_request);

// 32 bytes, good for one secret, day, region and product.
std::string SigningKey(const std::string& secret, const Scope& scope);

// The signature: 64 lower-case hex digits.
std::string Sign(const std::string& signing_key, const std::string& string_to_sign);

std::string Sha256Hex(std::string_view data);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_SIGNATURE_H_
