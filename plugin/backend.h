#ifndef PENSTOCK_PLUGIN_BACKEND_H_
#define PENSTOCK_PLUGIN_BACKEND_H_

// What every storage backend does. A backend stores the parts of multipart uploads and publishes
// objects; it knows nothing of sessions. The session core decides what is sent, in which order, and
// what an answer means. Around the objects that are there: plugin/object_access.h.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/buffer.h"
#include "base/object.h"
#include "plugin/answer.h"
#include "plugin/object_access.h"

namespace penstock {

// What a remote can and cannot do. Constant for its life; sizes in bytes.
struct Capabilities {
  int64_t min_part_size = 0;  // of every part but the last
  int64_t max_part_size = 0;
  int32_t max_part_count = 0;  // also the highest part number
  int64_t max_object_size = 0;
  int64_t max_put_size = 0;     // of PreparePut
  bool reports_crc64 = false;   // parts and objects come back with the backend's own CRC-64
  bool lists_complete = false;  // ListedObject::complete is true of all: List tells what Stat does
  bool forbids_overwrite_atomically =
      false;  // ObjectAttributes::forbid_overwrite is a promise; otherwise refused
};

// A part as the backend lists it.
struct ListedPart {
  int32_t number = 0;
  int64_t size = 0;
  std::string etag;
  std::optional<uint64_t> crc64;
};

// One entry of the list that CompleteUpload publishes.
struct PartReference {
  int32_t number = 0;
  std::string etag;
};

// A multipart upload as the backend lists it.
struct ListedUpload {
  std::string key;
  std::string upload_id;
  absl::Time initiate_time;
};

struct ListedUploads {
  std::vector<ListedUpload> uploads;
  std::string next_page;  // empty: there are no more
};

// One attempt to put a small object, ready to be sent. See Backend::PreparePut.
class PreparedPut {
 public:
  virtual ~PreparedPut() = default;

  // From this time on the backend refuses the request, however late it arrives.
  virtual absl::Time valid_until() const = 0;

  // Sends it, once. Answers when the object is durable and visible, with what Stat would tell of it
  // but for what the backend does not report (metadata, content type). Not repeated by the backend:
  // an unknown outcome is the caller's to ask for. Errors as CompleteUpload. The attempt may be
  // destroyed before the answer comes.
  virtual void Send(Done<ObjectStat> done) = 0;
};

// A configured remote. All methods are thread-safe and return at once; their answers come through
// the callback. Requests that may be repeated without harm are repeated by the backend itself, as
// its specification says, before it answers UNAVAILABLE. A backend must outlive its calls: its
// destructor waits for them.
class Backend : public ObjectAccess {
 public:
  virtual const Capabilities& capabilities() const = 0;

  // How often so far this remote was slowed down on purpose or told to send less. Who has parts
  // under way while it grows should have fewer of them. Stays 0 where nobody tells.
  virtual int64_t slowdowns() const { return 0; }

  // Checks, without asking anybody, that `object` can be put here with `attributes`: bucket and
  // key, what this remote's configuration allows, header values without control characters, known
  // option names. INVALID_ARGUMENT with what was expected and what came, FAILED_PRECONDITION /
  // CONDITION_UNSUPPORTED where forbid_overwrite is no promise, PERMISSION_DENIED where the
  // configuration does not allow the bucket or key.
  virtual absl::Status CheckObject(const ObjectName& object,
                                   const ObjectAttributes& attributes) const = 0;

  // Begins a multipart upload; the answer is its upload id. The object's attributes and `mark` are
  // fixed here. Existing objects of the name are not affected. Durable when it answers. A
  // repetition begins another upload. Errors: NO_SUCH_BUCKET, OBJECT_EXISTS (an early look only),
  // BACKEND_DENIED, and CONDITION_UNSUPPORTED where only the backend can tell it.
  virtual void InitiateUpload(const ObjectName& object, const ObjectAttributes& attributes,
                              const std::string& mark, Done<std::string> done) = 0;

  // Stores `body` as part `number` (1 to max_part_count), and answers its ETag once the bytes are
  // durable and the backend's checksum of them equals ours. A part of the same number is replaced.
  // Repeating it with the same bytes changes nothing. Nothing is stored of a body that breaks off.
  // Errors: NO_SUCH_UPLOAD, NO_SUCH_BUCKET, BACKEND_DENIED, BACKEND_FULL, CHECKSUM_MISMATCH.
  virtual void UploadPart(const ObjectName& object, const std::string& upload_id, int32_t number,
                          std::shared_ptr<const Buffer> body, Done<std::string> done) = 0;

  // Publishes exactly `parts`, in ascending order of number, as the object, and ends the upload;
  // other parts are dropped. Atomic: readers see the old object or the new one. Durable when it
  // answers; the answer is what Stat would tell but for metadata and content type. With
  // attributes.forbid_overwrite it fails where an object exists. REQUIRES: `parts` is not empty,
  // and every part but the last has at least min_part_size bytes. Not repeated by the backend after
  // an unknown outcome. Errors: NO_SUCH_UPLOAD (also when it had been completed before),
  // INVALID_PART (the upload stays), OBJECT_EXISTS, CONDITION_UNSUPPORTED, BACKEND_DENIED.
  virtual void CompleteUpload(const ObjectName& object, const std::string& upload_id,
                              const std::vector<PartReference>& parts,
                              const ObjectAttributes& attributes, Done<ObjectStat> done) = 0;

  // Discards a multipart upload and its parts. An upload that is not there (any more) is OK. A part
  // that is being uploaded at the same time may survive: call again later.
  virtual void AbortUpload(const ObjectName& object, const std::string& upload_id,
                           DoneStatus done) = 0;

  // Lists all parts of an upload, by number. For diagnosis, never to decide what an object is.
  // Error: NO_SUCH_UPLOAD.
  virtual void ListParts(const ObjectName& object, const std::string& upload_id,
                         Done<std::vector<ListedPart>> done) = 0;

  // Lists multipart uploads of keys that begin with `prefix`, by key and upload id, a page at a
  // time; `page` is empty or the last answer's next_page.
  virtual void ListUploads(const std::string& bucket, const std::string& prefix,
                           const std::string& page, Done<ListedUploads> done) = 0;

  // Makes one attempt to put a whole small object (at most max_put_size bytes) without a multipart
  // upload, signed now. Nothing has happened until it is sent. The caller asks its store between
  // this and Send, so that no attempt is younger than the answer it relies on. Error:
  // CONDITION_UNSUPPORTED as InitiateUpload.
  virtual void PreparePut(const ObjectName& object, const ObjectAttributes& attributes,
                          const std::string& mark, std::shared_ptr<const Buffer> body,
                          Done<std::unique_ptr<PreparedPut>> done) = 0;
};

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_BACKEND_H_
