#ifndef PENSTOCK_EMULATOR_ERRORS_H_
#define PENSTOCK_EMULATOR_ERRORS_H_

// Errors as OSS answers them (reference/oss-api.md, section 6), and the result types that carry
// them through the emulator.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace penstock::emulator {

// An element of an error's XML, or a header of it, besides the common ones.
struct ErrorElement {
  std::string name;
  std::string value;
};

// A refused request: everything of the reply but the request id and the host.
struct OssError {
  int status = 500;
  std::string code;
  std::string message;
  std::string ec;  // OSS's diagnosis number; kUnknownEc where the specification names none
  std::vector<ErrorElement> elements = {};
  std::vector<ErrorElement> headers = {};  // of the reply, besides the common ones
  std::string effect = "none";             // for the journal: CallbackFailed comes after one
};

inline constexpr char kUnknownEc[] = "0000-00000000";

// Nothing on success, otherwise the error.
using Failure = std::optional<OssError>;

// A value or an error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}         // NOLINT: implicit on purpose
  Result(OssError error) : content_(std::move(error)) {}  // NOLINT: implicit on purpose
  bool ok() const { return std::holds_alternative<T>(content_); }
  T& value() { return std::get<T>(content_); }                            // REQUIRES: ok()
  const T& value() const { return std::get<T>(content_); }                // REQUIRES: ok()
  const OssError& error() const { return std::get<OssError>(content_); }  // REQUIRES: !ok()

 private:
  std::variant<T, OssError> content_;
};

OssError AccessDenied(const std::string& message);
OssError BadDigest();
OssError EntityTooLarge(const std::string& what);
OssError EntityTooSmall(int64_t size, int part_number, const std::string& etag);
OssError FileAlreadyExists(const std::string& ec);
OssError IncompleteBody();
OssError InternalError(const std::string& message);
OssError InvalidArgument(const std::string& message, const std::string& name,
                         const std::string& value, const std::string& ec = kUnknownEc);
OssError InvalidBucketName(const std::string& bucket);
OssError InvalidObjectName(const std::string& key);
OssError InvalidPart(const std::string& etag, int part_number, const std::string& upload_id);
OssError InvalidPartOrder(const std::string& upload_id);
OssError MalformedXml(const std::string& message);
OssError MethodNotAllowed(const std::string& message);
OssError MissingArgument(const std::string& name);
OssError MissingContentLength();
OssError NoSuchBucket(const std::string& bucket);
OssError NoSuchKey(const std::string& key);
OssError NoSuchUpload(const std::string& upload_id, const std::string& ec);
OssError NoSuchVersion(const std::string& key, const std::string& version_id);
// What the emulator does not do: `name` is the operation, query key or header.
OssError NotImplemented(const std::string& name);
OssError PreconditionFailed(const std::string& header);
OssError RequestTimeout();

// The XML document of an error (section 6.1).
std::string ErrorXml(const OssError& error, const std::string& request_id,
                     const std::string& host_id);

}  // namespace penstock::emulator

// Returns the error of `expression`, a Failure, from the enclosing function.
#define EMULATOR_RETURN_IF_ERROR(expression) \
  if (::penstock::emulator::Failure failure_ = (expression)) return *std::move(failure_)

// Assigns the value of the Result `expression` to `target`, or returns its error.
#define EMULATOR_ASSIGN_OR_RETURN(target, expression) \
  EMULATOR_ASSIGN_OR_RETURN_IMPL_(EMULATOR_CONCAT_(result_, __LINE__), target, expression)
#define EMULATOR_ASSIGN_OR_RETURN_IMPL_(result, target, expression) \
  auto result = (expression);                                       \
  if (!result.ok()) return result.error();                          \
  target = std::move(result.value())
#define EMULATOR_CONCAT_(a, b) EMULATOR_CONCAT_IMPL_(a, b)
#define EMULATOR_CONCAT_IMPL_(a, b) a##b

#endif  // PENSTOCK_EMULATOR_ERRORS_H_
