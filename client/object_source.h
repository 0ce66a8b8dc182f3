#ifndef PENSTOCK_CLIENT_OBJECT_SOURCE_H_
#define PENSTOCK_CLIENT_OBJECT_SOURCE_H_

#include <memory>

#include "client/object_reader.h"
#include "client/source.h"

namespace penstock {

// An object as the source of a put: its bytes pass through this client. `reader` was opened with
// `range`, and must outlive the source; to end a Read that waits, cancel the reader.
std::unique_ptr<Source> MakeObjectSource(ObjectReader& reader, const ObjectRange& range);

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_OBJECT_SOURCE_H_
