#include "emulator/listing.h"

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

// The common prefix that `key` falls into; empty when it is listed by itself.
std::string CommonPrefix(const std::string& key, const ListQuery& query) {
  if (query.delimiter.empty()) return std::string();
  const size_t found = key.find(query.delimiter, query.prefix.size());
  return found == std::string::npos ? "" : key.substr(0, found + query.delimiter.size());
}

bool IsPast(const ListedName& name, const ListQuery& query) {
  if (query.key_marker.empty()) return true;
  // A common prefix as marker: everything below it has been listed. A key that is the query's own
  // prefix is none, though it ends like one.
  if (query.id_marker.empty() && name.key.starts_with(query.key_marker) &&
      CommonPrefix(query.key_marker, query) == query.key_marker) {
    return false;
  }
  return name.key > query.key_marker ||
         (name.key == query.key_marker && !query.id_marker.empty() && name.id > query.id_marker);
}

}  // namespace

Result<int64_t> ReadNumber(const Request& request, const char* name, int64_t min, int64_t max,
                           int64_t fallback) {
  const std::string text = request.QueryOr(name, "");
  if (text.empty()) return fallback;
  const auto number = ParseNumber(text, max);
  if (number && *number >= min) return *number;
  return InvalidArgument(std::string(name) + " must be an integer of " + std::to_string(min) +
                             " to " + std::to_string(max) + ".",
                         name, text);
}

ListQuery ReadListQuery(const Request& request) {
  ListQuery query;
  query.prefix = request.QueryOr("prefix", "");
  query.delimiter = request.QueryOr("delimiter", "");
  return query;
}

ListPage SelectPage(const std::vector<ListedName>& names, const ListQuery& query) {
  ListPage page;
  for (size_t i = 0; i < names.size(); ++i) {
    const ListedName& name = names[i];
    if (!name.key.starts_with(query.prefix) || !IsPast(name, query)) continue;
    const std::string common = CommonPrefix(name.key, query);
    if (!common.empty() && !page.prefixes.empty() && page.prefixes.back() == common) continue;
    if (page.count() == static_cast<size_t>(query.max_entries)) {
      page.truncated = true;
      return page;
    }
    if (common.empty()) page.entries.push_back(i);
    if (!common.empty()) page.prefixes.push_back(common);
    page.next = common.empty() ? name : ListedName{common, ""};
  }
  return page;
}

}  // namespace penstock::emulator
