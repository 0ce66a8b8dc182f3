#ifndef PENSTOCK_PLUGIN_LOCAL_LOCAL_BACKEND_H_
#define PENSTOCK_PLUGIN_LOCAL_LOCAL_BACKEND_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/in_flight.h"
#include "plugin/backend.h"
#include "plugin/local/object_files.h"
#include "plugin/local/tree.h"
#include "plugin/local/upload_files.h"
#include "plugin/local/work_area.h"
#include "plugin/object_rules.h"
#include "plugin/registry.h"

namespace penstock::local {

struct LocalSettings {
  std::string root;
  bool create_buckets = false;
  RemoteRestriction restriction{{}};
  size_t list_page_size = 1000;  // of ListUploads
};

// A backend over a directory tree (README.md). Every call runs on `blocking` of the environment, or
// on a thread of its own kind where it may take long, and answers there. Nothing is repeated: what
// a disk refuses once, it is likely to refuse again.
class LocalBackend final : public Backend {
 public:
  // BAD_REMOTE_OPTION: the root is no directory, or its file system cannot do what is needed.
  static absl::StatusOr<std::unique_ptr<LocalBackend>> Open(const LocalSettings& settings,
                                                            const BackendEnvironment& environment);

  // Use Open.
  LocalBackend(LocalSettings settings, const BackendEnvironment& environment,
               std::unique_ptr<Tree> tree, std::unique_ptr<WorkArea> work);
  ~LocalBackend() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  absl::Status CheckObject(const ObjectName& object,
                           const ObjectAttributes& attributes) const override;
  void InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                      const std::string& mark, Done<std::string> done) override;
  void UploadPart(const ObjectName& object, const std::string& upload_id, int32_t number,
                  std::shared_ptr<const Buffer> body, Done<std::string> done) override;
  void CompleteUpload(const ObjectName& object, const std::string& upload_id,
                      const std::vector<PartReference>& parts, const ObjectAttributes& attributes,
                      Done<ObjectStat> done) override;
  void AbortUpload(const ObjectName& object, const std::string& upload_id,
                   DoneStatus done) override;
  void ListParts(const ObjectName& object, const std::string& upload_id,
                 Done<std::vector<ListedPart>> done) override;
  void ListUploads(const std::string& bucket, const std::string& prefix, const std::string& page,
                   Done<ListedUploads> done) override;
  void PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                  const std::string& mark, std::shared_ptr<const Buffer> body,
                  Done<std::unique_ptr<PreparedPut>> done) override;
  void Stat(const ObjectName& object, Done<ObjectStat> done) override;
  void Delete(const ObjectName& object, DoneStatus done) override;
  void Read(const ObjectName& object, int64_t offset, int64_t length, const std::string& etag,
            Done<ObjectBytes> done) override;
  void List(const ListQuery& query, Done<ListedObjects> done) override;
  void DeleteMany(const std::string& bucket, const std::vector<std::string>& keys,
                  Done<std::vector<absl::Status>> done) override;
  void Copy(const ObjectName& source, const std::string& etag, const ObjectName& target,
            const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done) override;
  void SetAttributes(const ObjectName& object, const std::string& etag,
                     const ObjectAttributes& attributes, Done<ObjectStat> done) override;
  void ListBuckets(Done<std::vector<ListedBucket>> done) override;

 private:
  class Put;
  struct Content;

  // Runs `work` on the blocking executor and gives its result to `done`.
  template <typename DoneCallback, typename Work>
  void Run(DoneCallback done, Work work);
  // The same for what may read a whole object, on threads of its own: a few of these must not keep
  // parts from being stored.
  template <typename DoneCallback, typename Work>
  void RunLong(DoneCallback done, Work work);
  template <typename DoneCallback, typename Work>
  void RunOn(Executor& executor, DoneCallback done, Work work);

  absl::Status CheckName(const ObjectName& object) const;
  absl::Status FindBucket(const std::string& bucket, bool may_create);
  absl::StatusOr<bool> HasBucket(const std::string& bucket);
  absl::Status CheckParts(const std::vector<PartReference>& parts) const;
  absl::StatusOr<ObjectStat> PutNow(const Content& content);

  // Constant after construction, or synchronized by itself.
  const LocalSettings settings_;
  const BackendEnvironment environment_;
  const Capabilities capabilities_;
  const std::unique_ptr<Tree> tree_;
  const std::unique_ptr<WorkArea> work_;
  ObjectFiles objects_;
  UploadFiles uploads_;
  InFlight in_flight_;  // calls that have not answered
  const std::unique_ptr<Executor> long_calls_;
};

}  // namespace penstock::local

#endif  // PENSTOCK_PLUGIN_LOCAL_LOCAL_BACKEND_H_
