#ifndef PENSTOCK_BASE_OBJECT_H_
#define PENSTOCK_BASE_OBJECT_H_

#include <map>
#include <string>

namespace penstock {

// Where an object is, within a remote.
struct ObjectName {
  std::string bucket;
  std::string key;

  bool operator==(const ObjectName&) const = default;
};

// What an object carries besides its bytes; the words of ObjectSpec.
struct ObjectAttributes {
  std::string content_type;
  std::string cache_control;
  std::string content_disposition;
  std::string content_encoding;
  std::map<std::string, std::string> metadata;  // user metadata, names [a-z0-9-]
  std::map<std::string, std::string> tags;
  std::map<std::string, std::string> options;  // backend_options
  std::string storage_class;
  bool forbid_overwrite = false;

  bool operator==(const ObjectAttributes&) const = default;
};

}  // namespace penstock

#endif  // PENSTOCK_BASE_OBJECT_H_
