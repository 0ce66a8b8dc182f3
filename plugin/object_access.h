#ifndef PENSTOCK_PLUGIN_OBJECT_ACCESS_H_
#define PENSTOCK_PLUGIN_OBJECT_ACCESS_H_

// What a backend does with objects that are there: what transfer tools need beside putting.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/buffer.h"
#include "base/object.h"
#include "plugin/answer.h"

namespace penstock {

// An object as it is, or as it was just published.
struct ObjectStat {
  int64_t size = 0;
  std::string etag;
  std::string version_id;
  std::optional<uint64_t> crc64;
  absl::Time update_time = absl::InfinitePast();
  std::string content_type;
  std::string cache_control;
  std::string content_disposition;
  std::string content_encoding;
  std::map<std::string, std::string> metadata;  // without the mark
  std::string storage_class;
  std::string mark;        // empty: the object was not put by Penstock
  std::string request_id;  // the backend's id of the request that told this
};

// Some bytes of an object, and of which.
struct ObjectBytes {
  ObjectStat stat;
  std::shared_ptr<const Buffer> bytes;  // not null
};

// Which objects to list.
struct ListQuery {
  std::string bucket;
  std::string prefix;     // only keys that begin with this
  std::string delimiter;  // "" or "/": keys that have it after the prefix are told as one prefix,
                          // which ends with it
  std::string page;       // empty, or the last answer's next_page
  int32_t limit = 1000;   // 1 to 1000: most objects and prefixes together
};

struct ListedObject {
  std::string key;
  ObjectStat stat;
  bool complete = false;  // `stat` is what Stat would tell; otherwise size, ETag, update time and
                          // storage class only
};

struct ListedObjects {
  std::vector<ListedObject> objects;  // by key, in the order of bytes
  std::vector<std::string> prefixes;  // likewise; all of them before the first key of the next page
  std::string next_page;              // empty: there are no more
};

struct ListedBucket {
  std::string name;
  absl::Time create_time = absl::InfinitePast();
  std::string region;  // empty: the backend has none
};

// What is done to whole objects, one call each. Thread-safe, asynchronous and repeated as
// plugin/backend.h says. Names were checked with Backend::CheckObject, and bucket names by the rule
// of plugin/object_rules.h. Errors of all: NO_SUCH_BUCKET, BACKEND_DENIED, BACKEND_UNAVAILABLE.
// What a backend does not have it need not override: UNIMPLEMENTED / NOT_SUPPORTED then, from
// within the call.
class ObjectAccess {
 public:
  virtual ~ObjectAccess() = default;

  // Describes the object that is there now. Reads what has been published before. Error:
  // NO_SUCH_OBJECT.
  virtual void Stat(const ObjectName& object, Done<ObjectStat> done) = 0;

  // Removes the object. One that is not there is OK.
  virtual void Delete(const ObjectName& object, DoneStatus done) = 0;

  // Reads `length` (1 to kMaxReadLength) bytes from `offset` (at least 0) on; fewer where the
  // object ends before, and none where `offset` is at its end or past it. With `etag` not empty
  // only if that is the object's: OBJECT_CHANGED otherwise. All bytes are of the object that
  // `stat`, which is complete, tells of. Nothing compares them with its CRC-64. Error:
  // NO_SUCH_OBJECT.
  virtual void Read(const ObjectName& object, int64_t offset, int64_t length,
                    const std::string& etag, Done<ObjectBytes> done);
  static constexpr int64_t kMaxReadLength = 8 * 1024 * 1024;

  // Lists objects, a page at a time. What is put or removed meanwhile may be told or not;
  // everything else is told exactly once. A page may have fewer entries than `limit`, or none, and
  // still not be the last.
  virtual void List(const ListQuery& query, Done<ListedObjects> done);

  // Removes several objects (1 to 1000) of a bucket, as Delete does. Answers with the outcome of
  // each, in the order of `keys`; an error as a whole says that any of them may be gone.
  virtual void DeleteMany(const std::string& bucket, const std::vector<std::string>& keys,
                          Done<std::vector<absl::Status>> done);

  // Makes `target` (of any allowed bucket) a copy of `source`: of its bytes, and of its attributes
  // unless `attributes` are given, which it has instead then. Atomic: readers see what was there or
  // the copy. Durable when it answers what Stat would tell of it. With `etag` not empty only if
  // that is the source's: OBJECT_CHANGED otherwise. The mark goes along: it proves nothing under
  // another name. Bytes are copied as they were when the call began or not at all, whatever their
  // number. Source and target may be the same. Errors: NO_SUCH_OBJECT, OBJECT_CHANGED (also where
  // it changes meanwhile).
  virtual void Copy(const ObjectName& source, const std::string& etag, const ObjectName& target,
                    const std::optional<ObjectAttributes>& attributes, Done<ObjectStat> done);

  // Gives the object `attributes` in place of its own: content type, the other headers and
  // metadata; storage class only where it is named. Tags, options and forbid_overwrite are not
  // looked at; tags stay. Bytes, CRC-64 and mark stay, but that a backend which has to put a large
  // object together anew for that may know no CRC-64 of it any more. `etag` as in Copy. Atomic and
  // durable likewise. Errors as Copy.
  virtual void SetAttributes(const ObjectName& object, const std::string& etag,
                             const ObjectAttributes& attributes, Done<ObjectStat> done);

  // Lists the buckets that can be seen with this remote's credentials, by name. What the remote's
  // configuration allows is for the caller to compare.
  virtual void ListBuckets(Done<std::vector<ListedBucket>> done);
};

}  // namespace penstock

#endif  // PENSTOCK_PLUGIN_OBJECT_ACCESS_H_
