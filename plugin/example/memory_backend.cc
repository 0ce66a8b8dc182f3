// The worked example of plugin/README.md: one bucket in memory, gone with the process.

#include "plugin/example/memory_backend.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "base/error.h"
#include "base/notification.h"
#include "base/status_macros.h"
#include "base/strand.h"
#include "plugin/object_rules.h"

namespace penstock {
namespace {

using enum absl::StatusCode;
using Bytes = std::shared_ptr<const Buffer>;

constexpr int64_t kGiB = int64_t{1} << 30;
constexpr int32_t kMostParts = 10'000;

// An object, or one that is being uploaded in parts.
struct Entry {
  ObjectAttributes attributes;
  std::string mark;
  absl::Time time;
  Bytes bytes = nullptr;
  std::map<int32_t, Bytes> parts = {};
};
using Entries = std::map<std::pair<std::string, std::string>, Entry>;  // by key and upload id

absl::Status Error(absl::StatusCode code, const char* reason, const std::string& message) {
  return MakeError(code, reason, "memory: " + message);
}

std::string EtagOf(const Buffer& bytes) {
  return absl::StrFormat("\"%016x-%d\"", bytes.crc64(), bytes.size());
}

ObjectStat StatOf(const Entry& entry) {
  const ObjectAttributes& a = entry.attributes;
  return {entry.bytes->size(), EtagOf(*entry.bytes), /*version_id=*/"", entry.bytes->crc64(),
          entry.time,          a.content_type,       a.cache_control,   a.content_disposition,
          a.content_encoding,  a.metadata,           a.storage_class,   entry.mark,
          /*request_id=*/""};
}

// One attempt to put.
struct MemoryPut final : PreparedPut {
  absl::Time valid_until() const override { return until; }
  void Send(Done<ObjectStat> done) override { send(std::move(done)); }
  absl::Time until;
  std::function<void(Done<ObjectStat>)> send;
};

// Each call is work for the strand, which does one after the other: so nothing here needs a lock,
// and nobody is answered from within a call.
class MemoryBackend final : public Backend {
 public:
  MemoryBackend(const OptionValues& options, const BackendEnvironment& env)
      : bucket_(options.at("bucket")), restriction_(options), env_(env), strand_(*env.executor) {}
  ~MemoryBackend() override {
    Notification idle;  // of the calls, which a backend outlives
    strand_.Post([&idle] { idle.Notify(); });
    idle.WaitForNotification();
  }

  const Capabilities& capabilities() const override { return capabilities_; }

  absl::Status CheckObject(const ObjectName& name, const ObjectAttributes& given) const override {
    if (given.forbid_overwrite) {
      return Error(kFailedPrecondition, kReasonConditionUnsupported, "no promise");
    }
    PENSTOCK_RETURN_IF_ERROR(CheckBucketName(name.bucket));
    PENSTOCK_RETURN_IF_ERROR(CheckKey(name.key));
    PENSTOCK_RETURN_IF_ERROR(restriction_.Check(name));
    return CheckAttributes(given, /*object_options=*/{});
  }

  void InitiateUpload(const ObjectName& name, const ObjectAttributes& given,
                      const std::string& mark, Done<std::string> done) override {
    Run(std::move(done), [=, this]() -> absl::StatusOr<std::string> {
      PENSTOCK_RETURN_IF_ERROR(CheckBucket(name.bucket));
      const std::string id = ToHex(env_.random->Bytes(16));
      uploads_[{name.key, id}] = {given, mark, env_.clock->Now()};
      return id;
    });
  }

  void UploadPart(const ObjectName& name, const std::string& id, int32_t number, Bytes body,
                  Done<std::string> done) override {
    Run(std::move(done), [=, this]() -> absl::StatusOr<std::string> {
      PENSTOCK_ASSIGN_OR_RETURN(Entry * upload, Find(uploads_, name, id));
      if (number >= 1 && number <= kMostParts) return EtagOf(*(upload->parts[number] = body));
      return Error(kInvalidArgument, kReasonRejected, "part numbers are 1 to 10000");
    });
  }

  void CompleteUpload(const ObjectName& name, const std::string& id,
                      const std::vector<PartReference>& parts, const ObjectAttributes&,
                      Done<ObjectStat> done) override {
    Run(std::move(done), [=, this]() -> absl::StatusOr<ObjectStat> {
      PENSTOCK_ASSIGN_OR_RETURN(const Entry* upload, Find(uploads_, name, id));
      const auto whole = std::make_shared<Buffer>();
      for (const auto& [number, etag] : parts) {
        const auto part = upload->parts.find(number);
        if (part == upload->parts.end() || EtagOf(*part->second) != etag) {
          return Error(kFailedPrecondition, kReasonInvalidPart, "there is no such part");
        }
        whole->Append(part->second->ToString());
      }
      Entry& object = objects_[{name.key, ""}];
      object = {upload->attributes, upload->mark, env_.clock->Now(), whole};
      uploads_.erase({name.key, id});
      return StatOf(object);
    });
  }

  void AbortUpload(const ObjectName& name, const std::string& id, DoneStatus done) override {
    Run(std::move(done), [=, this] {
      uploads_.erase({name.key, id});
      return absl::OkStatus();
    });
  }

