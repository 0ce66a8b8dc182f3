// Tokens and names of objects: what the checks let through can do no harm in a path, a header or a
// log. The whole input is taken for each of them in turn; its first two lines for two keys.

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "plugin/local/key_path.h"
#include "plugin/local/layout.h"
#include "plugin/object_rules.h"
#include "plugin/oss/object_headers.h"
#include "server/session/session_token.h"
#include "tests/fuzz/fuzz_util.h"

namespace penstock {
namespace {

// Every component is a file name, and none leads out of the bucket's directory.
void CheckPath(const std::string& path) {
  for (const std::string& component : std::vector<std::string>(absl::StrSplit(path, '/'))) {
    FUZZ_CHECK(!component.empty() && component.size() <= 255);
    FUZZ_CHECK(component != "." && component != "..");
    FUZZ_CHECK(std::none_of(component.begin(), component.end(), [](char c) {
      return absl::ascii_iscntrl(static_cast<unsigned char>(c));
    }));
  }
}

void CheckOneKey(const std::string& key) {
  if (!CheckKey(key).ok()) return;
  const std::string path = local::KeyToPath(key);
  CheckPath(path);
  FUZZ_CHECK(local::PathToKey(path) == key);
}

// Two keys have places of their own, and neither is in the way of the other's directories.
void CheckTwoKeys(const std::string& a, const std::string& b) {
  if (a == b || !CheckKey(a).ok() || !CheckKey(b).ok()) return;
  const std::string path = local::KeyToPath(a);
  const std::string other = local::KeyToPath(b);
  FUZZ_CHECK(path != other);
  FUZZ_CHECK(!other.starts_with(path + "/") && !path.starts_with(other + "/"));
}

void CheckFoundPath(const std::string& path) {
  const auto key = local::PathToKey(path);
  if (!key.has_value()) return;
  FUZZ_CHECK(CheckKey(*key).ok());
  FUZZ_CHECK(local::KeyToPath(*key) == path);
}

void CheckBucket(const std::string& bucket) {
  if (!CheckBucketName(bucket).ok()) return;
  FUZZ_CHECK(bucket.size() >= 3 && bucket.size() <= 63);
  FUZZ_CHECK(bucket.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
             std::string::npos);
  CheckPath(local::UploadsOf(bucket));
}

void CheckToken(const std::string& token) {
  if (!CheckSessionToken(token).ok()) return;
  FUZZ_CHECK(token.size() >= 16 && token.size() <= 128);
  FUZZ_CHECK(std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_' ||
           c == '~';
  }));
}

void CheckHeaders(const oss::Headers& headers) {
  for (const auto& [name, value] : headers) {
    FUZZ_CHECK(name.find_first_of(": \r\n") == std::string::npos);
    for (const char c : name + value) {
      FUZZ_CHECK(!absl::ascii_iscntrl(static_cast<unsigned char>(c)));
    }
  }
}

void CheckValues(const ObjectName& object, const ObjectAttributes& attributes) {
  if (!CheckAttributes(attributes, oss::ObjectOptions()).ok()) return;
  if (!oss::CheckOssRules(object, attributes).ok()) return;
  CheckHeaders(oss::InitiateHeaders(attributes, std::string(32, '0')));
  CheckHeaders(oss::PutHeaders(attributes, std::string(32, '0')));
  CheckHeaders(oss::CompleteHeaders(attributes));
}

// The input as every value that a client may choose, one at a time: a bad one would hide the rest.
void CheckEachAttribute(const std::string& text) {
  const ObjectName object{"bucket", "key"};
  for (std::string ObjectAttributes::*field :
       {&ObjectAttributes::content_type, &ObjectAttributes::cache_control,
        &ObjectAttributes::content_disposition, &ObjectAttributes::content_encoding,
        &ObjectAttributes::storage_class}) {
    ObjectAttributes attributes;
    attributes.*field = text;
    CheckValues(object, attributes);
  }
  std::string value = text;
  const std::string name = TakeLine(value);
  for (std::map<std::string, std::string> ObjectAttributes::*field :
       {&ObjectAttributes::metadata, &ObjectAttributes::tags, &ObjectAttributes::options}) {
    ObjectAttributes attributes;
    (attributes.*field)[name] = value;
    CheckValues(object, attributes);
  }
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = penstock::Text(data, size);
  penstock::CheckOneKey(text);
  penstock::CheckFoundPath(text);
  penstock::CheckBucket(text);
  penstock::CheckToken(text);
  penstock::CheckEachAttribute(text);
  std::string rest = text;
  const std::string first = penstock::TakeLine(rest);
  penstock::CheckTwoKeys(first, penstock::TakeLine(rest));
  return 0;
}
