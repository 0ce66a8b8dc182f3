#include "tests/simulation/sim_backend.h"

#include <utility>

#include "base/checksum.h"
#include "base/error.h"

namespace penstock::simulation {
namespace {

using Code = absl::StatusCode;

absl::Status Lost() {
  return MakeError(Code::kUnavailable, kReasonUnavailable, "simulated", {},
                   absl::Milliseconds(100));
}

absl::Status NoSuchUpload() {
  return MakeError(Code::kNotFound, kReasonNoSuchUpload, "no such upload");
}

std::string EtagOf(const std::string& bytes) { return std::to_string(Crc64(bytes)); }

}  // namespace

Capabilities SimBackend::SmallCapabilities() {
  Capabilities capabilities;
  capabilities.min_part_size = 2;
  capabilities.max_part_size = 64;
  capabilities.max_part_count = 10'000;
  capabilities.max_object_size = 1 << 20;
  capabilities.max_put_size = 8;  // less than some parts have
  capabilities.reports_crc64 = true;
  capabilities.forbids_overwrite_atomically = true;
  return capabilities;
}

SimBackend::SimBackend(World& world, Capabilities capabilities)
    : world_(world), capabilities_(capabilities) {}

template <typename T>
void SimBackend::Request(std::function<absl::StatusOr<T>()> effect, Done<T> done,
                         absl::Duration least) {
  if (world_.over) return;
  auto answer = std::make_shared<Done<T>>(std::move(done));
  const auto reply = [this, answer](absl::StatusOr<T> value) {
    world_.After(world_.SomeDelay(), [answer, value = std::move(value)]() mutable {
      std::move (*answer)(std::move(value));
    });
  };
  const bool stormy = world_.stormy();
  if (stormy && world_.Chance(0.03)) {  // lost, or throttled for longer than the backend repeats
    reply(Lost());
    return;
  }
  if (stormy && world_.Chance(0.05)) {
    world_.After(world_.SomeDelay() * 4, [effect] { (void)effect(); });
    reply(Lost());
    return;
  }
  world_.After(least + world_.SomeDelay(), [effect, reply] { reply(effect()); });
}

void SimBackend::InitiateUpload(const ObjectName& object, const ObjectAttributes&,
                                const std::string& mark, Done<std::string> done) {
  Request<std::string>(
      [this, key = object.key, mark]() -> absl::StatusOr<std::string> {
        std::string id = "upload" + std::to_string(next_upload_++);
        uploads_[id] = {key, mark, {}};
        world_.Trace("initiate ", id);
        return id;
      },
      std::move(done));
}

void SimBackend::UploadPart(const ObjectName&, const std::string& upload_id, int32_t number,
                            std::shared_ptr<const Buffer> body, Done<std::string> done) {
  if (world_.over) return;
  const std::string bytes = body->ToString();
  // Rule 3, invariant I3: whoever sends it, and whether it arrives or not.
  const auto [bound, inserted] = bound_.emplace(std::make_pair(upload_id, number), bytes);
  if (!inserted && bound->second != bytes) {
    world_.Violate("part number " + std::to_string(number) + " was sent with two byte strings");
  }
  Request<std::string>(
      [this, upload_id, number, bytes]() -> absl::StatusOr<std::string> {
        if (world_.stormy() && world_.Chance(0.1)) ++slowdowns_;
        const auto upload = uploads_.find(upload_id);
        if (upload == uploads_.end()) return NoSuchUpload();
        upload->second.parts[number] = bytes;
        world_.Trace("part ", number, " of ", upload_id, ": ", bytes);
        if (world_.stormy() && world_.Chance(0.01)) {
          upload->second.parts.erase(number);
          return MakeError(Code::kDataLoss, kReasonChecksumMismatch, "damaged on the way");
        }
        return EtagOf(bytes);
      },
      std::move(done));
}

absl::StatusOr<ObjectStat> SimBackend::Complete(const std::string& upload_id,
                                                const std::vector<PartReference>& parts,
                                                bool forbid) {
  const auto upload = uploads_.find(upload_id);
  if (upload == uploads_.end()) return NoSuchUpload();
  Object object{upload->second.mark, {}};
  int32_t last = 0;
  for (const PartReference& part : parts) {
    const auto stored = upload->second.parts.find(part.number);
    const bool too_small =
        stored != upload->second.parts.end() && &part != &parts.back() &&
        static_cast<int64_t>(stored->second.size()) < capabilities_.min_part_size;
    if (part.number <= last || stored == upload->second.parts.end() || too_small ||
        EtagOf(stored->second) != part.etag) {
      return MakeError(Code::kFailedPrecondition, kReasonInvalidPart, "invalid part");
    }
    last = part.number;
    object.bytes += stored->second;
  }
  const std::string key = upload->second.key;
  absl::StatusOr<ObjectStat> stat = Publish(key, std::move(object), forbid);
  if (stat.ok()) uploads_.erase(upload_id);
  return stat;
}

absl::StatusOr<ObjectStat> SimBackend::Publish(const std::string& key, Object object, bool forbid) {
  if (forbid && objects_.contains(key)) {
    return MakeError(Code::kAlreadyExists, kReasonObjectExists, "an object exists");
  }
  world_.Trace("publish ", key, ": ", object.bytes);
  objects_[key] = std::move(object);
  if (on_published) on_published(key, objects_[key]);
  return StatOf(objects_[key]);
}

ObjectStat SimBackend::StatOf(const Object& object) const {
  ObjectStat stat;
  stat.size = static_cast<int64_t>(object.bytes.size());
  stat.crc64 = Crc64(object.bytes);
  stat.etag = EtagOf(object.bytes);
  stat.mark = object.mark;
  stat.update_time = world_.Now();
  return stat;
}

void SimBackend::CompleteUpload(const ObjectName&, const std::string& upload_id,
                                const std::vector<PartReference>& parts,
                                const ObjectAttributes& attributes, Done<ObjectStat> done) {
  const bool slow = world_.stormy() && world_.Chance(0.1);
  Request<ObjectStat>(
      [this, upload_id, parts, forbid = attributes.forbid_overwrite] {
        return Complete(upload_id, parts, forbid);
      },
      std::move(done), slow ? absl::Seconds(world_.Below(90)) : absl::ZeroDuration());
}

void SimBackend::AbortUpload(const ObjectName&, const std::string& upload_id, DoneStatus done) {
  auto answer = std::make_shared<DoneStatus>(std::move(done));
  Request<int>(
      [this, upload_id]() -> absl::StatusOr<int> {
        world_.Trace("abort ", upload_id);
        uploads_.erase(upload_id);
        return 0;
      },
      [answer](const absl::StatusOr<int>& result) { std::move (*answer)(result.status()); });
}

// Rule 2: a listing serves diagnosis only; the mutations that trust one are another build.
void SimBackend::ListParts(const ObjectName&, const std::string& upload_id,
                           Done<std::vector<ListedPart>> done) {
#ifndef PENSTOCK_MUTATIONS
  world_.Violate("a listing was asked for");
#endif
  Request<std::vector<ListedPart>>(
      [this, upload_id]() -> absl::StatusOr<std::vector<ListedPart>> {
        const auto upload = uploads_.find(upload_id);
        if (upload == uploads_.end()) return NoSuchUpload();
        std::vector<ListedPart> parts;
        for (const auto& [number, bytes] : upload->second.parts) {
          parts.push_back(
              {number, static_cast<int64_t>(bytes.size()), EtagOf(bytes), Crc64(bytes)});
        }
        return parts;
      },
      std::move(done));
}

void SimBackend::ListUploads(const std::string&, const std::string&, const std::string&,
                             Done<ListedUploads> done) {
  std::move(done)(ListedUploads{});
}

class SimBackend::Put final : public PreparedPut {
 public:
  Put(SimBackend& backend, std::string key, Object object, bool forbid)
      : backend_(backend),
        key_(std::move(key)),
        object_(std::move(object)),
        forbid_(forbid),
        valid_until_(backend.world_.Now() + absl::Minutes(15)) {}