  void ListParts(const ObjectName& name, const std::string& id,
                 Done<std::vector<ListedPart>> done) override {
    Run(std::move(done), [=, this]() -> absl::StatusOr<std::vector<ListedPart>> {
      PENSTOCK_ASSIGN_OR_RETURN(const Entry* upload, Find(uploads_, name, id));
      std::vector<ListedPart> parts;
      for (const auto& [number, bytes] : upload->parts) {
        parts.push_back({number, bytes->size(), EtagOf(*bytes), bytes->crc64()});
      }
      return parts;
    });
  }

  void ListUploads(const std::string& bucket, const std::string& prefix, const std::string&,
                   Done<ListedUploads> done) override {
    Run(std::move(done), [=, this]() -> absl::StatusOr<ListedUploads> {
      PENSTOCK_RETURN_IF_ERROR(CheckBucket(bucket));
      ListedUploads listed;  // all on one page
      for (const auto& [place, upload] : uploads_) {
        if (!place.first.starts_with(prefix)) continue;
        listed.uploads.push_back({place.first, place.second, upload.time});
      }
      return listed;
    });
  }

  void PreparePut(const ObjectName& name, const ObjectAttributes& given, const std::string& mark,
                  Bytes body, Done<std::unique_ptr<PreparedPut>> done) override {
    auto put = std::make_unique<MemoryPut>();
    put->until = env_.clock->Now() + absl::Minutes(15);
    put->send = [=, this, until = put->until](Done<ObjectStat> sent) {
      Run(std::move(sent), [=, this]() -> absl::StatusOr<ObjectStat> {
        const absl::Time now = env_.clock->Now();
        PENSTOCK_RETURN_IF_ERROR(CheckBucket(name.bucket));
        if (now >= until) return Error(kPermissionDenied, kReasonDenied, "the attempt is too old");
        return StatOf(objects_[{name.key, ""}] = {given, mark, now, body});
      });
    };
    strand_.Post([done = std::move(done), put = std::move(put)]() mutable {
      std::move(done)(std::move(put));
    });
  }

  void Stat(const ObjectName& name, Done<ObjectStat> done) override {
    Run(std::move(done), [=, this]() -> absl::StatusOr<ObjectStat> {
      PENSTOCK_ASSIGN_OR_RETURN(const Entry* object, Find(objects_, name, ""));
      return StatOf(*object);
    });
  }

  void Delete(const ObjectName& name, DoneStatus done) override {
    Run(std::move(done), [=, this] {
      const absl::Status there = CheckBucket(name.bucket);
      if (there.ok()) objects_.erase({name.key, ""});
      return there;
    });
  }

  void Read(const ObjectName& name, int64_t offset, int64_t length, const std::string& etag,
            Done<ObjectBytes> done) override {
    Run(std::move(done), [=, this]() -> absl::StatusOr<ObjectBytes> {
      PENSTOCK_ASSIGN_OR_RETURN(const Entry* object, Find(objects_, name, ""));
      const ObjectStat stat = StatOf(*object);
      if (!etag.empty() && etag != stat.etag) {
        return Error(kFailedPrecondition, kReasonObjectChanged, "it is " + stat.etag + " now");
      }
      const int64_t count = std::clamp<int64_t>(stat.size - offset, 0, length);
      std::string bytes(static_cast<size_t>(count), '\0');
      if (count > 0) object->bytes->Read(offset, bytes.data(), bytes.size());
      return ObjectBytes{stat, MakeBuffer(bytes)};
    });
  }

 private:
  // Does `work`, and gives its result to `done`.
  template <typename DoneCallback, typename Work>
  void Run(DoneCallback done, const Work& work) {
    strand_.Post([done = std::move(done), work]() mutable { std::move(done)(work()); });
  }

  absl::Status CheckBucket(const std::string& bucket) const {
    if (bucket == bucket_) return absl::OkStatus();
    return Error(kNotFound, kReasonNoSuchBucket, "the bucket is \"" + bucket_ + "\"");
  }

  absl::StatusOr<Entry*> Find(Entries& entries, const ObjectName& name, const std::string& id) {
    PENSTOCK_RETURN_IF_ERROR(CheckBucket(name.bucket));
    if (const auto it = entries.find({name.key, id}); it != entries.end()) return &it->second;
    return Error(kNotFound, id.empty() ? kReasonNoSuchObject : kReasonNoSuchUpload, "no such name");
  }

  const Capabilities capabilities_ = {1, kGiB, kMostParts, kGiB, kGiB, true, false};
  const std::string bucket_;
  const RemoteRestriction restriction_;
  const BackendEnvironment env_;
  Entries objects_, uploads_;  // on the strand
  Strand strand_;
};

}  // namespace

BackendInfo MemoryBackendInfo() {
  std::vector<OptionInfo> options = RemoteRestriction::Options();
  options.push_back({"bucket", "The bucket that is there.", "memory", {"memory"}, false, false});
  const auto create = [](const OptionValues& values, const BackendEnvironment& env) {
    return std::make_unique<MemoryBackend>(values, env);
  };
  return {"memory", "One bucket in memory, for tests", options, {}, create, /*explain=*/nullptr};
}

}  // namespace penstock
