#ifndef PENSTOCK_SERVER_OBJECTS_OBJECT_LIST_H_
#define PENSTOCK_SERVER_OBJECTS_OBJECT_LIST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "plugin/answer.h"
#include "plugin/remote.h"

namespace penstock {

// Which objects to list.
struct ObjectQuery {
  std::string remote;
  std::string bucket;
  std::string prefix;
  std::string delimiter;  // "" or "/"
  int32_t page_size = 0;  // 0: kMaxObjectPage
  std::string page_token;
  bool full = false;  // every entry is complete
};

struct ObjectPage {
  std::vector<ListedObject> objects;
  std::vector<std::string> prefixes;
  std::string next_page_token;  // empty: this was the last page
};

inline constexpr int32_t kMaxObjectPage = 1000;

// Lists a page of the objects of `remote`, which must live until the answer. Nothing outside of the
// remote's configured prefix is told: a shorter prefix stands for the allowed keys below it, so
// that with a delimiter the answer is the common prefix that leads to them, if there are any. What
// no request can name is left out: keys that are no UTF-8. A page with more bytes than a message
// should have is cut.
//
// Errors of the request itself, from within the call: BAD_BUCKET, BUCKET_NOT_ALLOWED,
// KEY_NOT_ALLOWED, BAD_PREFIX, BAD_DELIMITER, BAD_PAGE_SIZE, BAD_PAGE_TOKEN.
void ListObjects(const Remote& remote, const ObjectQuery& query, Done<ObjectPage> done);

}  // namespace penstock

#endif  // PENSTOCK_SERVER_OBJECTS_OBJECT_LIST_H_