  absl::Time valid_until() const override { return valid_until_; }

  void Send(Done<ObjectStat> done) override {
    backend_.Request<ObjectStat>(
        [&backend = backend_, key = key_, object = object_, forbid = forbid_,
         until = valid_until_]() -> absl::StatusOr<ObjectStat> {
          if (backend.world_.Now() >= until) {
            return MakeError(Code::kPermissionDenied, kReasonDenied, "the signature has expired");
          }
          return backend.Publish(key, object, forbid);
        },
        std::move(done));
  }

 private:
  SimBackend& backend_;
  const std::string key_;
  const Object object_;
  const bool forbid_;
  const absl::Time valid_until_;
};

void SimBackend::PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                            const std::string& mark, std::shared_ptr<const Buffer> body,
                            Done<std::unique_ptr<PreparedPut>> done) {
  if (world_.over) return;
  world_.After(world_.SomeDelay(),
               [this, key = object.key, content = Object{mark, body->ToString()},
                forbid = attributes.forbid_overwrite, done = std::move(done)]() mutable {
                 std::move(done)(std::make_unique<Put>(*this, key, std::move(content), forbid));
               });
}

void SimBackend::Stat(const ObjectName& object, Done<ObjectStat> done) {
  Request<ObjectStat>(
      [this, key = object.key]() -> absl::StatusOr<ObjectStat> {
        const Object* found = FindObject(key);
        if (found == nullptr) {
          return MakeError(Code::kNotFound, kReasonNoSuchObject, "no such object");
        }
        return StatOf(*found);
      },
      std::move(done));
}

void SimBackend::Delete(const ObjectName& object, DoneStatus done) {
  objects_.erase(object.key);
  std::move(done)(absl::OkStatus());
}

const SimBackend::Object* SimBackend::FindObject(const std::string& key) const {
  const auto it = objects_.find(key);
  return it == objects_.end() ? nullptr : &it->second;
}

void SimBackend::LoseUploads() { uploads_.clear(); }

void SimBackend::DamageParts() {
  for (auto& [id, upload] : uploads_) {
    for (auto& [number, bytes] : upload.parts) bytes += "?";
  }
}

void SimBackend::Remove(const std::string& key) { objects_.erase(key); }

void SimBackend::Overwrite(const std::string& key, const std::string& bytes) {
  objects_[key] = Object{"", bytes};
}

const std::string* SimBackend::FindPart(const std::string& upload_id, int32_t number) const {
  const auto upload = uploads_.find(upload_id);
  if (upload == uploads_.end()) return nullptr;
  const auto part = upload->second.parts.find(number);
  return part == upload->second.parts.end() ? nullptr : &part->second;
}

}  // namespace penstock::simulation
