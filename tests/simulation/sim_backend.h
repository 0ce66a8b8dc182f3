#ifndef PENSTOCK_TESTS_SIMULATION_SIM_BACKEND_H_
#define PENSTOCK_TESTS_SIMULATION_SIM_BACKEND_H_

#include <map>
#include <optional>
#include <string>

#include "plugin/backend.h"
#include "tests/simulation/world.h"

namespace penstock::simulation {

// A backend that keeps bytes. Requests take time and overtake each other; while the world is stormy
// they may be lost, throttled or damaged, their answers may be lost, and they may have their effect
// long after the caller was told that nobody knows.
class SimBackend final : public Backend {
 public:
  // Small parts, and few bytes in a put.
  static Capabilities SmallCapabilities();

  explicit SimBackend(World& world, Capabilities capabilities = SmallCapabilities());

  const Capabilities& capabilities() const override { return capabilities_; }
  int64_t slowdowns() const override { return slowdowns_; }
  absl::Status CheckObject(const ObjectName&, const ObjectAttributes&) const override {
    return absl::OkStatus();
  }
  void InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                      const std::string& mark, Done<std::string> done) override;
  void UploadPart(const ObjectName& object, const std::string& upload_id, int32_t number,
                  std::shared_ptr<const Buffer> body, Done<std::string> done) override;
  void CompleteUpload(const ObjectName& object, const std::string& upload_id,
                      const std::vector<PartReference>& parts, const ObjectAttributes& attributes,
                      Done<ObjectStat> done) override;
  void AbortUpload(const ObjectName& object, const std::string& upload_id,
                   DoneStatus done) override;
  void ListParts(const ObjectName&, const std::string&,
                 Done<std::vector<ListedPart>> done) override;
  void ListUploads(const std::string&, const std::string&, const std::string&,
                   Done<ListedUploads> done) override;
  void PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                  const std::string& mark, std::shared_ptr<const Buffer> body,
                  Done<std::unique_ptr<PreparedPut>> done) override;
  void Stat(const ObjectName& object, Done<ObjectStat> done) override;
  void Delete(const ObjectName& object, DoneStatus done) override;

  struct Object {
    std::string mark;
    std::string bytes;
  };

  // What is there, for the checks. Null: nothing.
  const Object* FindObject(const std::string& key) const;
  // The bytes of a stored part; null when it is not there.
  const std::string* FindPart(const std::string& upload_id, int32_t number) const;
  bool HasUpload(const std::string& upload_id) const { return uploads_.contains(upload_id); }

  // What others do to the bucket: a lifecycle rule discards every upload, somebody overwrites a
  // part, puts another object in the place of ours, or deletes it.
  void LoseUploads();
  void DamageParts();
  void Overwrite(const std::string& key, const std::string& bytes);
  void Remove(const std::string& key);

  // A listener for every publication.
  std::function<void(const std::string& key, const Object&)> on_published;

 private:
  class Put;
  struct Upload {
    std::string key;
    std::string mark;
    std::map<int32_t, std::string> parts;
  };

  // Runs `effect` some time, and gives its result to `done`: unless the network does otherwise.
  template <typename T>
  void Request(std::function<absl::StatusOr<T>()> effect, Done<T> done,
               absl::Duration least = absl::ZeroDuration());

  absl::StatusOr<ObjectStat> Complete(const std::string& upload_id,
                                      const std::vector<PartReference>& parts, bool forbid);
  absl::StatusOr<ObjectStat> Publish(const std::string& key, Object object, bool forbid);
  ObjectStat StatOf(const Object& object) const;

  World& world_;
  const Capabilities capabilities_;
  int next_upload_ = 1;
  int64_t slowdowns_ = 0;
  std::map<std::string, Upload> uploads_;
  std::map<std::string, Object> objects_;
  std::map<std::pair<std::string, int32_t>, std::string> bound_;  // every byte string ever sent
};

}  // namespace penstock::simulation

#endif  // PENSTOCK_TESTS_SIMULATION_SIM_BACKEND_H_
