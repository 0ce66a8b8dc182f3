#ifndef PENSTOCK_CLIENT_MODIFICATION_TIME_H_
#define PENSTOCK_CLIENT_MODIFICATION_TIME_H_

#include <optional>

#include "absl/time/time.h"
#include "penstock/v1/put.pb.h"

namespace penstock {

// The time of modification that an object carries in its metadata, under `mtime`: RFC 3339 with up
// to nine digits of a second, as Penstock's rclone backend writes it, or seconds since 1970 with
// such a fraction, as others do. nullopt when there is none, or none that can be understood.
std::optional<absl::Time> ModificationTimeOf(const v1::StoredObject& object);

}  // namespace penstock

#endif  // PENSTOCK_CLIENT_MODIFICATION_TIME_H_
