#include "client/object_source.h"

#include <algorithm>
#include <string_view>

#include "base/status_macros.h"

namespace penstock {

std::unique_ptr<Source> MakeObjectSource(ObjectReader& reader, const ObjectRange& range) {
  const auto open_at = [&reader](int64_t offset) -> absl::StatusOr<SourceReader> {
    reader.SeekTo(offset);
    return [&reader, rest = std::string_view()](char* buffer,
                                                size_t capacity) mutable -> absl::StatusOr<size_t> {
      if (rest.empty()) {
        PENSTOCK_ASSIGN_OR_RETURN(rest, reader.Read());
      }
      const size_t count = rest.copy(buffer, capacity);
      rest.remove_prefix(count);
      return count;
    };
  };
  return MakeCallbackSource(open_at, range.length);
}

}  // namespace penstock
