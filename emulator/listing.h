#ifndef PENSTOCK_EMULATOR_LISTING_H_
#define PENSTOCK_EMULATOR_LISTING_H_

// What the lists of objects, versions and uploads have in common: prefix, delimiter, marker, pages.

#include <cstdint>
#include <string>
#include <vector>

#include "emulator/errors.h"
#include "emulator/request.h"

namespace penstock::emulator {

inline constexpr int64_t kMaxPage = 1000;

// A number in the query; `fallback` when it is absent or empty. InvalidArgument out of range.
Result<int64_t> ReadNumber(const Request& request, const char* name, int64_t min, int64_t max,
                           int64_t fallback);

struct ListQuery {
  std::string prefix = {};
  std::string delimiter = {};
  std::string key_marker = {};
  std::string id_marker = {};  // of uploads; without a key_marker it is ignored
  int64_t max_entries = kMaxPage;
};

// prefix and delimiter of the query.
ListQuery ReadListQuery(const Request& request);

// What a list may show: a key, and an id where several entries have one key.
struct ListedName {
  std::string key;
  std::string id;
};

// One page: the places in `names` that it shows by themselves, and the common prefixes. `next` is
// what it ended with, be it truncated or not; empty for an empty page.
struct ListPage {
  std::vector<size_t> entries;
  std::vector<std::string> prefixes;
  bool truncated = false;
  ListedName next;
  size_t count() const { return entries.size() + prefixes.size(); }
};

// `names` are in the order of the list. Pure.
ListPage SelectPage(const std::vector<ListedName>& names, const ListQuery& query);

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_LISTING_H_
