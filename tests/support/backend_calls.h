#ifndef PENSTOCK_TESTS_SUPPORT_BACKEND_CALLS_H_
#define PENSTOCK_TESTS_SUPPORT_BACKEND_CALLS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plugin/backend.h"

namespace penstock::testing_support {

// For fixtures of tests that call a backend: each call of it, made and waited for. Everything is
// put with the mark kMark.
class BackendCalls {
 public:
  static constexpr char kMark[] = "0123456789abcdef0123456789abcdef";

  virtual ~BackendCalls() = default;

  virtual Backend& backend() = 0;

  absl::StatusOr<std::string> Initiate(const ObjectName& object,
                                       const ObjectAttributes& attributes = {});
  absl::StatusOr<std::string> Upload(const ObjectName& object, const std::string& upload_id,
                                     int32_t number, const std::string& bytes);
  absl::StatusOr<ObjectStat> Complete(const ObjectName& object, const std::string& upload_id,
                                      const std::vector<PartReference>& parts,
                                      const ObjectAttributes& attributes = {});
  absl::Status Abort(const ObjectName& object, const std::string& upload_id);
  absl::StatusOr<std::vector<ListedPart>> ListParts(const ObjectName& object,
                                                    const std::string& upload_id);
  absl::StatusOr<ListedUploads> ListUploads(const std::string& bucket, const std::string& prefix,
                                            const std::string& page = "");
  absl::StatusOr<std::unique_ptr<PreparedPut>> Prepare(const ObjectName& object,
                                                       const std::string& bytes,
                                                       const ObjectAttributes& attributes = {});
  // Prepares and sends.
  absl::StatusOr<ObjectStat> Put(const ObjectName& object, const std::string& bytes,
                                 const ObjectAttributes& attributes = {});
  absl::StatusOr<ObjectStat> Stat(const ObjectName& object);
  absl::Status Delete(const ObjectName& object);
  absl::StatusOr<ObjectBytes> Read(const ObjectName& object, int64_t offset, int64_t length,
                                   const std::string& etag = "");
  absl::StatusOr<ListedObjects> List(const ListQuery& query);
  absl::StatusOr<std::vector<absl::Status>> DeleteMany(const std::string& bucket,
                                                       const std::vector<std::string>& keys);
  absl::StatusOr<ObjectStat> Copy(const ObjectName& source, const ObjectName& target,
                                  const std::string& etag = "",
                                  const std::optional<ObjectAttributes>& attributes = std::nullopt);
  absl::StatusOr<ObjectStat> SetAttributes(const ObjectName& object,
                                           const ObjectAttributes& attributes,
                                           const std::string& etag = "");
  absl::StatusOr<std::vector<ListedBucket>> ListBuckets();

  // All bytes of an object, read in pieces.
  absl::StatusOr<std::string> ReadWhole(const ObjectName& object);
};

}  // namespace penstock::testing_support

#endif  // PENSTOCK_TESTS_SUPPORT_BACKEND_CALLS_H_
