#ifndef PENSTOCK_TESTS_SUPPORT_BACKEND_CALLS_H_
#define PENSTOCK_TESTS_SUPPORT_BACKEND_CALLS_H_

#include <cstdint>
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
};

}  // namespace penstock::testing_support

#endif  // PENSTOCK_TESTS_SUPPORT_BACKEND_CALLS_H_
