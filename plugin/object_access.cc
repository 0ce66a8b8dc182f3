#include "plugin/object_access.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/error.h"

namespace penstock {
namespace {

absl::Status NotSupported(const char* what) {
  return MakeError(absl::StatusCode::kUnimplemented, kReasonNotSupported,
                   absl::StrCat("this kind of remote cannot ", what));
}

}  // namespace

void ObjectAccess::Read(const ObjectName&, int64_t, int64_t, const std::string&,
                        Done<ObjectBytes> done) {
  std::move(done)(NotSupported("read objects"));
}

void ObjectAccess::List(const ListQuery&, Done<ListedObjects> done) {
  std::move(done)(NotSupported("list objects"));
}

void ObjectAccess::DeleteMany(const std::string&, const std::vector<std::string>&,
                              Done<std::vector<absl::Status>> done) {
  std::move(done)(NotSupported("delete several objects at once"));
}

void ObjectAccess::Copy(const ObjectName&, const std::string&, const ObjectName&,
                        const std::optional<ObjectAttributes>&, Done<ObjectStat> done) {
  std::move(done)(NotSupported("copy objects"));
}

void ObjectAccess::SetAttributes(const ObjectName&, const std::string&, const ObjectAttributes&,
                                 Done<ObjectStat> done) {
  std::move(done)(NotSupported("change the metadata of objects"));
}

void ObjectAccess::ListBuckets(Done<std::vector<ListedBucket>> done) {
  std::move(done)(NotSupported("list buckets"));
}

}  // namespace penstock
